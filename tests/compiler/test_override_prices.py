"""Cards under contract overrides: every combination's price, against the oracle, and what is refused."""

import json
from decimal import Decimal
from itertools import product as cartesian
from random import Random
from typing import Any

import pytest

from ratecard_compiler import CompiledCard, Price, Tier, compile_card
from ratecard_compiler.override_prices import OverridesError, overridden_prices, with_overrides
from ratecard_compiler.overrides import Override, OverrideSet, override_form
from ratecard_compiler.price_finder import prices_by_product
from ratecard_compiler.rows import price_rows
from tests.oracle.cards import read_card
from tests.oracle.overrides import overridden, read_overrides
from tests.strategies.cards import random_card
from tests.strategies.instants import FIRST
from tests.strategies.overrides import VALUES, random_overrides

HALF = Override(multiplier=Decimal("0.5"))


def set_of(*said: dict[str, Any]) -> OverrideSet:
    """A set in the words of contracts, without bounds of time."""
    forms = [{"products": [], "tags": [], "dimensions": {}, **one} for one in said]
    for one in forms:
        one["tiers"] = [{"unit_amount": "0", "flat_amount": "0", **tier} for tier in one.get("tiers", [])]
        if not one["tiers"]:
            del one["tiers"]
    return OverrideSet.from_text(json.dumps({"overrides": forms}))


def card(price: dict[str, Any], rows: dict[str, str] | None = None, **product: Any) -> CompiledCard:
    """A card with one product whose price may look up `cost[model]`."""
    return compile_card(
        json.dumps(
            {
                "rate_card": "acme-ai",
                "currency": "USD",
                "units": {"credit": {"name": "Credit", "value": "1.00"}},
                "tables": {"cost": {"keys": ["model"], "rows": rows or {"small": "1", "*": "3"}}},
                "meters": {
                    "calls": {"event_type": "call", "aggregation": "sum", "quantity": "units", "unit": "call"}
                },
                "products": {
                    "calls": {
                        "name": "Calls",
                        "meter": "calls",
                        "dimensions": {"model": "model"},
                        "price": price,
                        **product,
                    }
                },
            }
        )
    )


def numbers(price: Price) -> tuple[Any, ...]:
    """What a price says, to be compared with the oracle's."""
    return (
        price.model,
        price.unit_amount,
        price.rate_percent,
        price.package_amount,
        price.flat_amount,
        price.fixed_amount_per_event,
        price.min_amount_per_event,
        price.max_amount_per_event,
        price.free_total_value,
        price.minimum_spend,
        price.maximum_spend,
        [(tier.up_to, tier.unit_amount, tier.flat_amount, tier.rate_percent) for tier in price.tiers],
        price.zero_usage_first_tier_flat,
    )


def oracle_numbers(price: Any) -> tuple[Any, ...]:
    """The same of a price of the oracle."""
    names = (
        "rate_percent",
        "package_amount",
        "flat_amount",
        "fixed_amount_per_event",
        "min_amount_per_event",
        "max_amount_per_event",
        "free_total_value",
        "minimum_spend",
        "maximum_spend",
    )
    zero = Decimal(0)
    tiers = [
        (
            None if tier.get("up_to") is None else Decimal(tier["up_to"]),
            *(tier.get(name) or zero for name in ("unit_amount", "flat_amount", "rate_percent")),
        )
        for tier in price.get("tiers") or ()
    ]
    return (
        price["model"],
        price.get("unit_amount") or zero,
        *(price.get(name) for name in names),
        tiers,
        price.get("zero_usage_first_tier_flat") == "charged",
    )


@pytest.mark.parametrize("seed", range(40))
def test_every_combination_has_the_price_that_the_oracle_works_out(seed: int) -> None:
    random = Random(seed)
    document = random_card(random, zero_usage=True)
    said = random_overrides(random, [FIRST], document)
    for one in said:
        one["from"] = one["to"] = None
    listed, known = compile_card(json.dumps(document)), read_card(document, 1)
    terms = [{key: value for key, value in one.items() if key not in ("from", "to")} for one in said]
    prices = prices_by_product(with_overrides(listed, set_of(*terms)))
    overrides = read_overrides(said)
    compared = 0
    for product in known.products:
        for values in cartesian(*(("", "something else", *VALUES[name]) for name in product.dimensions)):
            dimensions = tuple(zip(product.dimensions, values, strict=True))
            expected = known.price(product, dimensions)
            found = prices[product.product_id].find(dict(dimensions))
            assert (found is None) == (expected is None), (product.product_id, values)
            if found is not None and expected is not None:
                wanted = oracle_numbers(overridden(expected, product, dimensions, overrides))
                assert numbers(found.price) == wanted, (product.product_id, values)
                compared += 1
    assert compared


def test_the_example_of_the_documentation() -> None:
    """docs/contracts.md, "Which one counts"."""
    per_unit = {"model": "per_unit", "unit_amount": "0.50"}
    meter = {"event_type": "call", "aggregation": "count", "unit": "call"}
    inference = {"model": "per_unit", "unit_amount": "cost[model]"}
    products = {
        "inference": {
            "name": "Inference",
            "meter": "calls",
            "dimensions": {"model": "model"},
            "price": inference,
        },
        "search": {"name": "Search", "meter": "calls", "price": per_unit},
        "seats": {"name": "Seats", "meter": "calls", "price": per_unit},
    }
    listed = compile_card(
        json.dumps(
            {
                "rate_card": "acme-ai",
                "currency": "USD",
                "tables": {"cost": {"keys": ["model"], "rows": {"small": "0.00001", "large": "0.00002"}}},
                "meters": {"calls": meter},
                "products": products,
                "tags": {"ai": ["inference", "search"]},
            }
        )
    )
    overrides = set_of(
        {"multiplier": "0.95"},
        {"tags": ["ai"], "multiplier": "0.9"},
        {"products": ["inference"], "dimensions": {"model": "large"}, "unit_amount": "0.000012"},
    )
    found = {
        (row.product, *row.dimensions): row.price.unit_amount
        for row in with_overrides(listed, overrides).prices
    }
    assert found == {
        ("inference", "large"): Decimal("0.000012"),
        ("inference", "small"): Decimal("0.000009"),
        ("search",): Decimal("0.45"),
        ("seats",): Decimal("0.475"),
    }


def test_a_set_is_its_terms_in_one_form() -> None:
    first = set_of(
        {"products": ["b", "a"], "multiplier": "0.80"}, {"tiers": [{"up_to": None, "unit_amount": "1.0"}]}
    )
    again = set_of(
        {"products": ["a", "b"], "multiplier": "0.8"}, {"tiers": [{"up_to": None, "unit_amount": "1"}]}
    )
    assert first.hash == again.hash == OverrideSet.from_text(first.text).hash
    assert first.hash != OverrideSet(tuple(reversed(first.overrides))).hash
    assert override_form(HALF) == {"products": [], "tags": [], "dimensions": {}, "multiplier": "0.5"}


def test_a_value_that_the_card_does_not_list_is_split_from_the_fallback() -> None:
    listed = card({"model": "per_unit", "unit_amount": "cost[model]"})
    found = overridden_prices(
        listed, set_of({"dimensions": {"model": "custom"}, "multiplier": "0.333333333333333"[:11]})
    )
    shown = [
        (one.row.dimensions, one.row.price.unit_amount, one.list_row.dimensions, one.number) for one in found
    ]
    assert shown == [
        (("small",), Decimal(1), ("small",), 0),
        (("custom",), Decimal("0.999999999"), ("*",), 1),
        (("*",), Decimal(3), ("*",), 0),
    ]


def test_what_has_no_list_price_gets_none() -> None:
    listed = card({"model": "per_unit", "unit_amount": "cost[model]"}, rows={"small": "1"})
    found = overridden_prices(listed, set_of({"dimensions": {"model": "custom"}, "unit_amount": "2"}))
    assert [one.row.dimensions for one in found] == [("small",)]


def test_units_may_be_worth_something_else() -> None:
    listed = card({"model": "per_unit", "unit_amount": "1", "unit": "credit"})
    changed = with_overrides(listed, OverrideSet((), (("credit", Decimal("0.90")),)))
    assert [unit.value for unit in changed.units] == [Decimal("0.90")]
    assert changed.prices == listed.prices
    assert OverrideSet.from_text(OverrideSet((), (("credit", Decimal("0.90")),)).text).unit_values == (
        ("credit", Decimal("0.9")),
    )


def test_a_variant_has_rows_under_its_own_number() -> None:
    listed = card({"model": "per_unit", "unit_amount": "cost[model]"})
    rows = price_rows(with_overrides(listed, OverrideSet((HALF,))), 7)
    assert [row["price_id"] >> 32 for row in rows] == [7, 7, 7]
    assert [(row["model"], row["unit_amount"]) for row in rows[1:]] == [
        ("per_unit", Decimal("0.5")),
        ("per_unit", Decimal("1.5")),
    ]


def test_tiers_are_graduated_but_of_a_product_that_goes_by_volume() -> None:
    tiers = (Tier(None, Decimal(1), Decimal(0)),)
    for model, wanted in (("graduated", "graduated"), ("volume", "volume"), ("package", "graduated")):
        price: dict[str, Any] = {
            "model": model,
            "tiers": [{"up_to": None, "unit_amount": "2"}],
            "minimum_spend": "5",
        }
        if model == "package":
            price = {"model": model, "package_size": "10", "package_amount": "2", "minimum_spend": "5"}
        [row] = with_overrides(card(price), OverrideSet((Override(tiers=tiers),))).prices
        assert (row.price.model, row.price.tiers, row.price.minimum_spend) == (wanted, tiers, Decimal(5))


@pytest.mark.parametrize(
    ("price", "said", "code"),
    [
        ({"model": "per_unit", "unit_amount": "90000000000000"}, {"multiplier": "2"}, "number_out_of_range"),
        ({"model": "per_unit", "unit_amount": "0.000000000000001"}, {"multiplier": "0.5"}, "price_rounds_to_zero"),
        ({"model": "per_unit", "unit_amount": "1", "unit_conversion": {"operation": "multiply", "factor": "1000000"}},
         {"unit_amount": "100000000"}, "number_out_of_range"),
        ({"model": "graduated", "tiers": [{"up_to": None, "unit_amount": "1"}], "tiers_over": "product"},
         {"dimensions": {"model": "small"}, "multiplier": "0.5"}, "pooled_prices_differ"),
        ({"model": "volume", "tiers": [{"up_to": None, "unit_amount": "1"}], "tiers_over": "product"},
         {"dimensions": {"model": "small"}, "unit_amount": "0.5"}, "pooled_prices_differ"),
    ],
)  # fmt: skip
def test_overrides_that_a_price_does_not_bear(price: dict[str, Any], said: dict[str, Any], code: str) -> None:
    listed = card({**price} if price["model"] != "per_unit" else price, rows={"small": "1", "*": "1"})
    with pytest.raises(OverridesError) as refused:
        with_overrides(listed, set_of({"products": ["other"], "multiplier": "1"}, said))
    assert (refused.value.code, refused.value.number) == (code, 2)
    assert refused.value.fact
    assert refused.value.fix


def test_a_set_adds_so_many_prices_and_no_more() -> None:
    listed = card({"model": "per_unit", "unit_amount": "cost[model]"})
    named = [{"dimensions": {"model": f"m{number}"}, "multiplier": "0.5"} for number in range(1_000)]
    assert len(overridden_prices(listed, set_of(*named))) == 1_002
    wide = compile_card(
        json.dumps(
            {
                "rate_card": "acme-ai",
                "currency": "USD",
                "meters": {"calls": {"event_type": "call", "aggregation": "count", "unit": "call"}},
                "products": {
                    "calls": {
                        "name": "Calls",
                        "meter": "calls",
                        "dimensions": {"a": "a", "b": "b"},
                        "price": {"model": "per_unit", "unit_amount": "1"},
                    }
                },
            }
        )
    )
    crossed = [
        {"dimensions": {name: f"v{number}"}, "multiplier": "0.5"} for name in "ab" for number in range(400)
    ]
    with pytest.raises(OverridesError, match="more than 100,000 prices") as refused:
        overridden_prices(wide, set_of(*crossed))
    assert (refused.value.code, refused.value.number) == ("too_many_combinations", 0)
