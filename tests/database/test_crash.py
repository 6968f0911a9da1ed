"""Killed at any point and started again: nothing acknowledged is lost, every total is that of the stored events,
every check holds, and sending everything again changes no total.

One store goes through many deaths, each in an episode of its own (`crash_child`): a process dies, the next one opens
what it left.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import pytest

from api.cohorts import cohort_value
from sql.fail_points import POINTS, VARIABLE
from tests import oracle
from tests.database.crash_child import NOW, card, contracts

PROJECT = Path(__file__).parent.parent.parent
SEED = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Repeats of the last episode come first, in four to eight inserts, then as many of its own: the seventh is in either.
LATER = {"ingest.before_insert": 7, "ingest.after_insert": 7}

Identity = tuple[str, str]


class Deaths:
    """A store's folder, and what was acknowledged in it so far, by whatever process."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed, self.episode = folder, seed, 0
        self.acknowledged: set[Identity] = set()

    @contextmanager
    def start(self, kill_at: str | None) -> Iterator["subprocess.Popen[str]"]:
        """The next episode, in a new program: a forked engine hangs. None outlives the block."""
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        environment.pop(VARIABLE, None)
        if kill_at is not None:
            environment[VARIABLE] = kill_at
        arguments = [str(self.folder), str(self.seed), str(self.episode)]
        self.episode += 1
        with subprocess.Popen(
            [sys.executable, "-m", "tests.database.crash_child", *arguments],
            env=environment,
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            try:
                yield child
            finally:
                child.kill()

    def lines(self, child: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
        """What the child tells, each line checked as it comes; a line cut short by its death was not told."""
        assert child.stdout is not None
        for text in child.stdout:
            if text.endswith("\n"):
                line = json.loads(text)
                self.check(line)
                yield line

    def check(self, line: Mapping[str, Any]) -> None:
        """Hold one line against all that was told before."""
        if "found" in line:
            lost = self.acknowledged - {(customer, event) for customer, event in line["found"]}
            assert not lost, f"episode {self.episode}: acknowledged and lost: {sorted(lost)[:5]}"
        if "acknowledged" in line:
            self.check_answers(line)
        if "state" in line:
            check_state(line["state"], f"episode {self.episode}")

    def check_answers(self, line: Mapping[str, Any]) -> None:
        """An event that was acknowledged before is a duplicate; one that was not may have been stored all the
        same."""
        for (customer, event), answer in zip(line["acknowledged"], line["answers"], strict=True):
            identity = customer, event
            allowed = ("duplicate",) if identity in self.acknowledged else ("accepted", "duplicate")
            assert answer in allowed, f"episode {self.episode}: {identity} is {answer}"
            self.acknowledged.add(identity)

    def die_at(self, point: str) -> None:
        """Run an episode that must die at the point, the n-th time after a colon."""
        with self.start(point) as child:
            told = list(self.lines(child))
            assert child.wait(timeout=60) == -signal.SIGKILL, f"{point} was not reached: {told[-1:]}"

    def live(self) -> None:
        """Run an episode to its end."""
        with self.start(None) as child:
            told = list(self.lines(child))
            assert child.wait(timeout=60) == 0
        assert told[-1] == {"ended": True}


def check_state(state: Mapping[str, Any], where: str) -> None:
    """What the store says of exactly the events that it holds is what the oracle says of them."""
    assert state["problems"] == [], where
    assert state["offending"] == [], where
    # Each topped up once, whatever died between its record and its grant.
    assert {remaining for _, remaining in state["topped_up"]} <= {"5"}, where
    assert len({name for name, _ in state["topped_up"]}) == len(state["topped_up"]), where
    files = {f"card-{number}": text for number, text in enumerate(state["documents"])}
    # A death between customers and contracts leaves customers without.
    files["contracts"] = contracts(state["customers"], state["contracts"])
    files["events"] = "\n".join(json.dumps(stored_event(row)) for row in state["events"])
    steps: list[dict[str, Any]] = [{"publish": name} for name in files if name.startswith("card-")]
    steps += [
        {
            "activate": {
                "rate_card": "acme-ai",
                "version": str(row["version"]),
                "from": instant(row["at"]),
                "cohort": cohort_value(row["cohort"]),
            }
        }
        for row in state["activations"]
    ]
    steps += [{"contracts": "contracts"}, {"events": "events"}]
    assert oracle.differences(oracle.run_steps(steps, NOW.isoformat(), files), state["result"]) == [], where


def instant(milliseconds: str) -> str:
    return (EPOCH + timedelta(milliseconds=int(milliseconds))).isoformat()


def stored_event(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("customer_id", "event_id", "event_type", "properties")
    return {**{name: row[name] for name in names}, "event_time": instant(row["at"])}


# As many processes as there are points: minutes on a busy machine.
@pytest.mark.timeout(1800)
def test_killed_at_every_named_point_one_after_the_other(tmp_path: Path) -> None:
    assert len(POINTS) >= 10
    deaths = Deaths(tmp_path, SEED)
    for point in POINTS:
        times = LATER.get(point, 1) if deaths.episode else 3
        deaths.die_at(f"{point}:{times}")
    deaths.live()
    deaths.live()
    assert len(deaths.acknowledged) > 100 * len(POINTS)


def die_at_random_times(deaths: Deaths, random: Random, count: int) -> None:
    """Kill `count` processes, each some milliseconds after one of its lines."""
    for _ in range(count):
        after = random.randrange(10)
        with deaths.start(None) as child:
            for place, _line in enumerate(deaths.lines(child)):
                if place == after:
                    sleep(random.randrange(400) / 1000)
                    child.kill()
            assert child.wait(timeout=60) in (0, -signal.SIGKILL)
    deaths.live()
    deaths.live()


def test_killed_at_random_times(tmp_path: Path) -> None:
    die_at_random_times(Deaths(tmp_path, SEED + 1), Random(SEED), 2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10))
def test_killed_at_many_random_times(tmp_path: Path, seed: int) -> None:
    die_at_random_times(Deaths(tmp_path, seed), Random(seed), 20)


def test_the_card_of_an_episode_is_another_version() -> None:
    assert len({card(episode) for episode in range(30)}) == 30
