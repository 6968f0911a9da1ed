"""`runrate rate`: single prices by the SQL of invoices, against other systems' numbers and the oracle."""

import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from api.cli.cases import read_cases
from api.cli.price_cases import CASE_SHAPE, price_cases
from api.store import Store
from tests.oracle import price_amount
from tests.oracle.exact import rounded

CONFORMANCE = Path(__file__).parents[3] / "shared" / "conformance" / "pricing.json"
DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"
TIERS = [{"up_to": "10", "unit_amount": "1", "flat_amount": "5"}, {"up_to": None, "unit_amount": "0.5"}]


def amounts(store: Store, cases: list[Any]) -> list[str | None]:
    return [case.amount for case in price_cases(store.database, cases)]


@pytest.mark.skipif(not CONFORMANCE.exists(), reason="the conformance files are not here")
def test_cases_of_other_systems(shared_store: Store) -> None:
    cases = read_cases(CONFORMANCE.read_text(encoding="utf-8"), CASE_SHAPE)
    priced = list(price_cases(shared_store.database, cases))
    assert [one.error for one in priced if one.error] == []
    for case, one in zip(cases, priced, strict=True):
        decimals = len(case["expected_amount"].partition(".")[2])
        assert one.amount is not None
        assert rounded(Decimal(one.amount), decimals, "half_up") == Decimal(case["expected_amount"]), case


def random_decimal(random: Random, below: int, decimals: int) -> str:
    return format(Decimal(random.randrange(0, below * 10**decimals)).scaleb(-decimals), "f")


def random_tiers(random: Random, price_field: str) -> list[dict[str, Any]]:
    bounds = sorted({random.randrange(1, 3000) for _ in range(random.randrange(0, 4))})
    return [
        {
            "up_to": bound,
            price_field: random_decimal(
                random, 10, random.choice([0, 2, 13 if price_field == "rate_percent" else 15])
            ),
            **({"flat_amount": random_decimal(random, 100, 2)} if random.random() < 0.5 else {}),
        }
        for bound in [*map(str, bounds), None]
    ]


def random_price(random: Random, model: str) -> dict[str, Any]:
    """A price of any model with any of its options."""
    price: dict[str, Any] = {}
    if model == "per_unit":
        price["unit_amount"] = random_decimal(random, 10, 15)
    elif model == "package":
        price |= {"package_size": random.choice(["1", "7.5", "100"]), "package_amount": "2.50"}
        price |= {"free_units": random_decimal(random, 600, 1)} if random.random() < 0.5 else {}
    elif model == "flat":
        price["flat_amount"] = random_decimal(random, 100, 3)
    elif model == "percentage":
        price = random_percentage(random)
    else:
        field = "rate_percent" if model == "graduated_percentage" else "unit_amount"
        price["tiers"] = random_tiers(random, field)
        price |= {"zero_usage_first_tier_flat": "charged"} if random.random() < 0.3 else {}
    if random.random() < 0.2:
        price["included"] = random_decimal(random, 300, 1)
    if random.random() < 0.3:
        price["unit_conversion"] = {
            "operation": random.choice(["multiply", "divide"]),
            "factor": random.choice(["7", "1000", "0.3"]),
            "rounding": random.choice(["none", "ceil", "floor", "half_up", "half_even"]),
            "precision": str(random.randrange(0, 4)),
        }
    return price


def random_percentage(random: Random) -> dict[str, Any]:
    options = {
        "fixed_amount_per_event": random_decimal(random, 3, 2),
        "free_events": str(random.randrange(0, 5)),
        "free_total_value": random_decimal(random, 1000, 2),
        "min_amount_per_event": random_decimal(random, 3, 2),
        "max_amount_per_event": str(3 + random.randrange(9)),
    }
    chosen = {name: value for name, value in options.items() if random.random() < 0.5}
    return {"rate_percent": random_decimal(random, 5, random.choice([0, 2, 13])), **chosen}


def random_case(random: Random, number: int) -> dict[str, Any]:
    models = ["per_unit", "graduated", "volume", "package", "flat", "percentage", "graduated_percentage"]
    model = random.choice(models)
    price = random_price(random, model)
    if random.random() < 0.1:
        price["minimum_spend"] = random_decimal(random, 100, 2)
    if random.random() < 0.1:
        price["maximum_spend"] = str(100 + random.randrange(1000))
    case: dict[str, Any] = {"id": str(number), "model": model, "price": price}
    if model == "percentage":
        values = [random_decimal(random, 1000, 2) for _ in range(random.randrange(0, 8))]
        return {**case, "event_values": values}
    return {**case, "quantity": random.choice(["0", random_decimal(random, 5000, 9), "-12.5"])}


def test_random_prices_are_those_of_the_oracle(shared_store: Store) -> None:
    random = Random(11)
    cases = [random_case(random, number) for number in range(700)]
    for case, one in zip(cases, price_cases(shared_store.database, cases), strict=True):
        usage = case["event_values"] if case["model"] == "percentage" else case["quantity"]
        assert one.amount is not None, (case, one.error)
        assert Decimal(one.amount) == price_amount(case["model"], case["price"], usage), case


def test_what_is_included_in_a_percentage_is_free(shared_store: Store) -> None:
    """100 of value are included: 60 are free, then 20 of 60 pay 2 % and 0.30, then 5.00 pay 0.10 + 0.30."""
    price = {"rate_percent": "2", "fixed_amount_per_event": "0.30", "included": "100"}
    case = {"id": "a", "model": "percentage", "price": price}
    values: list[list[str]] = [["60"], ["60", "60"], ["60", "60", "5"]]
    cases = [{**case, "event_values": one} for one in values]
    assert amounts(shared_store, cases) == ["0", "0.7", "1.1"]


def test_amounts_are_exact_and_plain(shared_store: Store) -> None:
    cases = [
        {"id": "long", "model": "per_unit", "price": {"unit_amount": "0.000000000000001"}, "quantity": "1"},
        {"id": "sum", "model": "volume", "price": {"tiers": TIERS}, "event_values": ["1.5", "2.5"]},
        {"id": "number", "model": "per_unit", "price": {"unit_amount": "0.1"}, "quantity": 3},
        {"id": "once", "model": "flat", "price": {"flat_amount": "12.50"}},
    ]
    assert amounts(shared_store, cases) == ["0.000000000000001", "9", "0.3", "12.5"]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ({"model": "tiered", "price": {}, "quantity": "1"}, "not a price model"),
        ({"model": "per_unit", "price": {}, "quantity": "1"}, "unit_amount"),
        ({"model": "per_unit", "price": {"unit_amount": "1", "tiers": []}, "quantity": "1"}, "means nothing"),
        ({"model": "per_unit", "price": {"unit_amount": "1"}}, "bad_quantity"),
        ({"model": "per_unit", "price": {"unit_amount": "1"}, "quantity": "1e3"}, "bad_quantity"),
        ({"model": "per_unit", "price": {"unit_amount": "1"}, "quantity": "0.0000000001"}, "bad_quantity"),
        (
            {"model": "per_unit", "price": {"unit_amount": "1"}, "quantity": "1", "currency": "USD"},
            "currency",
        ),
        (
            {"model": "per_unit", "price": {"unit_amount": "1000"}, "quantity": "1" + "0" * 14},
            "amount_out_of",
        ),
        ({"model": "percentage", "price": {"rate_percent": "1"}, "quantity": "1"}, "event_values"),
        (
            {
                "model": "percentage",
                "price": {"rate_percent": "1", "free_total_value": "0.0000000001"},
                "event_values": [],
            },
            "more than 9 decimals",
        ),
        ({"price": {}}, "`model` is missing"),
        ({"id": None, "model": "flat", "price": {"flat_amount": "1"}}, "`id` is None"),
        ({"id": " ", "model": "flat", "price": {"flat_amount": "1"}}, "`id` is ' '"),
        ({"id": ["a"], "model": "flat", "price": {"flat_amount": "1"}}, "`id` is ['a']"),
        ({"id": "\ud800", "model": "flat", "price": {"flat_amount": "1"}}, "half of a surrogate pair"),
        (
            {"model": "per_unit", "price": {"unit_amount": "1\udfff"}, "quantity": "1"},
            "half of a surrogate pair",
        ),
        (
            {"model": "per_unit", "price": {"unit_amount": "1"}, "quantity": "1", "\ud800": 1},
            "half of a surr",
        ),
        ({"model": "per_unit", "price": "1", "quantity": "1"}, "price: the price is not a mapping"),
        (
            {"model": "per_unit", "price": {"model": "flat", "unit_amount": "1"}, "quantity": "1"},
            "`model` is 'per_unit' and `price.model` 'flat'; keep one",
        ),
        ("per_unit", "no mapping"),
    ],
)
def test_a_case_that_cannot_be_priced_says_why_and_the_others_stand(
    shared_store: Store, case: Any, reason: str
) -> None:
    good = {"id": "good", "model": "per_unit", "price": {"unit_amount": "2"}, "quantity": "2"}
    bad = {"id": "bad", **case} if isinstance(case, dict) else case
    first, second, third = price_cases(shared_store.database, [good, bad, good])
    assert (first.amount, third.amount) == ("4", "4")
    assert second.amount is None
    assert reason in (second.error or "")


def test_cases_that_have_a_name_twice_or_none_are_refused_each(shared_store: Store) -> None:
    price = '"model": "per_unit", "price": {"unit_amount": 2}'
    text = f"""[
        {{"id": "a", {price}, "quantity": 1, "quantity": 2}},
        {{"id": "b", "model": "per_unit", "price": {{"unit_amount": 2, "unit_amount": 3}}, "quantity": 1}},
        {{{price}, "quantity": 1}},
        {{"id": "c", {price}, "quantity": {"9" * 5000}}},
        {{"id": 5, {price}, "quantity": 4}}
    ]"""
    found = list(price_cases(shared_store.database, read_cases(text, CASE_SHAPE)))
    assert [one.case_id for one in found] == ["a", "b", "#3", "c", "5"]
    assert [one.amount for one in found] == [None, None, None, None, "8"]
    for one, told in zip(
        found,
        ("`quantity` stands twice", "`unit_amount` stands twice", "`id` is missing", "more than 38 digits"),
        strict=False,
    ):
        assert told in (one.error or "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("{}", "no list"),
        ("[", "line 1"),
        ("[NaN]", "NaN"),
        ("[Infinity]", "Infinity"),
        ("", "no list"),
    ],
)
def test_a_file_that_is_no_list_of_cases(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_cases(text, CASE_SHAPE)


@pytest.mark.parametrize("number", ["1e3", "1E-2", "0.5e1", "-1e0", "1e400"])
def test_a_number_with_an_exponent_is_refused_in_its_case(shared_store: Store, number: str) -> None:
    text = (
        '[{"id": "q", "model": "per_unit", "price": {"unit_amount": 0.1}, "quantity": %s},'
        ' {"id": "p", "model": "per_unit", "price": {"unit_amount": %s}, "quantity": 1},'
        ' {"id": "v", "model": "percentage", "price": {"rate_percent": 1}, "event_values": [1, %s]},'
        ' {"id": "good", "model": "per_unit", "price": {"unit_amount": 0.1}, "quantity": 1000}]'
    )
    *refused, good = price_cases(
        shared_store.database, read_cases(text % (number, number, number), CASE_SHAPE)
    )
    assert good.amount == "100"
    for one in refused:
        assert one.amount is None
        assert number.lstrip("-") in (one.error or "")
        assert "write " in (one.error or "")


def test_the_documented_cases_are_priced(shared_store: Store) -> None:
    """0.0125 × 1200; and 2.9 % of 10.00 and of 4.50, with 0.30 each: 0.29 + 0.1305 + 0.60."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Single prices")[2]
    block = text.partition("```json\n")[2].partition("```")[0]
    assert amounts(shared_store, read_cases(block, CASE_SHAPE)) == ["15", "1.0205"]


def test_numbers_in_json_stay_exact(shared_store: Store) -> None:
    text = '[{"id": "a", "model": "per_unit", "price": {"unit_amount": 0.1}, "quantity": 0.300000001}]'
    assert amounts(shared_store, read_cases(text, CASE_SHAPE)) == ["0.0300000001"]
    assert json.loads(text)[0]["quantity"] == pytest.approx(0.3)
