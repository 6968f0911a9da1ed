"""What a store recognises as revenue, as the oracle says it, and what contradicts the checks of it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from api.reads.customer_groups import customer_groups
from api.store import Store
from sql import load
from tests.sql import statements_of

SQL = statements_of("revenue")


def recognised(store: Store, customers: Sequence[str], now: datetime) -> dict[tuple[Any, ...], str]:
    """What the oracle says too, by day, contract, category, product, version and grant."""
    found: dict[tuple[Any, ...], Decimal] = {}
    for customer in customers:
        for row in store.database.rows(SQL("revenue"), customer=customer, to_day=now.date()):
            names = ("day", "contract_id", "category", "product", "rate_card_version", "grant_id")
            key = (customer, *(row[name] for name in names))
            found[key] = found.get(key, Decimal(0)) + row["amount"]
    return {key: f"{amount.normalize():f}" for key, amount in sorted(found.items()) if amount}


def journal_rows(store: Store, customer: str, to_day: date) -> list[dict[str, Any]]:
    """The rows of the journal, by day, entry and account."""
    return store.database.rows(SQL("journal"), customer=customer, to_day=to_day)


def check(store: Store, now: datetime) -> list[Any]:
    """What contradicts the checks of revenue."""
    day = now.date() - timedelta(days=1)
    found: list[Any] = []
    for group in customer_groups(store):
        parameters = {"customers": list(group.customer_ids), "promised_to": group.promised_to}
        found += store.database.rows(load("checks/revenue_adds_up.sql"), **parameters, to_day=day)
        found += store.database.rows(load("checks/revenue_of_grants.sql"), **parameters, as_of=now)
    return found
