"""The price of every combination, against the oracle, and cards as large as real price lists."""

import json
from decimal import Decimal
from itertools import product as cartesian
from random import Random
from typing import Any

import pytest

from ratecard_compiler import CompiledCard, Price, RateCardErrors, compile_card
from tests.oracle.cards import read_card
from tests.strategies.cards import random_card

UNLISTED = "something else"


def _compiled_price(card: CompiledCard, product_id: str, values: tuple[str, ...]) -> Price | None:
    """What a look-up by canonical values finds: a listed value is itself, any other is "*"."""
    rows = {row.dimensions: row.price for row in card.prices if row.product == product_id}
    listed = [{row[at] for row in rows} for at in range(len(values))]
    canonical = tuple(value if value in known else "*" for value, known in zip(values, listed, strict=True))
    return rows.get(canonical)


def _numbers(price: Any) -> dict[str, Any]:
    """The numbers of a price as the oracle works them out, in the compiler's fields."""
    tiers = [
        (
            None if tier.get("up_to") is None else Decimal(tier["up_to"]),
            tier.get("unit_amount", Decimal(0)),
            tier.get("flat_amount", Decimal(0)),
        )
        for tier in price.get("tiers", ())
    ]
    return {
        "unit_amount": price.get("unit_amount", Decimal(0)),
        "package_amount": price.get("package_amount"),
        "tiers": tiers,
    }


@pytest.mark.parametrize("seed", range(40))
def test_every_combination_has_the_price_that_the_oracle_works_out(seed: int) -> None:
    document = random_card(Random(seed), zero_usage=True)
    compiled, oracle = compile_card(json.dumps(document)), read_card(document, 1)
    tables = document["tables"]
    words = {UNLISTED, "", "*"} | {key for rows in _row_keys(tables) for key in rows}
    compared = 0
    for product in oracle.products:
        names = list(product.dimensions)
        for values in cartesian(sorted(words), repeat=len(names)):
            if "*" in values:
                continue  # an event's own "*" is the caller's to keep apart from the fallback
            expected = oracle.price(product, tuple(zip(names, values, strict=True)))
            found = _compiled_price(compiled, product.product_id, values)
            assert (found is None) == (expected is None), (product.product_id, values)
            if found is not None and expected is not None:
                tiers = [(tier.up_to, tier.unit_amount, tier.flat_amount) for tier in found.tiers]
                assert {
                    "unit_amount": found.unit_amount,
                    "package_amount": found.package_amount,
                    "tiers": tiers,
                } == _numbers(expected), (product.product_id, values)
            compared += 1
    assert compared > 0


def _row_keys(tables: dict[str, Any]) -> list[list[str]]:
    found: list[list[str]] = []
    for table in tables.values():
        rows = table["rows"]
        found += [[key] for key in rows] if isinstance(rows, dict) else [row[:-1] for row in rows]
    return found


HEAD = """rate_card: large
currency: USD
constants: {margin: "1.1"}
meters:
  input: {event_type: e, aggregation: sum, quantity: input_tokens, unit: token}
  output: {event_type: e, aggregation: sum, quantity: output_tokens, unit: token}
"""


def test_four_thousand_models_of_two_products_have_eight_thousand_prices() -> None:
    rows = "".join(f'      provider/model-{n}: "0.0000{n:05d}"\n' for n in range(4000))
    tables = "".join(f"  {side}_cost:\n    keys: [model]\n    rows:\n{rows}" for side in ("input", "output"))
    products = "".join(
        f"  {side}: {{meter: {side}, dimensions: {{model: model}}, "
        f'price: {{model: per_unit, unit_amount: "{side}_cost[model] * margin"}}}}\n'
        for side in ("input", "output")
    )
    card = compile_card(f"{HEAD}tables:\n{tables}products:\n{products}")
    prices = {(row.product, row.dimensions): row.price.unit_amount for row in card.prices}
    assert len(prices) == 8000
    assert prices["output", ("provider/model-3999",)] == Decimal("0.0000043989")  # 0.000003999 × 1.1


def test_a_hundred_thousand_rows_have_as_many_prices() -> None:
    rows = "".join(
        f'      - [model-{model}, region-{region}, "0.{region}{model:05d}"]\n'
        for model in range(10_000)
        for region in range(10)
    )
    products = (
        "  input:\n    meter: input\n    dimensions: {region: region, model: model}\n"
        '    price: {model: per_unit, unit_amount: "cost[model, region] * margin"}\n'
    )
    text = f"{HEAD}tables:\n  cost:\n    keys: [model, region]\n    rows:\n{rows}products:\n{products}"
    card = compile_card(text)
    prices = {row.dimensions: row.price.unit_amount for row in card.prices}
    assert len(prices) == 100_000
    assert prices["region-7", "model-9999"] == Decimal("0.7809989")  # 0.709999 × 1.1


def test_a_long_chain_of_formulas_is_no_recursion() -> None:
    formulas = "".join(f"  f{n}: f{n - 1} + 1\n" for n in range(1, 3000))
    product = "  p: {meter: input, price: {model: per_unit, unit_amount: f2999}}"
    text = f'{HEAD}formulas:\n  f0: "0"\n{formulas}products:\n{product}\n'
    assert compile_card(text).prices[0].price.unit_amount == 2999


def test_many_ambiguous_rows_are_told_with_an_end() -> None:
    rows = "".join(f'      - [a{n}, "*", "1"]\n      - ["*", b{n}, "2"]\n' for n in range(100))
    products = (
        "  p:\n    meter: input\n    dimensions: {one: one, two: two}\n"
        '    price: {model: per_unit, unit_amount: "cost[one, two]"}\n'
    )
    text = f"{HEAD}tables:\n  cost:\n    keys: [one, two]\n    rows:\n{rows}products:\n{products}"
    with pytest.raises(RateCardErrors) as raised:
        compile_card(text)
    codes = [error.code for error in raised.value.errors]
    assert set(codes) == {"ambiguous_rows"}
    assert len(codes) == 20  # of 10,000: enough to see the pattern
