"""Random scenarios: the engine's complete result is the oracle's, whatever the order, the batches, the repeats, and
whatever the engine does in between.

The seeds are printed; RUNRATE_SEEDS=7,1000-1100 runs others.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest

from api.instants import EARLIEST, LATEST
from api.operations.reconcile import reconcile
from api.operations.rollup import roll_up
from api.operations.verify import verify
from api.scenarios.plan import scenario_of
from api.scenarios.results import complete_result
from api.scenarios.run import run_steps
from api.store import Store
from tests import oracle
from tests.conftest import Engine
from tests.sql import statements_of
from tests.strategies import (
    Scenario,
    Size,
    random_scenario,
    reordered,
    shuffled,
    split_batches,
    with_duplicates,
)

SQL = statements_of("properties")

SMALL = Size(customers=2, events=40)
LARGE = Size(customers=5, events=250, versions=4)

# What happens otherwise than in the scenario, and must not change a number.
VARIATIONS: dict[str, Callable[[Scenario, int], Scenario]] = {
    "shuffled": shuffled,
    "split": split_batches,
    "duplicates": with_duplicates,
    "reordered": reordered,
}
MERGED = ("usage_events", "rated_usage", "usage_hourly", "superseded_events")


def seeds(default: range) -> list[int]:
    """The seeds that the environment asks for, or `default`."""
    text = os.environ.get("RUNRATE_SEEDS")
    if not text:
        return list(default)
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def small_scenario(seed: int) -> Scenario:
    """A scenario for `make test`. A drawdown is the slowest thing to read: two of four seeds have grants, one of them
    with charges beside them."""
    return random_scenario(seed, replace(SMALL, grants=seed % 4 < 2))


def expected(scenario: Scenario) -> dict[str, Any]:
    return oracle.run_steps(scenario.steps, scenario.now, scenario.files)


def result_of(store: Store) -> dict[str, Any]:
    """The store's complete result without the invoices of periods that had no usage, which the oracle does not
    make."""
    result = complete_result(store)
    return result | {"invoices": [invoice for invoice in result["invoices"] if invoice["lines"]]}


def run(
    engine: Engine, scenario: Scenario, between: Callable[[Store], None] = lambda _: None
) -> Iterator[Store]:
    """Run the scenario's steps in an empty store, with `between` after each, and give the store."""
    now = datetime.fromisoformat(scenario.now)
    with engine.store(clock=lambda: now) as store:
        for step in scenario.steps:
            run_steps(scenario_of([step], scenario.now, scenario.files), store)
            between(store)
        reconcile(store)
        yield store


def assert_same(found: dict[str, Any], wanted: dict[str, Any], seed: int) -> None:
    assert oracle.differences(wanted, found) == [], f"seed {seed}"
    # The order too: of invoices, lines, rows and balances.
    assert found == wanted, f"seed {seed}"


def roll_up_now_and_then(seed: int) -> Callable[[Store], None]:
    """After about every second step, sum up whatever the ledger has gained."""
    random = Random(seed)

    def between(store: Store) -> None:
        if random.random() < 0.5:
            roll_up(store, worthwhile_entries=1)

    return between


def check_invariants(store: Store, wanted: dict[str, Any], seed: int) -> None:
    """Merging every table changes nothing, reconcile finds nothing more to do, and every check holds."""
    for table in MERGED:
        store.database.command(SQL("merge", table=table))
    first, second = reconcile(store, EARLIEST, LATEST), reconcile(store, EARLIEST, LATEST)
    assert (first.entries_appended, second.entries_appended) == (0, 0), f"seed {seed}"
    assert [check for check in verify(store) if check.offending] == [], f"seed {seed}"
    assert_same(result_of(store), wanted, seed)


@pytest.mark.parametrize("seed", seeds(range(4)))
def test_the_engine_bills_what_the_oracle_bills(engine: Engine, seed: int) -> None:
    scenario = small_scenario(seed)
    for store in run(engine, scenario):
        assert_same(result_of(store), expected(scenario), seed)


@pytest.mark.parametrize("seed", seeds(range(100, 103)))
def test_another_way_costs_the_same(engine: Engine, seed: int) -> None:
    """One variation a seed, with roll-ups in between, then merges, reconcile twice and verify."""
    scenario = small_scenario(seed)
    vary = list(VARIATIONS.values())[seed % len(VARIATIONS)]
    for store in run(engine, vary(scenario, seed), roll_up_now_and_then(seed)):
        check_invariants(store, expected(scenario), seed)


@pytest.mark.slow
@pytest.mark.parametrize("variation", ["none", *VARIATIONS])
@pytest.mark.parametrize("seed", seeds(range(1000, 1040)))
def test_every_variation_of_larger_scenarios(engine: Engine, seed: int, variation: str) -> None:
    scenario = random_scenario(seed, LARGE)
    varied = VARIATIONS[variation](scenario, seed) if variation in VARIATIONS else scenario
    for store in run(engine, varied, roll_up_now_and_then(seed)):
        check_invariants(store, expected(scenario), seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(range(2000, 2200)))
def test_many_scenarios(engine: Engine, seed: int) -> None:
    scenario = random_scenario(seed, replace(SMALL, customers=3, events=120))
    for store in run(engine, scenario):
        assert_same(result_of(store), expected(scenario), seed)
