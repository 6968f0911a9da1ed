"""Random fees, discounts, minimums and commits for the contracts of a scenario."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.strategies.instants import FIRST, NOW, moment, text
from tests.strategies.terms import Terms

DECIMALS = {"JPY": 0, "KWD": 3}


def add_charges(random: Random, terms: Terms, products: list[str], currency: str) -> None:
    """Give about half of the contracts some of these terms each."""
    for contract in (*terms.early["contracts"], *terms.late["contracts"]):
        if random.random() < 0.5:
            start = datetime.fromisoformat(contract["starts_at"])
            end = datetime.fromisoformat(contract["ends_at"]) if contract["ends_at"] else None
            _add(random, contract, (start, end), products, currency)


def _add(
    random: Random,
    contract: dict[str, Any],
    bounds: tuple[datetime, datetime | None],
    products: list[str],
    currency: str,
) -> None:
    start, end = bounds
    # Something is charged within the contract and up to now.
    until = min(end or NOW, NOW)
    number = contract["contract_id"]

    def money() -> str:
        return f"{random.choice((1, 7, 100, 333)) * 10 ** random.randint(0, 2)}" + (
            "" if DECIMALS.get(currency, 2) == 0 else f".{random.randint(0, 99):02d}"
        )

    def inside() -> str:
        return text(moment(random, start, until)) if until > start else text(start)

    if random.random() < 0.6:
        contract["fees"] = [
            _fee(random, f"f{place}", money(), inside) for place in range(random.randint(1, 3))
        ]
    if random.random() < 0.7:
        contract["discounts"] = [_discount(random, money(), products) for _ in range(random.randint(1, 3))]
    if random.random() < 0.5:
        contract["minimum"] = {
            "amount": money(),
            "prorate": random.choice(("none", "exact")),
            "counts_fees": random.choice(("true", "false")),
        }
    commits: list[dict[str, Any]] = []
    if random.random() < 0.3:
        commits.append(_prepaid(random, number, random.choice((currency, "credit")), money(), inside))
    if random.random() < 0.3:
        periods = ("month", "year", "contract") if end is not None else ("month", "year")
        commits.append(
            {
                "commit_id": f"p-{number}",
                "kind": "postpaid",
                "amount": money(),
                "period": random.choice(periods),
            }
        )
    if commits:
        contract["commits"] = commits


def _prepaid(random: Random, number: str, unit: str, paid: str, inside: Callable[[], str]) -> dict[str, Any]:
    at = inside()
    commit: dict[str, Any] = {
        "commit_id": f"m-{number}",
        "kind": "prepaid",
        "amount": random.choice(("5", "50.5", "1000")),
        "unit": unit,
        "paid": paid,
        "effective_at": at,
        "priority": "1",
        "invoice_schedule": [{"at": inside(), "amount": "0"}, {"at": at, "amount": paid}],
    }
    if unit == "credit" and random.random() < 0.5:
        commit["overage_rate"] = random.choice(("0.333333333333333", "0.9", "2"))
    return commit


def _fee(random: Random, fee_id: str, amount: str, inside: Any) -> dict[str, Any]:
    fee: dict[str, Any] = {
        "fee_id": fee_id,
        "amount": amount,
        "interval": random.choice(("once", "month", "month", "quarter", "year")),
        "in_advance": random.choice(("true", "false")),
    }
    if fee["interval"] == "once":
        return fee | ({"at": inside()} if random.random() < 0.7 else {})
    fee["prorate"] = random.choice(("none", "exact"))
    if random.random() < 0.3:
        fee["to" if random.random() < 0.5 else "from"] = inside()
    if random.random() < 0.5:
        changes = sorted({text(FIRST - timedelta(days=40)), inside(), inside()})
        fee["quantities"] = [
            {"from": at, "quantity": random.choice(("0", "3", "10", "2.5"))} for at in changes
        ]
    return fee


def _discount(random: Random, amount: str, products: list[str]) -> dict[str, Any]:
    percent = random.choice(("10", "33.333", "100", "0.5"))
    discount: dict[str, Any] = random.choice(({"percent": percent}, {"amount": amount}))
    if random.random() < 0.5:
        discount["products"] = random.sample(products, 1)
    if random.random() < 0.3:
        discount["from"] = text(moment(random, FIRST, NOW - timedelta(days=30)))
    return discount
