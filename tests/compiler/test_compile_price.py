"""One price outside a card: every model and option of SEMANTICS §5, and what is refused."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ratecard_compiler import Price, RateCardErrors, Tier, UnitConversion, compile_price
from ratecard_compiler.price_reader import AMOUNTS

SHARED_CASES = Path(__file__).parents[3] / "shared" / "conformance" / "pricing.json"
ZERO = Decimal(0)

PRICES: list[tuple[str, dict[str, Any], Price]] = [
    ("per_unit", {"unit_amount": "0.10"}, Price("per_unit", unit_amount=Decimal("0.1"))),
    ("per_unit", {"unit_amount": "-1"}, Price("per_unit", unit_amount=Decimal(-1))),
    ("per_unit", {"unit_amount": "1 / 3"}, Price("per_unit", unit_amount=Decimal("0.333333333333333"))),
    ("per_unit", {"unit_amount": 5}, Price("per_unit", unit_amount=Decimal(5))),
    ("per_unit", {"unit_amount": Decimal("1E-7")}, Price("per_unit", unit_amount=Decimal("0.0000001"))),
    (
        "graduated",
        {
            "tiers": [{"up_to": "5", "flat_amount": "100"}, {"up_to": None, "unit_amount": "0.5"}],
            "zero_usage_first_tier_flat": "charged",
        },
        Price(
            "graduated",
            tiers=(Tier(Decimal(5), ZERO, Decimal(100)), Tier(None, Decimal("0.5"), ZERO)),
            zero_usage_first_tier_flat=True,
        ),
    ),
    (
        "volume",
        {
            "tiers": [{"unit_amount": "2"}],
            "zero_usage_first_tier_flat": "not_charged",
            "maximum_spend": "9.99",
        },
        Price("volume", tiers=(Tier(None, Decimal(2), ZERO),), maximum_spend=Decimal("9.99")),
    ),
    (
        "package",
        {"package_size": "2.5", "package_amount": "5.00", "free_units": "1", "included": "3"},
        Price(
            "package",
            package_size=Decimal("2.5"),
            package_amount=Decimal(5),
            free_units=Decimal(1),
            included=Decimal(3),
        ),
    ),
    (
        "percentage",
        {
            "rate_percent": "2.99",
            "fixed_amount_per_event": "0",
            "free_events": "3",
            "free_total_value": "250",
            "min_amount_per_event": "1.75",
            "max_amount_per_event": "12",
        },
        Price(
            "percentage",
            rate_percent=Decimal("2.99"),
            fixed_amount_per_event=ZERO,
            free_events=3,
            free_total_value=Decimal(250),
            min_amount_per_event=Decimal("1.75"),
            max_amount_per_event=Decimal(12),
        ),
    ),
    ("percentage", {"rate_percent": "1"}, Price("percentage", rate_percent=Decimal(1))),
    (
        "graduated_percentage",
        {"tiers": [{"up_to": "10", "rate_percent": "1", "flat_amount": "200"}, {"rate_percent": "3"}]},
        Price(
            "graduated_percentage",
            tiers=(Tier(Decimal(10), ZERO, Decimal(200), Decimal(1)), Tier(None, ZERO, ZERO, Decimal(3))),
        ),
    ),
    ("flat", {"flat_amount": "49.00"}, Price("flat", flat_amount=Decimal(49))),
]


@pytest.mark.parametrize(("model", "price", "expected"), PRICES)
def test_price(model: str, price: dict[str, Any], expected: Price) -> None:
    assert compile_price(model, price) == expected


def test_every_model_is_shown() -> None:
    assert {model for model, _, _ in PRICES} == set(AMOUNTS)


@pytest.mark.parametrize(("model", "price", "expected"), PRICES)
def test_every_model_takes_the_common_options(model: str, price: dict[str, Any], expected: Price) -> None:
    common = {
        "included": "7",
        "minimum_spend": "1.5",
        "maximum_spend": "1.5",
        "unit_conversion": {"operation": "divide", "factor": "1000", "rounding": "half_even", "precision": 3},
        "unit": "credit",
    }
    assert compile_price(model, price | common) == replace(
        expected,
        included=Decimal(7),
        minimum_spend=Decimal("1.5"),
        maximum_spend=Decimal("1.5"),
        unit_conversion=UnitConversion("divide", Decimal(1000), "half_even", 3),
    )


def test_a_conversion_is_exact_unless_it_says_otherwise() -> None:
    price = compile_price(
        "flat", {"flat_amount": "1", "unit_conversion": {"operation": "multiply", "factor": "2"}}
    )
    assert price.unit_conversion == UnitConversion("multiply", Decimal(2), "none", 0)


REFUSED: list[tuple[str, Any, list[tuple[str, str]]]] = [
    ("tiered", {"unit_amount": "1"}, [("unknown_choice", "model")]),
    ("per_unit", ["1"], [("wrong_type", "")]),
    ("per_unit", {}, [("missing_field", "unit_amount")]),
    ("per_unit", {"unit_amount": None}, [("missing_field", "unit_amount")]),
    ("per_unit", {"unit_amount": "1e5"}, [("invalid_number", "unit_amount")]),
    ("per_unit", {"unit_amount": "margin"}, [("unknown_name", "unit_amount")]),
    ("per_unit", {"unit_amount": "1 / 0"}, [("division_by_zero", "unit_amount")]),
    ("per_unit", {"unit_amount": "1", "tiers": []}, [("unknown_key", "tiers")]),
    ("flat", {"flat_amount": "100000000000000"}, [("number_out_of_range", "flat_amount")]),
    ("percentage", {"rate_percent": "1", "free_events": "1.5"}, [("number_out_of_range", "free_events")]),
    (
        "percentage",
        {"rate_percent": "1", "min_amount_per_event": "2", "max_amount_per_event": "1"},
        [("minimum_above_maximum", "min_amount_per_event")],
    ),
    (
        "graduated_percentage",
        {"tiers": [{"up_to": "1", "unit_amount": "1"}]},
        [
            ("unknown_key", "tiers[1].unit_amount"),
            ("missing_field", "tiers[1].rate_percent"),
            ("invalid_tiers", "tiers[1].up_to"),
        ],
    ),
]


@pytest.mark.parametrize(("model", "price", "expected"), REFUSED)
def test_refused(model: str, price: Any, expected: list[tuple[str, str]]) -> None:
    with pytest.raises(RateCardErrors) as raised:
        compile_price(model, price)
    assert [(error.code, error.path) for error in raised.value.errors] == expected


@pytest.mark.parametrize("value", [0.1, 1.0, True, b"1", {"a"}])
def test_a_binary_fraction_or_another_thing_is_no_number(value: object) -> None:
    with pytest.raises(ValueError, match="unit_amount"):
        compile_price("per_unit", {"unit_amount": value})


@pytest.mark.skipif(not SHARED_CASES.exists(), reason="the shared cases are not here")
def test_every_price_of_other_systems_suites_can_be_read() -> None:
    cases = json.loads(SHARED_CASES.read_text(encoding="utf-8"))
    assert {compile_price(case["model"], case["price"]).model for case in cases} >= {"per_unit", "percentage"}
