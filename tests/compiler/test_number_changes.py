"""Numbers set in a card's text: the rest of the text stays, and the prices that change are told."""

import json
from decimal import Decimal
from random import Random

import pytest

from ratecard_compiler import RateCardErrors, compile_card
from ratecard_compiler.node_names import cell_name, split_name
from ratecard_compiler.number_changes import ChangeRefused, change_numbers
from tests.strategies.cards import random_card

CARD = """# Prices of the year — reviewed
rate_card: acme-ai
currency: USD
constants: {margin: "1.30", fee: 5}     # the margin is the board's
tables:
  model_cost:
    keys: [model]
    rows:
      small: '0.50'
      "größe 7": "2"    # a comment
      'a, "b"': 3
      "*": "1"
  weight: {keys: [task, output], rows: [[summarise, short, "2"], [summarise, "*", "3"], ["a,b", c, 4]]}
formulas:
  price: model_cost[model] * margin
meters:
  tokens: {event_type: e, aggregation: sum, quantity: tokens, unit: token}
products:
  inference:
    meter: tokens
    dimensions: {model: model}
    price: {model: per_unit, unit_amount: price}
  summaries:
    meter: tokens
    dimensions: {task: task, output: output}
    price:
      model: graduated
      tiers: [{up_to: "5", unit_amount: "weight[task, output]"}, {up_to: null, unit_amount: fee}]
"""


def test_a_constant_changes_every_price_that_depends_on_it() -> None:
    done = change_numbers(CARD, {"margin": "1.5"})
    assert done.text == CARD.replace('"1.30"', '"1.5"')
    [number] = done.numbers
    assert (number.node, number.before, number.after) == ("margin", Decimal("1.30"), Decimal("1.5"))
    # 0.50 × 1.30 = 0.65 → 0.75; 2 × 1.30 = 2.60 → 3; 3 × 1.30 = 3.90 → 4.5; 1 × 1.30 → 1.5
    assert [(one.dimensions["model"], str(one.before), str(one.after)) for one in done.prices] == [
        ('a, "b"', "3.9", "4.5"),
        ("größe 7", "2.6", "3"),
        ("small", "0.65", "0.75"),
        ("*", "1.3", "1.5"),
    ]
    assert {(one.product, one.field, one.unit) for one in done.prices} == {
        ("inference", "unit_amount", "USD")
    }


@pytest.mark.parametrize(
    ("node", "old", "new"),
    [
        ("fee", "fee: 5}", "fee: 9.25}"),
        ("model_cost[small]", "small: '0.50'", "small: '9.25'"),
        ("model_cost[größe 7]", '"größe 7": "2"', '"größe 7": "9.25"'),
        ('model_cost["größe 7"]', '"größe 7": "2"', '"größe 7": "9.25"'),
        ('model_cost[a, "b"]', "'a, \"b\"': 3", "'a, \"b\"': 9.25"),
        ("model_cost[*]", '"*": "1"', '"*": "9.25"'),
        ("weight[summarise,short]", 'short, "2"]', 'short, "9.25"]'),
        ("weight[ summarise , * ]", '"*", "3"]', '"*", "9.25"]'),
        ('weight["a,b", c]', '"a,b", c, 4]', '"a,b", c, 9.25]'),
    ],
)
def test_a_number_is_changed_where_it_stands(node: str, old: str, new: str) -> None:
    assert CARD.count(old) == 1
    assert change_numbers(CARD, {node: "9.25"}).text == CARD.replace(old, new)


def test_tiers_are_told_one_by_one_and_several_numbers_are_set_at_once() -> None:
    done = change_numbers(CARD, {"fee": "6", "weight[summarise,*]": "3.5", "model_cost[small]": "0.50"})
    assert [
        (one.dimensions.get("output"), one.field, str(one.before), str(one.after)) for one in done.prices
    ] == [
        ("c", "tiers[2].unit_amount", "5", "6"),
        ("c", "tiers[1].unit_amount", "3", "3.5"),
        ("c", "tiers[2].unit_amount", "5", "6"),
        ("short", "tiers[2].unit_amount", "5", "6"),
        ("*", "tiers[1].unit_amount", "3", "3.5"),
        ("*", "tiers[2].unit_amount", "5", "6"),
    ]


@pytest.mark.parametrize(
    ("node", "value", "told"),
    [
        ("margn", "1", "did you mean `margin`"),
        ("model_cost", "1", "is a table; name one cell, such as model_cost[small]"),
        ("model_cost[smal]", "1", "model_cost has no row [smal]; did you mean `model_cost[small]`"),
        ("model_cost[small,x]", "1", "has no row [small,x]"),
        ("margin[x]", "1", "the card has no number 'margin[x]'"),
        ("price", "1", "price is a formula"),
        ("margin", "1e3", "margin: '1e3' is not a plain decimal"),
        ("margin", "", "margin: '' is not a plain decimal"),
        ("margin]", "1", "names no number of a card"),
    ],
)
def test_what_cannot_be_set_is_told(node: str, value: str, told: str) -> None:
    with pytest.raises(ChangeRefused) as refused:
        change_numbers(CARD, {"fee": "7", node: value})
    assert len(refused.value.reasons) == 1
    assert told in refused.value.reasons[0]


def test_a_number_under_two_names_is_refused() -> None:
    with pytest.raises(ChangeRefused, match="given twice"):
        change_numbers(CARD, {"model_cost[small]": "1", 'model_cost["small"]': "2"})


def test_nothing_to_change_is_refused() -> None:
    with pytest.raises(ChangeRefused, match=r"margin is 1.30 already"):
        change_numbers(CARD, {"margin": "1.3"})


def test_a_number_that_is_no_single_line_is_left_alone() -> None:
    text = CARD.replace("small: '0.50'", "small: >-\n        0.50")
    with pytest.raises(ChangeRefused, match="line 9, column 14 is not written on one line"):
        change_numbers(text, {"model_cost[small]": "1"})


def test_a_card_that_no_longer_compiles_is_refused_with_its_place() -> None:
    text = CARD.replace("model_cost[model] * margin", "model_cost[model] / (margin - 1)")
    with pytest.raises(RateCardErrors) as raised:
        change_numbers(text, {"margin": "1"})
    [error] = raised.value.errors
    assert (error.code, error.line) == ("division_by_zero", 15)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_do(end: str) -> None:
    text = CARD.replace("\n", end)
    assert change_numbers(text, {"model_cost[small]": "7"}).text == text.replace("'0.50'", "'7'")


@pytest.mark.parametrize("seed", range(10))
def test_any_cell_of_any_card_can_be_set(seed: int) -> None:
    """Told by the compiler: the new text compiles to what the document with that number compiles to."""
    random = Random(seed)
    document = random_card(random, zero_usage=True)
    name = random.choice(sorted(document["tables"]))
    rows = document["tables"][name]["rows"]
    row = random.choice(list(rows) if isinstance(rows, dict) else rows)
    node = cell_name(name, (row,) if isinstance(row, str) else tuple(row[:-1]))
    changed = change_numbers(json.dumps(document, indent=random.choice([None, 2])), {node: "0.0123"}).text
    if isinstance(row, str):
        rows[row] = "0.0123"
    else:
        row[-1] = "0.0123"
    assert compile_card(changed).prices == compile_card(json.dumps(document)).prices


@pytest.mark.parametrize("row", [("a",), ("a", "*"), ("a,b", "c"), ('say "x"', " y"), ("", "z")])
def test_a_name_says_which_cell(row: tuple[str, ...]) -> None:
    assert split_name(cell_name("t", row)) == ("t", row)
