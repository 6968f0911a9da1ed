"""What a card is made of, counted by hand; and for random cards, that what is said twice may go."""

import json
from decimal import Decimal
from random import Random
from typing import Any

from ratecard_compiler import compile_card
from ratecard_compiler.audit import CardAudit, audit_card
from ratecard_compiler.node_names import split_name
from ratecard_compiler.price_finder import prices_by_product
from ratecard_compiler.written_numbers import compile_with_numbers
from tests.strategies.cards import random_card

# 2 usage types × 3 output tiers × 3 regions × 2 models = 36 flat prices, from 2 + 3 + 3 + 2 numbers.
WHITEPAPER = """rate_card: acme-ai
currency: USD
tables:
  type_factor: {keys: [usage_type], rows: {realtime: "1", batch: "0.5"}}
  tier_factor: {keys: [output_tier], rows: {short: "1", medium: "1.5", long: "2"}}
  region_factor: {keys: [region], rows: {us: "1", eu: "1.1", asia: "1.2"}}
  model_cost: {keys: [model], rows: {small: "0.0000005", large: "0.00001"}}
formulas:
  price: model_cost[model] * type_factor[usage_type] * tier_factor[output_tier] * region_factor[region]
meters:
  tokens: {event_type: e, aggregation: sum, quantity: tokens, unit: token}
products:
  inference:
    meter: tokens
    dimensions: {usage_type: usage_type, output_tier: output_tier, region: region, model: model, team: team}
    price: {model: per_unit, unit_amount: price}
"""

CARD = """rate_card: acme-ai
currency: USD
constants: {margin: "1.3", forgotten: "2"}
tables:
  cost:
    keys: [model]
    rows: {small: "1", same: "0.50", "*": "0.5"}
  weight:
    keys: [task, output]
    rows: [[a, x, "3"], [a, y, "2"], [a, "*", "3"], [b, "*", "4"], ["*", "*", "4"]]
  stock: {keys: [thing], rows: {chair: "9"}}
  narrow: {keys: [model], rows: {small: "2", gone: "7"}}
formulas:
  used: cost[model] * margin
  unused: used + stock['chair']
meters:
  tokens: {event_type: e, aggregation: sum, quantity: tokens, unit: token}
products:
  inference: {meter: tokens, dimensions: {model: model}, price: {model: per_unit, unit_amount: used}}
  tasks:
    meter: tokens
    dimensions: {task: task, output: output}
    price:
      model: graduated
      tiers: [{up_to: "5", unit_amount: "weight[task, output]"}, {up_to: null, unit_amount: "1"}]
  small: {meter: tokens, price: {model: per_unit, unit_amount: "narrow['small']"}}
"""


def _audit(text: str) -> CardAudit:
    return audit_card(*compile_with_numbers(text, "ratecard.yaml"))


def test_a_card_replaces_the_product_of_its_dimensions() -> None:
    audit = _audit(WHITEPAPER)
    assert (audit.skus, audit.numbers) == (36, 10)
    [product] = audit.products
    assert product.values == {"usage_type": 2, "output_tier": 3, "region": 3, "model": 2}
    assert product.skus == 36
    assert (audit.unneeded, audit.said_twice) == ((), ())


def test_products_are_counted_one_by_one_and_any_other_value_is_one() -> None:
    audit = _audit(CARD)
    # model: small, same, any other; task a, b, any other × output x, y, any other; one price without dimensions.
    assert [(one.product, dict(one.values), one.skus) for one in audit.products] == [
        ("inference", {"model": 3}, 3),
        ("tasks", {"task": 3, "output": 3}, 9),
        ("small", {}, 1),
    ]
    assert audit.skus == 13
    # 2 constants, 3 + 5 + 1 + 2 cells, and the price of the second tier.
    assert audit.numbers == 14


def test_what_no_price_needs_is_told_with_its_place() -> None:
    found = {one.node: (one.place.line, one.place.column) for one in _audit(CARD).unneeded}
    assert found == {
        "forgotten": (3, 39),
        "stock": (11, 40),
        "narrow[gone]": (12, 52),
        "unused": (15, 11),
    }


def test_what_is_said_twice_is_told_with_what_says_it() -> None:
    found = [(one.node, str(one.value), one.same_as) for one in _audit(CARD).said_twice]
    assert found == [
        ("cost[same]", "0.50", "cost[*]"),
        ("weight[a,x]", "3", "weight[a,*]"),
        ("weight[b,*]", "4", "weight[*,*]"),
    ]


def _remove(document: dict[str, Any], node: str) -> None:
    name, keys = split_name(node)
    assert keys is not None
    rows = document["tables"][name]["rows"]
    if isinstance(rows, dict):
        del rows[keys[0]]
    else:
        document["tables"][name]["rows"] = [row for row in rows if tuple(row[:-1]) != keys]


def _with_few_numbers(random: Random) -> dict[str, Any]:
    """A random card whose tables hold only two numbers, so that many rows say what another one says."""
    document = random_card(random, zero_usage=False)
    for table in document["tables"].values():
        rows = table["rows"]
        if isinstance(rows, dict):
            table["rows"] = {key: random.choice("12") for key in rows}
        else:
            table["rows"] = [[*row[:-1], random.choice("12")] for row in rows]
    return document


def test_what_is_said_twice_may_go_one_at_a_time() -> None:
    """Told by the compiler: without the row, every combination of values has the price that it had."""
    removed = 0
    for seed in range(25):
        document = _with_few_numbers(Random(seed))
        text = json.dumps(document)
        prices = prices_by_product(compile_card(text))
        for one in _audit(text).said_twice:
            other = json.loads(text)
            _remove(other, one.node)
            after = prices_by_product(compile_card(json.dumps(other)))
            for product, old in prices.items():
                for combination, row in old.rows.items():
                    found = after[product].find(dict(zip(old.names, combination, strict=True)))
                    assert found is not None, (seed, one)
                    assert found.price == row.price, (seed, one)
            removed += 1
    assert removed > 50


def test_a_card_of_eleven_thousand_prices_is_audited() -> None:
    cells = [(model, region) for model in range(1000) for region in range(10)]
    rows = "".join(f'      - [m{model}, r{region}, "0.{model % 7 + 1}"]\n' for model, region in cells)
    text = f"""rate_card: large
currency: USD
tables:
  cost:
    keys: [model, region]
    rows:
      - ["*", "*", "0.1"]
{rows}meters:
  tokens: {{event_type: e, aggregation: sum, quantity: tokens}}
products:
  p:
    meter: tokens
    dimensions: [model, region]
    price: {{model: per_unit, unit_amount: "cost[model, region]"}}
"""
    audit = _audit(text)
    # 1001 models × 11 regions, any other among both; 143 models (0, 7, … 994) cost 0.1 like any other.
    assert audit.skus == 1001 * 11
    assert len(audit.said_twice) == 143 * 10
    assert audit.said_twice[0].value == Decimal("0.1")
