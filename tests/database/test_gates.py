"""Gates before an activation: each passes and refuses, and what is forced is kept."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from api.cohorts import EVERYONE, cohort_of
from api.errors import Conflicting, NotFound
from api.gates import GATES, GateResult, ask_gates, candidate
from api.operations.activate import activate_version
from api.operations.change_numbers import change_card_numbers
from api.operations.contracts import apply_contracts
from api.operations.publish import publish_rate_card
from api.operations.rollback import roll_back
from api.operations.rollup import roll_up
from api.reads.rate_cards import list_activations
from api.store import Store
from tests.conftest import Engine
from tests.database.billing import JANUARY, contracts, count, event, publish, send, total
from tests.sql import statements_of

SQL = statements_of("gates")
NOW = datetime(2026, 2, 3, tzinfo=UTC)

# Calls at 0.10 (small) and 0.20 (large); revenue may move by at most 10 %.
CARD = """
rate_card: acme
currency: USD
gates: {max_change_percent: "10", coverage_days: 60}
constants: {small: "0.10"}
tables:
  cost: {keys: [model], rows: {small: "1", large: "2"}}
meters:
  calls: {event_type: call, aggregation: sum, quantity: units, unit: call}
products:
  calls: {meter: calls, dimensions: {model: model}, price: {model: per_unit, unit_amount: "cost[model] * small"}}
"""


@pytest.fixture
def january(engine: Engine) -> Iterator[Store]:
    """January under version 1: 800 small and 100 large calls, 80 + 20 = 100 USD; and 5 calls of a model without a
    price."""
    with engine.store(clock=lambda: NOW) as store:
        publish(store, CARD, JANUARY)
        apply_contracts(store, contracts(), "contracts.yaml")
        send(store, *(event(f"s{n}", 200, model="small") for n in range(4)))
        send(store, event("l1", 100, model="large"), event("odd", 5, model="huge"))
        assert total(store) == 100
        yield store


def version(store: Store, *changes: tuple[str, str]) -> int:
    """Publish the card with other texts; the number of the version."""
    text = CARD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return publish_rate_card(store, text, "card.yaml").rate_card_version


def asked(store: Store, number: int, cohort: Any = "all") -> dict[str, GateResult]:
    gates = ask_gates(candidate(store, "acme", number, cohort_of(cohort), is_asked=True))
    return {one.gate: one for one in gates}


def refused(store: Store, number: int, *gates: str, **more: Any) -> list[dict[str, Any]]:
    """An activation is refused by these gates, and nothing is activated; the reasons."""
    before = (count(store, "rate_card_activations"), count(store, "rated_usage"), total(store))
    with pytest.raises(Conflicting) as raised:
        activate_version(store, "acme", number, JANUARY, **more)
    assert raised.value.code == "gates_failed"
    assert [error["gate"] for error in raised.value.errors] == list(gates)
    assert (count(store, "rate_card_activations"), count(store, "rated_usage"), total(store)) == before
    return raised.value.errors


def test_a_version_that_passes_every_gate(january: Store) -> None:
    two = version(january, ('small: "0.10"', 'small: "0.11"'))
    results = asked(january, two)
    assert list(results) == [
        "compiles",
        "type_checks",
        "unambiguous",
        "meters_unchanged",
        "totals_stay_whole",
        "covers_usage",
        "replay",
    ]
    assert len(results) == len(GATES)
    assert [one.gate for one in results.values() if not one.passed or one.reasons] == []
    # 100.00 × 1.1: ten percent is not more than ten percent.
    assert results["replay"].found == "1 billing period: 100 → 110 USD (+10 %)"
    activate_version(january, "acme", two, JANUARY)
    assert total(january) == 110
    assert list_activations(january, "acme").items[0].forced == ()


def test_revenue_that_moves_by_more_than_the_card_allows(january: Store) -> None:
    two = version(january, ('small: "0.10"', 'small: "0.12"'))
    [reason] = refused(january, two, "replay")
    assert reason["code"] == "revenue_moves"
    assert "from 100 to 120 USD (+20 %)" in reason["fact"]
    assert reason["examples"] == ({"product": "calls", "before": "100", "after": "120"},)
    less = version(january, ('small: "0.10"', 'small: "0.089"'))
    assert "(-11 %)" in refused(january, less, "replay")[0]["fact"]
    assert asked(january, less)["replay"].products[0].way == "sums"


def test_a_forced_activation_keeps_what_refused_it(january: Store) -> None:
    two = version(january, ('small: "0.10"', 'small: "0.15"'), (', large: "2"', ""))
    refused(january, two, "covers_usage", "replay")
    activate_version(january, "acme", two, JANUARY, force=True)
    [made, first] = list_activations(january, "acme").items
    assert [(one.gate, [reason.code for reason in one.reasons]) for one in made.forced] == [
        ("covers_usage", ["unpriced_combinations"]),
        ("replay", ["revenue_moves"]),
    ]
    # 800 × 0.15; the large calls have no price.
    assert "from 100 to 120 USD (+20 %)" in made.forced[1].reasons[0].fact
    assert first.forced == ()
    assert total(january) == 120


def test_no_limit_lets_revenue_move(january: Store) -> None:
    """A version does not take the limit off and move revenue at once; a looser limit is not one that the first had."""
    unlimited = ('max_change_percent: "10", ', "")
    two = version(january, unlimited, ('small: "0.10"', 'small: "0.30"'))
    for number in (
        two,
        version(january, ('percent: "10"', 'percent: "500"'), ('small: "0.10"', 'small: "0.30"')),
    ):
        [reason] = refused(january, number, "replay")
        assert "from 100 to 300 USD (+200 %); `max_change_percent` is 10" in reason["fact"]
    activate_version(january, "acme", version(january, unlimited), JANUARY)
    assert asked(january, two)["replay"].found == "1 billing period: 100 → 300 USD (+200 %)"
    activate_version(january, "acme", two, JANUARY)
    assert total(january) == 300


def test_a_product_that_is_used_is_not_dropped(january: Store) -> None:
    two = version(
        january, ("products:\n  calls:", "products:\n  requests:"), ('percent: "10"', 'percent: "100"')
    )
    reason = refused(january, two, "covers_usage")[0]
    # Each combination of the product that is gone, and of the new one what it has no price for.
    assert [(one["product"], one["dimensions"]) for one in reason["examples"]] == [
        ("calls", {"model": "small"}),
        ("calls", {"model": "large"}),
        ("requests", {"model": "huge"}),
    ]
    activate_version(january, "acme", two, JANUARY, force=True)


def test_what_cost_nothing_may_not_begin_to_cost_where_there_is_a_limit(january: Store) -> None:
    free = version(january, ('small: "0.10"', 'small: "0"'))
    activate_version(january, "acme", free, JANUARY, force=True)
    assert total(january) == 0
    assert "from nothing" in refused(january, 1, "replay")[0]["fact"]
    free_again = version(january, ('small: "0.10"', 'small: "0"'), ("coverage_days: 60", "coverage_days: 50"))
    assert asked(january, free_again)["replay"].passed


def test_a_period_without_usage_passes(engine: Engine) -> None:
    with engine.store(clock=lambda: NOW) as store:
        publish(store, CARD, JANUARY)
        apply_contracts(store, contracts(), "contracts.yaml")
        two = version(store, ('small: "0.10"', 'small: "9"'))
        assert asked(store, two)["replay"].found == "no usage in the last billing periods"
        # The running period is not complete, so it says nothing.
        send(store, event("s1", 200, at="2026-02-02T00:00:00Z", model="small"))
        assert asked(store, two)["replay"].found == "no usage in the last billing periods"
        activate_version(store, "acme", two, JANUARY)


def test_combinations_that_would_lose_their_price(january: Store) -> None:
    two = version(january, (', large: "2"', ', tiny: "2"'), ('small: "0.10"', 'small: "0.125"'))
    [reason] = refused(january, two, "covers_usage")
    assert reason["fact"] == (
        "1 combination was used in the last 60 days and would have no price: calls model=large (1 event)"
    )
    assert reason["examples"] == ({"product": "calls", "dimensions": {"model": "large"}, "events": 1},)
    # What was rolled up into sums is looked at there.
    roll_up(january, worthwhile_entries=1)
    assert refused(january, two, "covers_usage")[0]["examples"] == reason["examples"]
    other = version(january, ('large: "2"', '"*": "2"'))
    assert asked(january, other)["covers_usage"].passed


def test_usage_before_the_days_that_are_asked_about_is_not_covered(january: Store) -> None:
    two = version(
        january,
        (', large: "2"', ', tiny: "2"'),
        ('small: "0.10"', 'small: "0.125"'),
        ("days: 60", "days: 10"),
    )
    assert asked(january, two)["covers_usage"].passed
    three = version(
        january,
        (', large: "2"', ', tiny: "2"'),
        ('small: "0.10"', 'small: "0.125"'),
        ("days: 60", "days: 29"),
    )
    assert not asked(january, three)["covers_usage"].passed


def test_what_has_no_price_today_does_not_newly_fail(january: Store) -> None:
    """Also after it had one: version 2, in force by force, has no price for large calls."""
    two = version(january, (', large: "2"', ""))
    activate_version(january, "acme", two, NOW - timedelta(days=1), force=True)
    send(january, event("l2", 1, at="2026-02-02T12:00:00Z", model="large"))
    three = version(january, (', large: "2"', ""), ('small: "0.10"', 'small: "0.125"'))
    results = asked(january, three)
    assert results["covers_usage"].passed
    # 800 × 0.125: what is without large calls, which had cost 20.
    assert results["replay"].found == "1 billing period: 100 → 100 USD (0 %)"


def test_coverage_of_other_dimensions_is_read_from_events(january: Store) -> None:
    """Dimension values that no sum has: those of a new dimension."""
    keyed = ('{keys: [model], rows: {small: "1", large: "2"}}', '{keys: [size], rows: {s: "1"}}')
    dimension = ("{model: model}", "{size: \"if(units > 150, 's', 'xl')\"}")
    two = version(january, keyed, dimension, ("cost[model]", "cost[size]"))
    reasons = refused(january, two, "covers_usage", "replay")
    # The event that has no price today is not among them.
    assert reasons[0]["examples"] == ({"product": "calls", "dimensions": {"size": "xl"}, "events": 1},)
    assert asked(january, two)["replay"].products[0].way == "events"


def test_what_gets_a_price_is_counted_though_the_rest_comes_from_sums(january: Store) -> None:
    """5 calls of the model without a price, at 3 × 0.10."""
    two = version(january, ('large: "2"', 'large: "2", huge: "3"'))
    [product] = asked(january, two)["replay"].products
    assert (product.way, product.before, product.after) == ("sums", "100", "101.5")
    activate_version(january, "acme", two, JANUARY)
    assert total(january) == Decimal("101.5")


def test_a_time_without_a_version_is_counted_too(january: Store) -> None:
    """A second contract from December on, where no version was in force: its usage has no price yet."""
    second = contracts("2025-12-01T00:00:00Z").replace("c1", "c2").replace("k1", "k2")
    apply_contracts(january, second, "contracts.yaml")
    send(january, event("d1", 10, at="2026-01-31T23:00:00Z", model="small") | {"customer_id": "c2"})
    publish(january, CARD.replace("acme", "other"), JANUARY)
    send(january, event("d2", 10, at="2025-12-31T23:00:00Z", model="small") | {"customer_id": "c2"})
    assert asked(january, 1)["replay"].found == "2 billing periods: 101 → 101 USD (0 %)"
    # Where January is not over yet, December was the last period.
    january.clock = lambda: datetime(2026, 1, 20, tzinfo=UTC)
    assert asked(january, 1)["replay"].found == "1 billing period: 0 → 1 USD (from nothing)"


def test_a_product_that_is_new_is_rated_from_events(january: Store) -> None:
    """1 USD an event, for 6 events: one of them has no price today, and costs nothing but that."""
    more = (
        "products:",
        'products:\n  requests: {meter: requests, price: {model: per_unit, unit_amount: "1"}}',
    )
    meter = ("meters:", "meters:\n  requests: {event_type: call, aggregation: count, unit: request}")
    two = version(january, more, meter)
    found = {one.product: one for one in asked(january, two)["replay"].products}
    assert (found["requests"].way, found["requests"].before, found["requests"].after) == ("events", "0", "6")
    assert (found["calls"].before, found["calls"].after) == ("100", "100")
    activate_version(january, "acme", two, JANUARY)
    assert total(january) == 106


def test_a_product_that_goes_takes_its_revenue_with_it(january: Store) -> None:
    text = CARD.replace("  calls: {meter", "  others: {meter")
    number = publish_rate_card(january, text, "card.yaml").rate_card_version
    products = asked(january, number)["replay"].products
    assert [(one.product, one.way, one.before, one.after) for one in products] == [
        ("calls", "removed", "100", "0"),
        ("others", "events", "0", "100"),
    ]


def test_a_meter_keeps_its_meaning(january: Store) -> None:
    two = version(january, ("quantity: units", "quantity: 'units * 1'"))
    [reason] = refused(january, two, "meters_unchanged")
    assert reason["fact"] == "calls: `quantity` was 'units' and is 'units * 1'"
    assert reason["examples"][0]["before"]["quantity"] == "units"
    new = version(january, ("calls: {event_type", "called: {event_type"), ("meter: calls", "meter: called"))
    assert asked(january, new)["meters_unchanged"].passed


def test_a_rollback_stays_one_command_whatever_was_forced(january: Store) -> None:
    two = version(january, ("quantity: units", "quantity: 'units * 1'"))
    activate_version(january, "acme", two, JANUARY, force=True)
    assert roll_back(january, "acme", active_from=JANUARY).rate_card_version == 1
    assert list_activations(january, "acme").items[0].forced == ()
    # And version 2, which was in force, may come back.
    assert asked(january, two)["meters_unchanged"].passed


def test_a_rollback_passes_the_gates_too(january: Store) -> None:
    two = version(january, ('large: "2"', 'large: "2", mini: "1"'))
    activate_version(january, "acme", two, JANUARY)
    send(january, event("m1", 1, model="mini"))
    with pytest.raises(Conflicting, match="covers_usage refuses it; `--force`, or `force` in the body"):
        roll_back(january, "acme", active_from=JANUARY)
    roll_back(january, "acme", active_from=JANUARY, force=True)
    made = list_activations(january, "acme").items[0]
    assert (made.rate_card_version, [one.gate for one in made.forced]) == (1, ["covers_usage"])


def test_a_schedule_passes_the_gates_when_it_is_made(january: Store) -> None:
    two = version(january, ('small: "0.10"', 'small: "0.12"'))
    with pytest.raises(Conflicting, match="version 2 is not activated: replay refuses it"):
        activate_version(january, "acme", two, NOW + timedelta(days=30))


def test_setting_a_number_passes_the_gates(january: Store) -> None:
    with pytest.raises(Conflicting, match="version 2 is not activated"):
        change_card_numbers(january, "acme", {"small": "0.12"}, JANUARY)
    assert total(january) == 100
    done = change_card_numbers(january, "acme", {"small": "0.12"}, JANUARY, force=True)
    assert done.rate_card_version == 2
    assert total(january) == 120
    change_card_numbers(january, "acme", {"small": "0.13"}, JANUARY)
    assert total(january) == 130


def test_gates_ask_about_the_customers_of_the_cohort(january: Store) -> None:
    two = version(january, ('small: "0.10"', 'small: "0.12"'))
    assert (
        asked(january, two, {"customers": ["c2"]})["replay"].found == "no usage in the last billing periods"
    )
    assert not asked(january, two, {"customers": ["c1"]})["replay"].passed
    assert not asked(january, two, {"percent": "82"})["replay"].passed
    assert asked(january, two, {"percent": "81"})["replay"].passed
    narrow = version(january, (', large: "2"', ""))
    assert asked(january, narrow, {"where": "segment = 'x'"})["covers_usage"].passed
    since = {"contracts_starting_from": "2026-01-01T00:00:00Z"}
    assert not asked(january, narrow, since)["covers_usage"].passed


def test_a_card_that_no_longer_compiles_cannot_be_forced(january: Store) -> None:
    [stored] = january.database.rows(SQL("version"))
    january.database.insert(
        "rate_card_versions", [{**stored, "version_id": 7, "version": 7, "document": "rate_card: acme"}]
    )
    [reason] = refused(january, 7, "compiles", force=True)
    assert reason["code"] == "does_not_compile"
    assert reason["count"] > 1


def test_a_ledger_of_another_shape_cannot_be_forced(january: Store) -> None:
    january.database.command(SQL("widen_the_ledger"))
    [reason] = refused(january, 1, "type_checks", force=True)
    assert "the ledger wants ['weight UInt8']" in reason["fact"]


def test_two_prices_of_one_combination(january: Store) -> None:
    january.database.command(SQL("double_a_price"))
    [reason] = refused(january, 1, "unambiguous")
    assert "1 combination has several prices, such as calls large" in reason["fact"]


def test_meters_of_versions_from_before_they_were_kept(january: Store) -> None:
    january.database.command(SQL("forget_meters"))
    changed = version(january, ("quantity: units", "quantity: 'units * 1'"))
    assert not asked(january, changed)["meters_unchanged"].passed
    same = version(january, ('small: "0.10"', 'small: "0.105"'))
    assert asked(january, same)["meters_unchanged"].passed


def test_a_version_that_is_not_there(january: Store) -> None:
    with pytest.raises(NotFound, match="no version 9"):
        activate_version(january, "acme", 9, JANUARY, EVERYONE, force=True)


def test_reasons_are_plain_data(january: Store) -> None:
    two = version(january, ('small: "0.10"', 'small: "0.15"'), (', large: "2"', ""))
    assert json.loads(json.dumps(refused(january, two, "covers_usage", "replay")))
