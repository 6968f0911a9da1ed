"""New prices in stages, for cohorts that grow, and back again, while two writers send usage: every event is rated once,
by the version that the rules say."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Thread
from typing import Any

import pytest

from api.cohorts import cohort_of
from api.errors import Conflicting, NotFound
from api.instants import EARLIEST, LATEST, instant_text
from api.operations.activate import activate_version
from api.operations.contracts import apply_contracts
from api.operations.publish import publish_rate_card
from api.operations.reconcile import reconcile
from api.operations.rollback import roll_back
from api.operations.rollup import roll_up
from api.operations.verify import verify
from api.reads.rate_cards import list_activations
from api.reads.traces import explain_event
from api.scenarios.results import complete_result
from api.store import Store
from tests import oracle
from tests.conftest import Engine
from tests.database.billing import JANUARY, card, event, send, set_up, total

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CARDS = (card(), card('{model: per_unit, unit_amount: "0.20"}'))
SEGMENTS = ("pilot", "enterprise")


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, number, hour, tzinfo=UTC)


def business(random: Random, customers: int) -> str:
    """Contracts of January, some of which start inside it."""
    ids = [f"customer-{random.randrange(10**9)}" for _ in range(customers)]
    return json.dumps(
        {
            "customers": [
                {"customer_id": one, "attributes": {"segment": random.choice(SEGMENTS)}} for one in ids
            ],
            "contracts": [
                {
                    "contract_id": f"k-{one}",
                    "customer_id": one,
                    "rate_card": "acme",
                    "starts_at": instant_text(random.choice((day(1), day(1), day(9, 5)))),
                    "ends_at": None,
                    "timezone": "UTC",
                    "billing": {"interval": "month", "anchor_day": 1},
                }
                for one in ids
            ],
        }
    )


def usage(random: Random, customers: list[str], count: int) -> list[dict[str, Any]]:
    return [
        event(
            f"e{number}",
            random.randint(1, 50),
            instant_text(JANUARY + timedelta(milliseconds=random.randrange(30 * 86_400_000))),
        )
        | {"customer_id": random.choice(customers)}
        for number in range(count)
    ]


def stages(random: Random) -> Iterator[tuple[int, datetime, Any]]:
    """Version 2 for 5 %, 50 % and everyone, with two detours, from instants that rise but once."""
    yield 2, day(4, 7), {"percent": "5"}
    yield 2, day(8), {"percent": "50"}
    yield 1, day(10), {"where": "segment = 'pilot'"}
    yield 2, day(6), {"contracts_starting_from": instant_text(day(9, 5))}
    yield 2, day(15, random.randrange(24)), "all"


def write(store: Store, events: list[dict[str, Any]], size: int) -> Thread:
    """A writer on a thread of its own."""

    def run() -> None:
        for first in range(0, len(events), size):
            send(store, *events[first : first + size])

    thread = Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("seed", range(3))
def test_a_staged_rollout_and_its_rollback_rate_every_event_once(engine: Engine, seed: int) -> None:
    random = Random(seed)
    text = business(random, 12)
    customers = [one["customer_id"] for one in json.loads(text)["customers"]]
    events = usage(random, customers, 600)
    files = {"v1": CARDS[0], "v2": CARDS[1], "contracts": text}
    files["events"] = "".join(json.dumps(one) + "\n" for one in events)
    with engine.store(clock=lambda: NOW) as store:
        for one in CARDS:
            publish_rate_card(store, one, "card.yaml")
        apply_contracts(store, text, "contracts.yaml")
        activate_version(store, "acme", 1, JANUARY)
        # Both writers send a third of the events; the other thirds are one writer's each.
        writers = [write(store, events[:400], 20), write(store, events[200:], 30)]
        made: list[dict[str, Any]] = [activation(1, JANUARY, "all")]
        for version, start, cohort in stages(random):
            activate_version(store, "acme", version, start, cohort_of(cohort))
            made.append(activation(version, start, cohort))
            roll_up(store, worthwhile_entries=1)
        back = day(random.randrange(5, 20))
        roll_back(store, "acme", 1, back)
        for writer in writers:
            writer.join()
        # From `back` on it is version 1 for all, whatever came into force later.
        starts = {back} | {start for _, start, _ in stages(Random(seed)) if start > back}
        starts |= {one for one in map(instant_of, made) if one > back}
        made += [activation(1, start, "all") for start in sorted(starts)]
        reconcile(store)
        steps: list[dict[str, Any]] = [{"publish": "v1"}, {"publish": "v2"}, {"contracts": "contracts"}]
        steps += [{"activate": one} for one in made] + [{"events": "events"}]
        wanted = oracle.run_steps(steps, instant_text(NOW), files)
        found = complete_result(store)
        found["invoices"] = [invoice for invoice in found["invoices"] if invoice["lines"]]
        assert oracle.differences(wanted, found) == [], f"seed {seed}"
        assert [check for check in verify(store) if check.offending] == []
        assert reconcile(store, EARLIEST, LATEST).entries_appended == 0


def activation(version: int, start: datetime, cohort: Any) -> dict[str, Any]:
    return {"rate_card": "acme", "version": str(version), "from": instant_text(start), "cohort": cohort}


def instant_of(made: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(made["from"])


@pytest.fixture
def january(engine: Engine) -> Iterator[Store]:
    """Two versions, 0.10 and 0.20, the first in force; one unit on 5, 12 and 20 January."""
    with engine.store(clock=lambda: NOW) as store:
        set_up(store)
        publish_rate_card(store, CARDS[1], "card.yaml")
        send(store, *(event(f"e{d}", 1, f"2026-01-{d:02d}T00:00:00Z") for d in (5, 12, 20)))
        yield store


def cents(store: Store) -> int:
    return int(total(store) * 100)


def test_a_rollback_outdoes_what_came_into_force_since(january: Store) -> None:
    activate_version(january, "acme", 2, day(10), cohort_of({"customers": ["c1"]}))
    activate_version(january, "acme", 2, day(15))
    assert cents(january) == 10 + 20 + 20
    done = roll_back(january, "acme", active_from=day(11))
    assert (done.rate_card_version, done.contracts, done.entries_changed) == (1, 1, 4)
    assert cents(january) == 30
    starts = {one.activation_id: one.active_from for one in list_activations(january, "acme").items}
    assert [starts[one] for one in done.activation_ids] == [
        "2026-01-11T00:00:00Z",
        "2026-01-15T00:00:00Z",
    ]


def test_a_rollback_from_now_leaves_the_past_and_lists_the_schedule(january: Store) -> None:
    activate_version(january, "acme", 2, day(10))
    activate_version(january, "acme", 2, NOW + timedelta(days=1), cohort_of({"percent": "50"}))
    done = roll_back(january, "acme")
    assert (done.rate_card_version, done.active_from, done.entries_changed) == (1, NOW, 0)
    assert [(one.rate_card_version, one.state) for one in done.scheduled] == [(2, "scheduled")]
    assert cents(january) == 10 + 20 + 20


def test_a_rollback_from_an_instant_brings_back_what_was_in_force_before_it(january: Store) -> None:
    publish_rate_card(january, card('{model: per_unit, unit_amount: "0.30"}'), "card.yaml")
    activate_version(january, "acme", 2, day(10))
    activate_version(january, "acme", 3, day(18))
    assert cents(january) == 10 + 20 + 30
    # Version 1 was in force on the 6th: version 2 would be a step forward.
    assert roll_back(january, "acme", active_from=day(6)).rate_card_version == 1
    assert cents(january) == 30


def test_a_rollback_expects_a_version(january: Store) -> None:
    activate_version(january, "acme", 2, day(10))
    assert roll_back(january, "acme", expected=2).rate_card_version == 1
    with pytest.raises(Conflicting, match=r"version 1 of rate card 'acme' is in force since .*, not 2"):
        roll_back(january, "acme", expected=2)


def test_an_activation_says_when_another_takes_its_place(january: Store) -> None:
    activate_version(january, "acme", 2, day(15))
    done = activate_version(january, "acme", 2, day(10))
    assert (done.active_until, done.next_version) == (day(15), 2)
    states = {one.active_from: one.state for one in list_activations(january, "acme").items}
    assert states[instant_text(day(10))] == "superseded"
    assert states[instant_text(day(15))] == "in_force"
    later = activate_version(january, "acme", 1, NOW + timedelta(days=1), cohort_of({"percent": "50"}))
    assert (later.active_until, later.next_version) == (None, None)


def test_a_rollback_of_a_cohort_leaves_everyone_else(january: Store) -> None:
    activate_version(january, "acme", 2, day(10))
    roll_back(january, "acme", 1, day(10), cohort_of({"customers": ["c2"]}))
    assert cents(january) == 10 + 20 + 20
    roll_back(january, "acme", 1, day(10), cohort_of({"customers": ["c1", "c2"]}))
    assert cents(january) == 30


def test_a_rollback_goes_back_and_never_forward(january: Store) -> None:
    publish_rate_card(january, card('{model: per_unit, unit_amount: "0.30"}'), "card.yaml")
    activate_version(january, "acme", 2, day(10))
    activate_version(january, "acme", 3, day(15))
    assert roll_back(january, "acme").rate_card_version == 2
    assert roll_back(january, "acme").rate_card_version == 1
    with pytest.raises(Conflicting, match="no earlier version"):
        roll_back(january, "acme")
    assert roll_back(january, "acme", 3).rate_card_version == 3
    with pytest.raises(NotFound, match="no version 9"):
        roll_back(january, "acme", 9)


COHORTS: list[tuple[Any, bool]] = [
    ({"customers": ["c1"]}, True),
    ({"customers": ["c2", "c3"]}, False),
    ({"where": "coalesce(segment, 'none') = 'none' and not (size > 3)"}, False),
    ({"where": "coalesce(segment, 'none') = 'none'"}, True),
    ({"where": "`it's` = '{x:String} -- ;\\' or segment = 'x'"}, False),
    ({"contracts_starting_from": "2026-01-01T00:00:00Z"}, True),
    ({"contracts_starting_from": "2026-01-01T00:00:00.001Z"}, False),
    # c1 stands at 0.8162…
    ({"percent": "81"}, False),
    ({"percent": "82"}, True),
    ({"percent": "100"}, True),
]


def test_every_kind_of_cohort_survives_a_restart(engine: Engine) -> None:
    """The terms are made anew from what is stored, also where one cohort has many activations."""
    name = "cohorts_restarted"
    try:
        with engine.store(clock=lambda: NOW, database=name) as store:
            set_up(store)
            publish_rate_card(store, CARDS[1], "card.yaml")
            for number, (cohort, _) in enumerate(COHORTS, 2):
                at = day(number)
                send(store, event(f"e{number}", 1, instant_text(at)))
                activate_version(store, "acme", 2, at, cohort_of(cohort))
                activate_version(store, "acme", 1, at + timedelta(hours=1), cohort_of(cohort))
            expected = sum(20 if holds else 10 for _, holds in COHORTS)
            assert cents(store) == expected
        with engine.store(clock=lambda: NOW, database=name) as store:
            assert reconcile(store, EARLIEST, LATEST).entries_appended == 0
            assert cents(store) == expected
    finally:
        engine.drop(name)


def test_a_trace_names_the_activation_that_holds_the_contract(january: Store) -> None:
    activate_version(january, "acme", 2, day(10), cohort_of({"customers": ["c1"]}))
    activate_version(january, "acme", 2, day(11), cohort_of({"customers": ["c2"]}))
    trace = explain_event(january, "c1", "e12")
    assert trace is not None
    assert [one.active_from for one in trace.rated] == ["2026-01-10T00:00:00Z"]


def test_more_conditions_than_fit_a_plain_statement(january: Store) -> None:
    """The engine refuses statements over 256 KiB unless told otherwise."""
    names = ", ".join(f"'name-{number:03}'" for number in range(300))
    long = [cohort_of({"where": f"coalesce(name{number}, 'none') in ({names})"}) for number in range(80)]
    january.database.insert(
        "rate_card_activations",
        [
            {
                "activation_id": number,
                "rate_card": "acme",
                "version_id": 2,
                "active_from": day(10),
                "cohort": cohort.text,
                "cohort_id": number,
                "recorded_at": january.next_instant(),
            }
            for number, cohort in enumerate(long, 100)
        ],
    )
    everyone = cohort_of({"where": f"coalesce(name, 'name-007') in ({names})"})
    assert activate_version(january, "acme", 2, day(10), everyone).contracts == 1
    assert cents(january) == 10 + 20 + 20
