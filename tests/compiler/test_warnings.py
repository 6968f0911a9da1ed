"""What compiles and deserves a look: prices that rounding moves, and prices below zero."""

from decimal import Decimal

import pytest

from ratecard_compiler import CompiledCard, RateCardErrors, compile_card
from ratecard_compiler.number_changes import change_numbers

CARD = """
rate_card: case
currency: USD
constants: {tiny: "0.0000000000000001", share: "1"}
tables:
  cost: {keys: [model], rows: {free: "0", small: "16", large: "10001"}}
meters:
  tokens: {event_type: e, aggregation: sum, quantity: tokens, unit: token}
products:
  inference:
    meter: tokens
    dimensions: {model: model}
    price: {model: per_unit, unit_amount: "cost[model] * tiny * share"}
"""
BY_THE_MILLION = (
    """* 1000000", unit_conversion: {operation: divide, factor: "1000000", rounding: none, precision: 9}"""
)


def told(card: CompiledCard) -> list[tuple[str, str]]:
    return [(one.code, one.fact) for one in card.warnings]


def test_the_price_that_rounding_moves_most_is_warned_of() -> None:
    card = compile_card(CARD)
    # 16e-16 = 1.6e-15 becomes 2e-15, a quarter more; 10001e-16 becomes 1e-12, 0.01 % less, which is no matter.
    assert told(card) == [
        (
            "price_rounded",
            "the result for model = small is 1.6e-15, and 0.000000000000002 is published (+25.00 %)",
        )
    ]
    [warning] = card.warnings
    assert (warning.line, warning.path) == (13, "products.inference.price.unit_amount")
    assert card.prices[-1].price.unit_amount == Decimal("0.000000000000002")


def test_what_rounds_to_nothing_is_refused_and_what_the_error_says_mends_it() -> None:
    text = CARD.replace('"16"', '"4"')
    with pytest.raises(RateCardErrors) as raised:
        compile_card(text)
    assert [error.code for error in raised.value.errors] == ["price_rounds_to_zero"]
    mended = compile_card(text.replace('* share"', f"* share {BY_THE_MILLION}"))
    assert told(mended) == []
    # 4e-16 a token are 4e-10 a million; of a product that costs nothing, nothing is said.
    assert {row.dimensions: row.price.unit_amount for row in mended.prices} == {
        ("free",): Decimal(0),
        ("large",): Decimal("0.0000010001"),
        ("small",): Decimal("0.0000000004"),
    }


def test_a_number_of_the_wrong_sign_is_warned_of() -> None:
    changed = change_numbers(CARD.replace("0.0000000000000001", "1"), {"share": "-1"}, "case")
    assert told(changed.card) == [("price_negative", "the result for model = large is -10001, below zero")]
    # One that is written out is meant.
    assert told(compile_card(CARD.replace('"cost[model] * tiny * share"', '"-0.5"'))) == []
