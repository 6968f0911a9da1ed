"""Two cards compared: which prices differ, by how much, and because of which node."""

from decimal import Decimal

from ratecard_compiler import compile_card
from ratecard_compiler.card_diff import CardDiff, diff_cards

CARD = """
rate_card: case
currency: USD
constants: {margin: "1.30", unused: "1"}
tables:
  cost: {keys: [model], rows: {small: "1", large: "10"}}
  factor: {keys: [region], rows: {eu: "2", "*": "1"}}
formulas: {price: "cost[model] * margin * factor[region]"}
meters:
  tokens: {event_type: e, aggregation: sum, quantity: tokens}
products:
  inference:
    meter: tokens
    dimensions: {model: model, region: region}
    price: {model: per_unit, unit_amount: price}
  tiered:
    meter: tokens
    price: {model: graduated, tiers: [{up_to: "100", unit_amount: "0.10"}, {up_to: null, unit_amount: "0.05"}]}
"""


def diff(*changes: tuple[str, str]) -> CardDiff:
    text = CARD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return diff_cards(compile_card(CARD), compile_card(text))


def lines(found: CardDiff) -> list[str]:
    """Each difference as a line."""
    return [
        f"{one.kind} {one.product} {' '.join(f'{name}={value}' for name, value in one.dimensions)} {one.field}: "
        f"{one.before} → {one.after} {one.unit} ({one.percent}) {', '.join(one.causes)}"
        for one in found.prices
    ]


def test_cards_that_say_the_same() -> None:
    assert diff(("currency: USD", "currency: USD # dollars")) == CardDiff((), ())


def test_a_cell_changes_the_prices_that_it_prices() -> None:
    found = diff(('large: "10"', 'large: "8"'))
    assert [(one.node, one.before, one.after) for one in found.nodes] == [("cost[large]", "10", "8")]
    # 10 × 1.3 × 2 = 26 → 20.8, and 13 → 10.4.
    assert lines(found) == [
        "changed inference model=large region=eu unit_amount: 26 → 20.8 USD (-20.00) cost[large]",
        "changed inference model=large region=* unit_amount: 13 → 10.4 USD (-20.00) cost[large]",
    ]


def test_a_row_adds_prices_and_a_row_less_removes_them() -> None:
    found = diff(('large: "10"', 'huge: "100"'))
    # 100 × 1.3 × 2 and × 1; what a price is, and in which unit, needs no line of its own.
    assert lines(found) == [
        "added inference model=huge region=eu unit_amount: None → 260 USD (None) cost[huge]",
        "added inference model=huge region=* unit_amount: None → 130 USD (None) cost[huge]",
        "removed inference model=large region=eu unit_amount: 26 → None USD (None) cost[large]",
        "removed inference model=large region=* unit_amount: 13 → None USD (None) cost[large]",
    ]
    assert {(one.before_row is None, one.after_row is None) for one in found.prices} == {
        (True, False),
        (False, True),
    }


def test_what_a_row_for_any_other_covers_is_changed_by_a_row_more_or_less() -> None:
    more = diff(('eu: "2"', 'eu: "2", us: "1.5"'))
    # Before, us cost what any other region costs: 10 × 1.3 = 13, now × 1.5 = 19.5; and small ones a tenth.
    assert lines(more) == [
        "changed inference model=large region=us unit_amount: 13 → 19.5 USD (50.00) factor[us]",
        "changed inference model=small region=us unit_amount: 1.3 → 1.95 USD (50.00) factor[us]",
    ]
    assert more.prices[0].before_row == (("model", "large"), ("region", "*"))
    assert more.prices[0].after_row == more.prices[0].dimensions
    less = diff(('eu: "2", ', ""))
    assert lines(less) == [
        "changed inference model=large region=eu unit_amount: 26 → 13 USD (-50.00) factor[eu]",
        "changed inference model=small region=eu unit_amount: 2.6 → 1.3 USD (-50.00) factor[eu]",
    ]
    assert less.prices[0].after_row == (("model", "large"), ("region", "*"))
    # A row that says what the row for any other says changes no price.
    assert diff(('eu: "2"', 'eu: "2", us: "1"')).prices == ()


def test_a_combination_that_neither_card_lists_has_other_prices_too() -> None:
    before = CARD.replace('large: "10"', '"*": "10"').replace('eu: "2"', 'eu: "2", us: "3"')
    after = CARD.replace('large: "10"', '"*": "10", huge: "100"')
    found = diff_cards(compile_card(before), compile_card(after))
    told = {
        one.dimensions: (one.before, one.after, one.before_row, one.after_row)
        for one in found.prices
        if one.dimensions[0][1] == "huge"
    }
    # us is a region of the earlier card only, huge a model of the later one: 10 × 1.3 × 3 = 39 → 100 × 1.3 = 130.
    assert told == {
        (("model", "huge"), ("region", "eu")): ("26", "260", _row("*", "eu"), _row("huge", "eu")),
        (("model", "huge"), ("region", "*")): ("13", "130", _row("*", "*"), _row("huge", "*")),
        (("model", "huge"), ("region", "us")): ("39", "130", _row("*", "us"), _row("huge", "*")),
    }


def _row(model: str, region: str) -> tuple[tuple[str, str], ...]:
    return (("model", model), ("region", region))


def test_a_dimension_more_is_compared_with_what_its_values_cost() -> None:
    flat = ("dimensions: {model: model, region: region}", "dimensions: {model: model}")
    before = CARD.replace(*flat).replace(" * factor[region]", "")
    found = diff_cards(compile_card(before), compile_card(CARD))
    # Any other region costs what every region cost, so nothing is said of it.
    assert lines(found) == [
        "changed inference model=large region=eu unit_amount: 13 → 26 USD (100.00) price, products.inference",
        "changed inference model=small region=eu unit_amount: 1.3 → 2.6 USD (100.00) price, products.inference",
    ]
    assert found.prices[0].before_row == (("model", "large"),)


def test_a_name_and_what_a_unit_is_worth_are_no_causes() -> None:
    found = diff(
        ("inference:\n    meter: tokens", "inference:\n    name: Other\n    meter: tokens"),
        ('large: "10"', 'large: "8"'),
    )
    assert {one.causes for one in found.prices} == {("cost[large]",)}
    continuity = diff(
        (
            "meter: tokens\n    price: {model: gr",
            "meter: tokens\n    tier_continuity: restart\n    price: {model: gr",
        )
    )
    assert lines(continuity) == [
        "changed tiered  tier_continuity: carry → restart  (None) products.tiered",
    ]


def test_a_more_specific_row_is_the_cause() -> None:
    found = diff(('eu: "2"', 'eu: "2", us: "1.5"'))
    assert {one.causes for one in found.prices} == {("factor[us]",)}


def test_a_formula_and_a_constant_are_causes_where_they_are_needed() -> None:
    found = diff(
        ("* margin *", "* 1.30 *"), ('margin: "1.30"', 'margin: "2"'), ('large: "10"', 'large: "20"')
    )
    assert [one.node for one in found.nodes] == ["margin", "cost[large]", "price"]
    assert {(one.dimensions[0][1], one.percent, one.causes) for one in found.prices} == {
        ("large", Decimal("100.00"), ("cost[large]", "price", "margin"))
    }
    assert diff(('unused: "1"', 'unused: "2"')).prices == ()


def test_tiers_and_models() -> None:
    found = diff(('up_to: "100"', 'up_to: "200"'), ('unit_amount: "0.05"', 'unit_amount: "0.04"'))
    assert lines(found) == [
        "changed tiered  tiers[2].unit_amount: 0.05 → 0.04 USD (-20.00) products.tiered.price",
        "changed tiered  tiers[1].up_to: 100 → 200  (100.00) products.tiered.price",
    ]
    assert {one.field for one in diff(("graduated", "volume")).prices} == {"model"}
