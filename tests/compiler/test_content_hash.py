"""The content hash counts what a card says, not how it is written."""

import pytest

from ratecard_compiler import compile_card

CARD = """rate_card: case
currency: USD
units: {credit: {name: Credit, value: "1"}}
constants: {margin: "1.3", other: "2"}
tables:
  cost: {keys: [model], rows: {small: "1", large: "2"}}
formulas: {price: "cost[model] * margin"}
meters:
  tokens: {event_type: e, aggregation: sum, quantity: tokens}
  calls: {event_type: e, aggregation: count}
products:
  first:
    meter: tokens
    dimensions: {model: model, region: region}
    price: {model: per_unit, unit_amount: price}
  second: {meter: calls, price: {model: graduated, tiers: [{up_to: 5, unit_amount: 1}, {unit_amount: 2}]}}
tags: {ai: [first, second]}
"""

SAME = [
    ("currency: USD", "currency: 'USD' # dollars"),
    ('{margin: "1.3", other: "2"}', "{other: 2, margin: 1.30}"),
    ('rows: {small: "1", large: "2"}', 'rows: [[large, "2"], [small, "1.0"]]'),
    ('units: {credit: {name: Credit, value: "1"}}', 'units: {credit: {value: "1.00", name: Credit}}'),
    ("quantity: tokens}", "quantity: tokens, unit: unit}"),
    ("tags: {ai: [first, second]}", "tags: {ai: [second, first, first]}\nrounding: half_up"),
    ("currency: USD", "currency: USD\ngates: {coverage_days: 30, max_change_percent: null}"),
    (
        "{meter: calls, price: {model: graduated,",
        "{name: second, meter: calls, tier_continuity: carry, price: {model: graduated,",
    ),
    ("{up_to: 5, unit_amount: 1}", "{up_to: '5.0', unit_amount: '1'}"),
    ("dimensions: {model: model, region: region}", "dimensions: [model, region]"),
]


@pytest.mark.parametrize(("written", "otherwise"), SAME)
def test_writing_it_otherwise_changes_nothing(written: str, otherwise: str) -> None:
    assert written in CARD
    assert compile_card(CARD.replace(written, otherwise)).content_hash == compile_card(CARD).content_hash


DIFFERENT = [
    ("rate_card: case", "rate_card: other"),
    ("currency: USD", "currency: EUR"),
    ("currency: USD", "currency: USD\nrounding: half_even"),
    ("currency: USD", 'currency: USD\ngates: {max_change_percent: "0"}'),
    ("currency: USD", "currency: USD\ngates: {coverage_days: 31}"),
    ('value: "1"}', 'value: "2"}'),
    ('margin: "1.3"', 'margin: "1.31"'),
    ('small: "1"', 'tiny: "1"'),
    ("cost[model] * margin", "cost[model] * other"),
    ("quantity: tokens}", "quantity: tokens * 2}"),
    ("quantity: tokens}", "quantity: tokens, filter: a = 'b'}"),
    ("{model: model, region: region}", "{region: region, model: model}"),
    (", region: region}", "}\n    show: {region: region}"),
    ("{up_to: 5,", "{up_to: 6,"),
    ("{unit_amount: 2}", "{unit_amount: 2, flat_amount: 1}"),
    ("model: graduated,", "model: volume,"),
    ("model: graduated,", "model: graduated, unit: credit,"),
    ("model: graduated,", "model: graduated, tiers_over: product,"),
    ("model: graduated,", "model: graduated, included: 1,"),
    ("model: graduated,", "model: graduated, zero_usage_first_tier_flat: charged,"),
    ("tags: {ai: [first, second]}", "tags: {ai: [first]}"),
    ("  first:", "  zeroth:"),
]


@pytest.mark.parametrize(("written", "otherwise"), DIFFERENT)
def test_saying_something_else_changes_it(written: str, otherwise: str) -> None:
    changed = CARD.replace(written, otherwise).replace(
        "[first,", "[zeroth," if "zeroth" in otherwise else "[first,"
    )
    assert changed != CARD
    assert compile_card(changed).content_hash != compile_card(CARD).content_hash


def test_the_hash_is_a_sha256_that_stays() -> None:
    assert compile_card(CARD).content_hash == EXPECTED


# Published versions are identified by it: a change of this value breaks every database.
EXPECTED = "4dad2096ef6a64538fb56f41cf147ed9333074c775036ee15f0d7206fa48a389"
