"""`runrate drawdown`: single cases of credits in the engine, against other systems' numbers and the oracle."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from api.cli.cases import read_cases
from api.cli.drawdown_cases import CASE_SHAPE, DrawnCase, drawdown_cases
from api.store import Store
from tests.oracle.credits import drawdown

CONFORMANCE = Path(__file__).parents[3] / "shared" / "conformance" / "drawdown.json"
START = datetime(2026, 1, 1, tzinfo=UTC)
GRANT = {"id": "g", "amount": "10", "priority": "1", "effective_at": "2026-01-01T00:00:00Z"}
CASE: dict[str, Any] = {
    "id": "one",
    "start_at": "2026-01-01T00:00:00Z",
    "until": "2026-02-01T00:00:00Z",
    "grants": [GRANT],
    "start_balances": {"g": "10"},
    "usage": [{"at": "2026-01-02T00:00:00Z", "value": "3"}],
}


def drawn(store: Store, *cases: Any) -> list[DrawnCase]:
    return list(drawdown_cases(store.database, cases))


@pytest.mark.skipif(not CONFORMANCE.exists(), reason="the conformance files are not here")
def test_cases_of_other_systems(shared_store: Store) -> None:
    cases = read_cases(CONFORMANCE.read_text(encoding="utf-8"), CASE_SHAPE)
    for case, one in zip(cases, drawn(shared_store, *cases), strict=True):
        assert one.balances is not None, (case, one.error)
        assert one.overage is not None
        expected = case["expected"]
        for grant, balance in expected.get("balances", {}).items():
            assert Decimal(one.balances[grant]) == Decimal(balance), case
        assert Decimal(one.overage) == Decimal(expected.get("overage", one.overage)), case
        total = sum(map(Decimal, one.balances.values()))
        assert total == Decimal(expected.get("total_balance", total)), case


def at(minutes: int) -> str:
    return f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def random_grant(random: Random, number: int, span: int) -> dict[str, Any]:
    start = random.randint(-600, span)
    grant: dict[str, Any] = {
        "id": f"g{number}",
        "amount": random.choice(["1", "5", "10.5", "25", "100", "0.000000001"]),
        "priority": str(random.randint(1, 2)),
        "effective_at": at(start),
        "paid": random.choice(["0", "5"]),
    }
    if random.random() < 0.6:
        grant["expires_at"] = at(start + random.randint(1, span))
        if random.random() < 0.5:
            grant["rollover"] = {
                "fraction": random.choice(["0.333333333", "0.5", "1"]),
                "max": random.choice([None, "3"]),
                "months": "1",
            }
    if random.random() < 0.2:
        grant["voided_at"] = at(start + random.randint(1, span))
    if random.random() < 0.3:
        grant["recurrence"] = {
            "interval": random.choice(["day", "week", "month"]),
            "count": random.choice([None, "2"]),
        }
    if random.random() < 0.5:
        grant["applies_to"] = {"products": random.sample(["p", "q", "r"], random.randint(1, 2))}
    return grant


def random_case(random: Random, number: int) -> dict[str, Any]:
    span = 60 * 24 * random.choice([1, 3, 40])
    values = ["1", "2", "0.5", "7", "0.123456789", *(["-1", "-3", "-8"] if random.random() < 0.5 else [])]
    grants = [random_grant(random, place, span) for place in range(random.randint(0, 6))]
    alone = [grant for grant in grants if "recurrence" not in grant and "rollover" not in grant]
    return {
        "id": str(number),
        "start_at": at(0),
        "until": at(random.randint(0, span + 100)),
        "grants": grants,
        "start_balances": {
            grant["id"]: random.choice(["0", "2.5", "100"]) for grant in alone if random.random() < 0.5
        },
        "usage": [
            {
                "at": at(random.randint(-60, span)),
                "value": random.choice(values),
                "product": random.choice("pqr"),
            }
            for _ in range(random.randint(0, 60))
        ],
    }


def test_random_cases_agree_with_the_oracle(shared_store: Store) -> None:
    for seed in range(4):
        random = Random(seed)
        cases = [random_case(random, number) for number in range(60)]
        for case, one in zip(cases, drawn(shared_store, *cases), strict=True):
            assert one.balances is not None, (case, one.error)
            assert one.overage is not None
            expected = drawdown(case)
            shown = {name: Decimal(balance) for name, balance in one.balances.items()}
            assert shown == {name: Decimal(balance) for name, balance in expected["balances"].items()}, case
            assert Decimal(one.overage) == Decimal(expected["overage"]), case


def test_thousands_of_steps_and_many_grants_agree_with_the_oracle(shared_store: Store) -> None:
    random = Random(11)
    grants = [
        random_grant(random, number, 60 * 744)
        | {"amount": str(random.randint(100, 900)), "expires_at": at(60 * 744)}
        for number in range(30)
    ]
    for grant in grants:
        grant.pop("recurrence", None)
        grant["effective_at"] = at(random.randint(-600, 60 * 700))
    usage = [
        {"at": at(60 * hour + 7), "value": str(random.choice([1, 2, 3, 9, 9, -2])), "product": f"p{product}"}
        for hour in range(744)
        for product in range(5)
    ]
    case = CASE | {"grants": grants, "start_balances": {}, "usage": usage}
    [one] = drawn(shared_store, case)
    expected = drawdown(case)
    assert one.balances == expected["balances"]
    assert one.overage == expected["overage"]


def test_numbers_yaml_and_units_of_their_own(shared_store: Store) -> None:
    text = """
# Two units: a grant pays only usage in its own.
- id: a
  start_at: 2026-01-01T00:00:00Z
  until: 2026-01-03T00:00:00Z
  grants:
    - {id: g, amount: 10, priority: 1, effective_at: 2026-01-01T00:00:00Z, expires_at: 2126-01-01T00:00:00Z}
    - {id: h, amount: "10", unit: USD, effective_at: 2026-01-01T00:00:00Z}
  usage: [{at: 2026-01-02T00:00:00Z, value: 12}, {at: 2026-01-02T00:00:00Z, value: "0.5", unit: USD}]
"""
    [one] = drawn(shared_store, *read_cases(text, CASE_SHAPE))
    assert one.as_json() == {"id": "a", "balances": {"g": "0", "h": "9.5"}, "overage": "2"}
    [same] = drawn(shared_store, *read_cases(json.dumps([CASE | {"start_balances": {"g": 7.5}}]), CASE_SHAPE))
    assert same.as_json() == {"id": "one", "balances": {"g": "4.5"}, "overage": "0"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"grants": [{"id": "g"}]}, "grants[1].amount: `amount` is missing"),
        (
            {"grants": [GRANT | {"amount": "-1"}]},
            "grants[1].amount: the number is not greater than 0",
        ),
        (
            {"grants": [GRANT, GRANT]},
            "grants[2].id: `g` is already the id of another grant",
        ),
        ({"start_balances": {"x": "1"}}, "start_balances: there is no grant 'x'"),
        ({"start_balances": {"g": "-1"}}, "start_balances.g: -1 is negative"),
        ({"usage": [{"at": "2026-01-02T00:00:00Z"}]}, "usage[1].value is missing"),
        ({"usage": [{"at": "yesterday", "value": "1"}]}, "usage[1].at: 'yesterday'"),
        ({"usage": [{"at": "2026-01-02T00:00:00Z", "value": "1e3"}]}, "usage[1].value: '1e3' is no number"),
        ({"usage": [{"at": "2026-01-02T00:00:00Z", "amount": "1"}]}, "usage[1]: unknown key 'amount'"),
        ({"resets": []}, "the case: unknown key 'resets'"),
        ({"until": "2025-01-01T00:00:00Z"}, "`until` is before `start_at`"),
        ({"start_at": None}, "start_at is missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(shared_store: Store, change: dict[str, Any], said: str) -> None:
    one, other = drawn(shared_store, CASE | change, CASE)
    assert said in (one.error or "")
    assert other.balances == {"g": "7"}
