"""A price down to its numbers: worked by hand, and for random cards the same as what is published."""

import json
import re
from decimal import Decimal
from random import Random

import pytest

from ratecard_compiler import compile_card
from ratecard_compiler.decimals import MAXIMUM_DIGITS
from ratecard_compiler.explanation import Explanation, explain_price
from ratecard_compiler.formula_language import evaluate
from ratecard_compiler.ir import ANY_OTHER
from ratecard_compiler.syntax import Lookup, Name, parse
from tests.strategies.cards import random_card

CARD = """rate_card: acme-ai
currency: USD
constants: {margin: "1.30", discount: "-0.5"}
tables:
  model_cost: {keys: [model], rows: {small: "0.0000005", large: "0.00001"}}
  region_factor:
    keys: [region]
    rows: {us-east: "1", "*": "1.25"}
formulas:
  token_price: model_cost[model] * margin * region_factor[region]
  third: token_price / 3
  odd: (1 - discount) * (2 - (3 - discount)) - -discount
meters:
  tokens: {event_type: e, aggregation: sum, quantity: tokens, unit: token}
products:
  inference:
    meter: tokens
    dimensions: {model: model, region: region, context: context}
    price: {model: per_unit, unit_amount: token_price}
  thirds:
    meter: tokens
    dimensions: {region: region, model: model}
    price:
      model: graduated
      tiers: [{up_to: "10", unit_amount: third}, {up_to: null, unit_amount: "third * 2", flat_amount: "0.10"}]
  odd: {meter: tokens, price: {model: per_unit, unit_amount: odd}}
"""


def _explained(product: str, **values: str) -> Explanation:
    return explain_price(CARD, product, values, "acme.yaml")


def test_a_price_is_the_product_of_its_numbers_each_with_its_place() -> None:
    found = _explained("inference", model="large", region="apac")
    [amount] = found.amounts
    # 0.00001 × 1.30 = 0.000013; × 1.25 = 0.00001625
    assert (amount.step.name, amount.step.formula) == ("unit_amount", "token_price")
    assert (amount.step.exact, amount.published) == (Decimal("0.00001625"), Decimal("0.00001625"))
    [step] = found.formulas
    assert step.formula == "model_cost[model] * margin * region_factor[region]"
    assert step.with_numbers == "0.00001 * 1.30 * 1.25"
    assert step.exact == Decimal("0.00001625")
    assert (step.place.line, step.place.column) == (10, 16)
    numbers = {
        one.node: (str(one.value), one.place.line, one.place.column, one.asked) for one in step.numbers
    }
    assert {node: shown[1:] for node, shown in numbers.items()} == {
        "model_cost[large]": (5, 65, ()),
        "region_factor[*]": (8, 31, ("apac",)),
        "margin": (3, 21, ()),
    }
    assert found.priced_as == {"model": "large", "region": "*", "context": "*"}
    assert found.dimensions == {"model": "large", "region": "apac", "context": "*"}


def test_a_third_has_fifty_digits_and_is_published_with_fifteen_decimals() -> None:
    found = _explained("thirds", model="small", region="us-east")
    # 0.0000005 × 1.30 × 1 = 0.00000065; ÷ 3 = 0.000000216666…, 50 digits of it; × 2 = 0.000000433333…
    first, second, flat = found.amounts
    exact = Decimal("0.000000" + "21" + "6" * 47 + "7")
    assert (first.step.name, first.step.exact) == ("tiers[1].unit_amount", exact)
    assert first.published == Decimal("0.000000216666667")
    assert second.step.with_numbers == f"{exact:f} * 2"
    assert second.step.exact == Decimal("0.000000" + "4" + "3" * 48 + "4")
    assert second.published == Decimal("0.000000433333333")
    assert (flat.step.name, flat.published) == ("tiers[2].flat_amount", Decimal("0.10"))
    assert [step.name for step in found.formulas] == ["third", "token_price"]
    assert found.quantities == {"tiers[1].up_to": Decimal(10)}


def test_parentheses_and_signs_are_kept() -> None:
    [step] = _explained("odd").formulas
    # (1 + 0.5) × (2 − 3.5) − 0.5 = −2.25 − 0.5
    assert step.with_numbers == "(1 - (-0.5)) * (2 - (3 - (-0.5))) - (-(-0.5))"
    assert step.exact == Decimal("-2.75")


@pytest.mark.parametrize(
    ("product", "values", "told"),
    [
        ("inferense", {}, "did you mean `inference`?"),
        ("inference", {"modle": "large", "region": "x"}, "did you mean `model`?"),
        ("inference", {"model": "large"}, "priced by region: add region=us-east"),
        ("inference", {"region": "x"}, "priced by model: add one of model=large, model=small"),
        ("inference", {"model": "huge", "region": "x"}, "no price for model=huge, region=x"),
    ],
)
def test_what_has_no_price_is_told(product: str, values: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("?", r"\?")):
        explain_price(CARD, product, values)


@pytest.mark.parametrize("seed", range(15))
def test_what_is_explained_is_what_is_published(seed: int) -> None:
    text = json.dumps(random_card(Random(seed), zero_usage=True))
    card = compile_card(text)
    names = {rule.product: [one.name for one in rule.dimensions] for rule in card.rules}
    for row in card.prices[:40]:
        values = {
            name: "something else" if value == ANY_OTHER else value
            for name, value in zip(names[row.product], row.dimensions, strict=True)
        }
        found = explain_price(text, row.product, values)
        assert found.price == row.price
        published = {amount.step.name: amount.published for amount in found.amounts}
        for at, tier in enumerate(row.price.tiers, 1):
            assert published.get(f"tiers[{at}].unit_amount", Decimal(0)) == tier.unit_amount
        if not row.price.tiers and row.price.model == "per_unit":
            assert published["unit_amount"] == row.price.unit_amount
        for step in [*(amount.step for amount in found.amounts), *found.formulas]:
            # A third has more digits than a formula may be written with.
            if all(len(number) <= MAXIMUM_DIGITS for number in re.findall(r"[0-9.]+", step.with_numbers)):
                assert evaluate(parse(step.with_numbers), _no_names) == step.exact


def _no_names(node: Name | Lookup) -> Decimal | None:
    raise AssertionError(node)
