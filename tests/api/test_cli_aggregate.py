"""`runrate aggregate`: single aggregations in the engine, against other systems' numbers and the oracle."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from api.cli.aggregation_cases import AGGREGATIONS, CASE_SHAPE, aggregate_cases
from api.cli.cases import read_cases
from api.store import Store
from tests.oracle.aggregation import aggregate
from tests.oracle.exact import rounded

CONFORMANCE = Path(__file__).parents[3] / "shared" / "conformance" / "aggregation.json"
DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"
START = datetime(2026, 1, 1, tzinfo=UTC)
JANUARY = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]
ODD_VALUES = ["x", "", "1e3", "0.0000000001", "1000000000000000", "-0", "007"]


def quantities(store: Store, cases: list[Any]) -> list[str | None]:
    return [case.quantity for case in aggregate_cases(store.database, cases)]


@pytest.mark.skipif(not CONFORMANCE.exists(), reason="the conformance files are not here")
def test_cases_of_other_systems(shared_store: Store) -> None:
    cases = read_cases(CONFORMANCE.read_text(encoding="utf-8"), CASE_SHAPE)
    for case, one in zip(cases, aggregate_cases(shared_store.database, cases), strict=True):
        decimals = len(case["expected_quantity"].partition(".")[2])
        assert one.quantity is not None, (case, one.error)
        assert rounded(Decimal(one.quantity), decimals, "half_up") == Decimal(case["expected_quantity"]), case


def random_value(random: Random) -> str:
    if random.random() < 0.1:
        return random.choice(ODD_VALUES)
    decimals = random.choice([0, 0, 2, 9])
    number = Decimal(random.randrange(-1000 * 10**decimals, 5000 * 10**decimals)).scaleb(-decimals)
    return format(number, "f")


def random_case(random: Random, number: int) -> dict[str, Any]:
    model = random.choice(AGGREGATIONS)
    count = random.randrange(0, 9)
    if model != "weighted_sum" and random.random() < 0.4:
        return {
            "id": str(number),
            "model": model,
            "values_in_time_order": [random_value(random) for _ in range(count)],
        }
    # Some lie outside the period, some at one instant.
    days = random.choice(((-5, 36), (3, 5)))
    offsets = [random.randrange(*days) * 86_400 for _ in range(count)]
    events = [
        {"at": f"{START + timedelta(seconds=offset):%Y-%m-%dT%H:%M:%SZ}", "value": random_value(random)}
        for offset in offsets
    ]
    return {"id": str(number), "model": model, "events": events, "period": JANUARY}


def test_random_cases_are_those_of_the_oracle(shared_store: Store) -> None:
    random = Random(12)
    cases = [random_case(random, number) for number in range(800)]
    for case, one in zip(cases, aggregate_cases(shared_store.database, cases), strict=True):
        assert one.quantity is not None, (case, one.error)
        assert Decimal(one.quantity) == aggregate(case), case


def test_quotients_are_rounded_half_even_once(shared_store: Store) -> None:
    """1 / 3; 0.000000001 / 2 = 0.0000000005, a tie, to the even 0; 0.000000003 / 2 = 0.0000000015, to the even …2."""
    cases = [
        {"id": "third", "model": "average", "values_in_time_order": ["1", "0", "0"]},
        {"id": "down", "model": "average", "values_in_time_order": ["0.000000001", "0"]},
        {"id": "up", "model": "average", "values_in_time_order": ["0.000000003", "0"]},
        {"id": "below zero", "model": "average", "values_in_time_order": ["-0.000000003", "0"]},
    ]
    assert quantities(shared_store, cases) == ["0.333333333", "0", "0.000000002", "-0.000000002"]


def test_a_level_counts_for_the_time_for_which_it_is_held(shared_store: Store) -> None:
    """2 seats from before the period, 1 more for its last quarter: 2 + 1 × 1/4. What comes at the end is the next
    period's."""
    events = [
        {"at": "2026-01-04T00:00:00Z", "value": "1"},
        {"at": "2025-12-01T00:00:00Z", "value": "2"},
        {"at": "2026-01-05T00:00:00Z", "value": "9"},
    ]
    case = {"id": "seats", "model": "weighted_sum", "events": events}
    period = ["2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"]
    assert quantities(shared_store, [{**case, "period": period}]) == ["2.25"]


def test_of_several_values_at_one_instant_the_greatest_is_the_latest(shared_store: Store) -> None:
    """As on invoices, whatever the order of arrival. A list in time order says itself which is the last."""
    events = [{"at": "2026-01-05T00:00:00Z", "value": value} for value in ("9", "10", "8")]
    case = {
        "id": "seats",
        "model": "latest",
        "events": [*events, {"at": "2026-01-04T00:00:00Z", "value": "12"}],
    }
    listed = {"id": "listed", "model": "latest", "values_in_time_order": ["9", "10", "8"]}
    assert quantities(shared_store, [case, listed]) == ["10", "8"]


def test_values_that_are_no_numbers_are_named(shared_store: Store) -> None:
    values = ["5", "x", None, True, "7"]
    total, count = aggregate_cases(
        shared_store.database,
        [
            {"id": "total", "model": "sum", "values_in_time_order": values},
            {"id": "count", "model": "count", "values_in_time_order": values},
        ],
    )
    assert (total.quantity, total.not_numbers) == ("12", ("x", "", "True"))
    assert (count.quantity, count.not_numbers) == ("5", ())


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("sum", "no mapping"),
        ({"model": "median", "values_in_time_order": []}, "'median'"),
        ({"model": "sum"}, "one of them"),
        ({"model": "sum", "events": [], "values_in_time_order": []}, "one of them"),
        ({"model": "sum", "values_in_time_order": "12"}, "no list"),
        ({"model": "sum", "events": ["12"]}, "no list"),
        ({"model": "sum", "events": [{"at": "yesterday", "value": "1"}]}, "yesterday"),
        ({"model": "sum", "events": [], "period": ["2026-01-01T00:00:00Z"]}, "no pair"),
        ({"model": "sum", "events": [], "period": JANUARY[::-1]}, "does not end"),
        ({"model": "weighted_sum", "events": []}, "period"),
        ({"model": "weighted_sum", "values_in_time_order": [], "period": JANUARY}, "when"),
        ({"model": "sum", "values_in_time_order": [], "by": "day"}, "'by'"),
    ],
)
def test_a_case_that_cannot_be_aggregated_says_why_and_the_others_stand(
    shared_store: Store, case: Any, reason: str
) -> None:
    good = {"id": "good", "model": "sum", "values_in_time_order": ["2", "2"]}
    bad = {"id": "bad", **case} if isinstance(case, dict) else case
    first, second, third = aggregate_cases(shared_store.database, [good, bad, good])
    assert (first.quantity, third.quantity) == ("4", "4")
    assert second.quantity is None
    assert reason in (second.error or "")


def test_the_documented_cases_are_aggregated(shared_store: Store) -> None:
    """The greatest of 3, 8 and 5; 10 and 20 seats, half of January each: 10 + 10 × 15.5 / 31."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Single aggregations")[2]
    block = text.partition("```json\n")[2].partition("```")[0]
    assert json.loads(block)
    assert quantities(shared_store, read_cases(block, CASE_SHAPE)) == ["8", "15"]
