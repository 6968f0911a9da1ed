"""Public price lists → cost tables: every price exact, and everything that is not taken is told."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from ratecard_compiler import CompiledCard, compile_card
from ratecard_compiler.price_lists import CostTables, cost_tables_yaml, read_price_list

LISTS = Path(__file__).parents[2] / "fixtures" / "price_lists"
CSV = (LISTS / "llm_prices.csv").read_text(encoding="utf-8")
JSON = (LISTS / "litellm_prices.json").read_text(encoding="utf-8")
PUBLIC_LIST = Path(__file__).parents[3] / "shared" / "data" / "llm_list_prices.csv"

CARD = """rate_card: with-margins
currency: USD
constants: {margin: "1.20"}
meters:
  input: {event_type: llm.request, aggregation: sum, quantity: input_tokens, unit: token}
  output: {event_type: llm.request, aggregation: sum, quantity: output_tokens, unit: token}
products:
  input:
    meter: input
    dimensions: {model: model}
    price: {model: per_unit, unit_amount: "input_cost_per_token[model] * margin"}
  output:
    meter: output
    dimensions: {model: model}
    price: {model: per_unit, unit_amount: "output_cost_per_token[model] * margin"}
"""


def _card(tables: CostTables) -> CompiledCard:
    return compile_card(CARD + cost_tables_yaml(tables, "list.csv"))


def test_models_of_a_provider_or_mode_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"no model has the provider 'nope'; use one of `acme`"):
        read_price_list(CSV, provider="nope")
    with pytest.raises(ValueError, match=r"no model has the mode 'chatt'; did you mean `chat`\?"):
        read_price_list(CSV, mode="chatt")


def test_a_cost_that_no_price_can_be_is_told() -> None:
    text = "model,input_cost_per_token,output_cost_per_token\na,4e-16,1e-15\n"
    tables = read_price_list(text)
    assert tables.costs["input_cost_per_token"] == {"a": Decimal("4e-16")}
    assert _told(tables, taken=True) == {
        "input_cost_per_token is below 0.000000000000001, the least that a price can be": ("a",)
    }


def _told(tables: CostTables, *, taken: bool) -> dict[str, tuple[str, ...]]:
    return {remark.fact: remark.models for remark in tables.remarks if remark.taken == taken}


def test_a_csv_with_margins_put_on() -> None:
    prices = {
        (row.product, *row.dimensions): str(row.price.unit_amount)
        for row in _card(read_price_list(CSV)).prices
    }
    assert prices == {
        ("input", "acme/deep-1"): "0.0000036",  # 0.000003 × 1.20
        ("input", "acme/swift-1"): "6E-7",  # 0.0000005 × 1.20
        ("input", "acme/twice"): "0.0000012",
        ("input", "other/embed"): "2.4E-8",
        ("input", "other/no-output"): "0.0000012",
        # 0.0000011428571428571428 × 1.20 = 0.00000137142857142857136, rounded half-even to 15 decimals
        ("input", 'say "hi", größe 7'): "0.000001371428571",
        ("output", "acme/deep-1"): "0.000018",
        ("output", "acme/swift-1"): "0.0000018",
        ("output", "other/embed"): "0",
        ("output", 'say "hi", größe 7'): "1.8E-7",
    }


def test_what_a_csv_does_not_say_is_told() -> None:
    tables = read_price_list(CSV)
    assert _told(tables, taken=False) == {
        'the name "*", which would price every other model': ("*",),
        "input_cost_per_token is not a number": ("other/broken",),
        "no output_cost_per_token": ("other/no-output",),
        "output_cost_per_token is below 0": ("other/broken",),
        "listed again with another output_cost_per_token": ("acme/twice",),
    }
    assert _told(tables, taken=True) == {
        "listed again with the same input_cost_per_token": ("acme/twice",),
        "output_cost_per_token is 0": ("other/embed",),
        "special characters in the name, which stands in quotes": ('say "hi", größe 7',),
    }
    assert tables.others == {"cache_read_input_token_cost": 1}


def test_the_numbers_of_json_are_read_digit_by_digit() -> None:
    tables = read_price_list(JSON)
    text = cost_tables_yaml(tables, "litellm.json")
    for line in (
        '"acme/swift-1": "0.0000005"',
        '"acme/swift-1": "0.0000015"',
        '"acme/deep-1": "0.000003"',
        '"acme/deep-1": "0.000015"',
        '"other/embed": "0.00000002"',
        '"other/exact": "0.00000010000000000000000000000001"',
        '"other/exact": "0.30000000000000004"',
    ):
        assert text.count(f"      {line}\n") == 1
    assert len(_card(tables).prices) == 5 + 4


def test_what_a_json_list_does_not_say_is_told() -> None:
    tables = read_price_list(JSON)
    assert _told(tables, taken=False) == {
        "LiteLLM's description of its fields": ("sample_spec",),
        "output_cost_per_token stands twice in its object": ("other/odd",),
        "no input_cost_per_token": ("other/image",),
        "input_cost_per_token is not a number": ("other/odd",),
        "no output_cost_per_token": ("other/image", "other/odd"),
        "listed again with another output_cost_per_token": ("acme/twice",),
    }
    assert tables.others == {
        "cache_read_input_token_cost": 1,
        "input_cost_per_pixel": 1,
        "search_context_cost_per_query": 1,
    }


def test_other_prices_providers_and_modes() -> None:
    taken = read_price_list(JSON, ("cache_read_input_token_cost",), provider="acme").costs
    assert taken == {"cache_read_input_token_cost": {"acme/swift-1": Decimal("5e-08")}}
    assert list(read_price_list(CSV, mode="embedding").costs["input_cost_per_token"]) == ["other/embed"]


@pytest.mark.parametrize("written", ["1.5e-07", "1.50E-7", "0.00000015", "15e-8"])
def test_a_number_is_the_same_however_it_is_written(written: str) -> None:
    text = f'{{"m": {{"input_cost_per_token": {written}, "output_cost_per_token": 1}}}}'
    assert '"m": "0.00000015"' in cost_tables_yaml(read_price_list(text), "x")


@pytest.mark.parametrize("written", ["1e-40", "1e400", "1e999999999", "Infinity", "[1]", '"1,5"', "false"])
def test_a_number_that_no_card_can_hold_is_told(written: str) -> None:
    tables = read_price_list(f'{{"m": {{"input_cost_per_token": {written}, "output_cost_per_token": 1}}}}')
    assert tables.costs["input_cost_per_token"] == {}
    assert sum(_told(tables, taken=False).values(), ()) == ("m",)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x00", "\ufeff", "x" * 501, "\ud800"])
def test_a_name_that_no_table_can_hold_is_told(name: str) -> None:
    prices = {"input_cost_per_token": "1", "output_cost_per_token": "1"}
    tables = read_price_list(json.dumps({name: prices, "m": prices}))
    assert list(tables.costs["input_cost_per_token"]) == ["m"]
    assert len(_told(tables, taken=False)) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "no column `model`"),
        ("", "no column `model`"),
        ('{"a": ', "cannot be read as JSON"),
        (
            "model,input_cost_per_token\nm,1\n",
            "no price 'output_cost_per_token'; did you mean `input_cost_per_token`",
        ),
        ("model,input_cost_per_token,output_cost_per_token\nm,,\n", "prices no model"),
    ],
)
def test_what_is_no_price_list_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_price_list(text)


def test_a_row_of_another_length_is_told() -> None:
    text = "model,input_cost_per_token,output_cost_per_token\nm,1,2\nn,1\no,1,2,3\n"
    assert _told(read_price_list(text), taken=False) == {"another number of cells than columns": ("n", "o")}


@pytest.mark.skipif(not PUBLIC_LIST.exists(), reason="the public price list is not here")
def test_a_public_list_is_taken_whole() -> None:
    text = PUBLIC_LIST.read_text(encoding="utf-8")
    tables = read_price_list(text)
    listed = list(csv.DictReader(text.splitlines()))
    for price, costs in tables.costs.items():
        assert costs == {row["model"]: Decimal(row[price]) for row in listed if row[price]}
    assert len(_card(tables).prices) == sum(map(len, tables.costs.values())) > 7_000
