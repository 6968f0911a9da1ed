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

from api.cohorts import cohort_of
from api.instants import parse_instant
from api.operations.activate import put_in_force
from api.operations.gates import Passed
from api.operations.publish import publish_rate_card
from api.operations.reconcile import reconcile
from api.operations.remarks import NO_REMARK
from api.operations.rollup import roll_up
from api.reads.documents import exact_sum
from api.reads.replay import FROM_EVENTS, FROM_SUMS, Cost, Replay, Scope, replay
from api.scenarios.plan import scenario_of
from api.scenarios.run import run_steps
from api.store import Store
from ratecard_compiler.settlement import OF_EVENTS
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


def billed(store: Store, scope: Scope) -> Amounts:
    """What is billed of the usage that the scope speaks of."""
    statement = SQL("last_periods" if scope.month is None else "month")
    return {
        (row["customer_id"], row["product"]): row["amount"]
        for row in store.database.rows(statement, **bounds(scope))
        if row["amount"]
    }


def bounds(scope: Scope) -> dict[str, datetime]:
    if scope.month is None:
        return {"now": scope.now}
    return {"start": scope.month[0], "end": scope.month[1]}


def put_in_force_in(store: Store, scope: Scope, version_id: int) -> None:
    """Put a version in force in the periods of a scope, from the start of each contract's first to the end of its last,
    and whatever was in force again after them."""
    customers: dict[str, list[tuple[datetime, datetime]]] = {}
    for span in store.database.rows(
        SQL("last_spans" if scope.month is None else "month_spans"), **bounds(scope)
    ):
        customers.setdefault(span["customer_id"], []).append((span["starts_at"], span["ends_at"]))
    made = [row["active_from"] for row in store.database.rows(SQL("activation_starts"))]
    after = [
        (customer, row["version_id"], [row["valid_from"]])
        for customer, spans in customers.items()
        for _, ends_at in spans
        for row in store.database.rows(SQL("next_terms"), customer=customer, at=ends_at)
    ]
    wanted = [
        (customer, version_id, [starts_at, *(one for one in made if starts_at < one < ends_at)])
        for customer, spans in customers.items()
        for starts_at, ends_at in spans
    ]
    for customer, one, starts in (*after, *wanted):
        [version] = store.database.rows(SQL("version"), version_id=one)
        passed = Passed("acme-ai", version["version"], one, version["content_hash"])
        put_in_force(store, passed, starts, cohort_of({"customers": [customer]}), NO_REMARK, "activate")
    reconcile(store)


def candidate(random: Random, document: Mapping[str, Any]) -> dict[str, Any]:
    """The card with other numbers, and maybe with products that are metered otherwise, new or gone."""
    changed = next_version(random, dict(document))
    other = random_card(random, zero_usage=False)
    names = list(changed["products"])
    for name in random.sample(names, k=random.randint(0, 2)):
        changed["meters"][name]["filter"] = random.choice(("region = 'us-east'", "not status = 'error'"))
    for name in random.sample(names, k=random.randint(0, 2)):
        total_otherwise(random, changed["meters"][name], changed["products"][name])
    if random.random() < 0.5:
        gone = random.choice(names)
        del changed["products"][gone]
    for name in random.sample(list(other["products"]), k=random.randint(0, 2)):
        changed["meters"][f"more_{name}"] = other["meters"][name]
        changed["products"][f"more_{name}"] = {**other["products"][name], "meter": f"more_{name}"}
    changed["tags"] = {"everything": list(changed["products"]), "some": list(changed["products"])[::2]}
    return changed


def total_otherwise(random: Random, meter: dict[str, Any], product: dict[str, Any]) -> None:
    """Make something else of the same values, where the product's price allows it."""
    if meter["aggregation"] not in ("count", "unique") and not OF_EVENTS & product["price"].keys():
        meter["aggregation"] = random.choice(("sum", "max", "latest", "average", "weighted_sum"))
        product.pop("show", None)


def check_replay(engine: Engine, seed: int) -> Replay:
    """What a replay says is billed before, and once the version is in force in just those periods; one in two seeds
    asks about March."""
    random = Random(seed)
    scenario = random_scenario(seed, Size(customers=3, events=60, versions=2))
    plan = scenario_of(scenario.steps, scenario.now, scenario.files)
    with engine.store(clock=lambda: parse_instant(scenario.now)) as store:
        run_steps(plan, store)
        reconcile(store)
        if random.random() < 0.5:
            roll_up(store, worthwhile_entries=1)
        text = to_yaml(candidate(random, yaml.safe_load(scenario.files["ratecard-1.yaml"])))
        number = publish_rate_card(store, text, "card.yaml").rate_card_version
        version_id = store.database.value(SQL("version_id"), version=number)
        scope = Scope("acme-ai", store.clock(), month=MARCH if seed % 2 else None)
        found = replay(store, scope, version_id, by_customer=True)
        assert amounts(found.before) == billed(store, scope), f"seed {seed}: before"
        put_in_force_in(store, scope, version_id)
        assert amounts(found.after) == billed(store, scope), f"seed {seed}: after"
        return found


@pytest.mark.parametrize("seed", range(3))
def test_a_replay_is_what_is_billed_once_the_version_is_in_force(engine: Engine, seed: int) -> None:
    check_replay(engine, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3000, 3060))
def test_many_replays(engine: Engine, seed: int) -> None:
    check_replay(engine, seed)


def test_the_property_sees_sums_events_and_money(engine: Engine) -> None:
    """What the property compares is there: products from sums and from events, and amounts that change."""
    ways: dict[str, int] = defaultdict(int)
    random = Random(3)
    with engine.store(clock=lambda: parse_instant("2026-04-06T12:00:00Z")) as store:
        scenario = random_scenario(3, Size(events=80, versions=1, cohorts=False, overrides=False))
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
        assert ways[FROM_EVENTS] > 0
        assert ways[FROM_SUMS] > 1
        assert exact_sum(one.amount for one in found.before) > 0
        assert amounts(found.before) != amounts(found.after)
