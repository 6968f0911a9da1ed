"""What a replay says is what reconcile then bills: random cards and usage, under versions that change prices, products
and what is metered."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import yaml

from api.instants import EARLIEST, parse_instant
from api.operations.publish import publish_rate_card
from api.operations.reconcile import reconcile
from api.operations.rollback import roll_back
from api.operations.rollup import roll_up
from api.reads.documents import exact_sum
from api.reads.replay import FROM_EVENTS, FROM_SUMS, Cost, Replay, Scope, replay
from api.scenarios.plan import scenario_of
from api.scenarios.run import run_steps
from api.store import Store
from tests.conftest import Engine
from tests.sql import statements_of
from tests.strategies import Size, random_scenario
from tests.strategies.cards import next_version, random_card
from tests.strategies.scenarios import to_yaml

SQL = statements_of("replay")
MARCH = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
Amounts = dict[tuple[str, str], Decimal]


def amounts(costs: tuple[Cost, ...]) -> Amounts:
    return {(one.customer_id, one.product): one.amount for one in costs if one.amount}


def billed(store: Store, statement: str, replayed: Replay, **parameters: Any) -> Amounts:
    """What is billed of the products that the replay speaks of."""
    rows = store.database.rows(SQL(statement), **parameters)
    return {
        (row["customer_id"], row["product"]): row["amount"]
        for row in rows
        if row["amount"]
    }


def candidate(random: Random, document: Mapping[str, Any]) -> dict[str, Any]:
    """The card with other numbers, and maybe with products that are metered otherwise, new or gone."""
    changed = next_version(random, dict(document))
    other = random_card(random, zero_usage=False)
    names = list(changed["products"])
    for name in random.sample(names, k=random.randint(0, 2)):
        changed["meters"][name]["filter"] = random.choice(("region = 'us-east'", "not status = 'error'"))
    if random.random() < 0.5:
        gone = random.choice(names)
        del changed["products"][gone]
        changed["tags"]["everything"] = list(changed["products"])
    if random.random() < 0.5:
        changed["meters"]["more"] = next(iter(other["meters"].values()))
        changed["products"]["more"] = {
            "meter": "more",
            "dimensions": {"region": "region"},
            "price": {"model": "per_unit", "unit_amount": "region_factor[region]"},
        }
    return changed


@pytest.mark.parametrize("seed", range(3))
def test_a_replay_is_what_is_billed_once_the_version_is_in_force(engine: Engine, seed: int) -> None:
    random = Random(seed)
    scenario = random_scenario(seed, Size(events=80, versions=2))
    plan = scenario_of(scenario.steps, scenario.now, scenario.files)
    with engine.store(clock=lambda: parse_instant(scenario.now)) as store:
        run_steps(plan, store)
        reconcile(store)
        if random.random() < 0.5:
            roll_up(store, worthwhile_entries=1)
        text = to_yaml(candidate(random, yaml.safe_load(scenario.files["ratecard-1.yaml"])))
        number = publish_rate_card(store, text, "card.yaml").rate_card_version
        version_id = store.database.value(SQL("version_id"), version=number)
        periods = replay(store, Scope("acme-ai", store.clock()), version_id, by_customer=True)
        month = replay(store, Scope("acme-ai", store.clock(), month=MARCH), version_id, by_customer=True)
        assert amounts(periods.before) == billed(store, "last_periods", periods, now=store.clock())
        assert amounts(month.before) == billed(store, "month", month, start=MARCH[0], end=MARCH[1])
        roll_back(store, "acme-ai", number, EARLIEST, force=True)
        assert amounts(periods.after) == billed(store, "last_periods", periods, now=store.clock()), (
            f"seed {seed}"
        )
        assert amounts(month.after) == billed(store, "month", month, start=MARCH[0], end=MARCH[1]), (
            f"seed {seed}"
        )


def test_the_property_sees_sums_events_and_money(engine: Engine) -> None:
    """What the property compares is there: products from sums and from events, and amounts that change."""
    ways: dict[str, int] = defaultdict(int)
    random = Random(3)
    with engine.store(clock=lambda: parse_instant("2026-04-06T12:00:00Z")) as store:
        scenario = random_scenario(3, Size(events=80, versions=1, cohorts=False))
        run_steps(scenario_of(scenario.steps, scenario.now, scenario.files), store)
        document = next_version(random, yaml.safe_load(scenario.files["ratecard-1.yaml"]))
        name = next(iter(document["products"]))
        document["meters"][name]["filter"] = "region = 'us-east'"
        publish_rate_card(store, to_yaml(document), "card.yaml")
        found = replay(
            store, Scope("acme-ai", store.clock()), store.database.value(SQL("version_id"), version=2)
        )
        for way in found.ways.values():
            ways[way] += 1
        assert ways[FROM_EVENTS] == 1
        assert ways[FROM_SUMS] > 1
        assert exact_sum(one.amount for one in found.before) > 0
        assert amounts(found.before) != amounts(found.after)
