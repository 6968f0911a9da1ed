"""Lines of invoices beside usage and credits: discounts, minimum, fees and commits (SEMANTICS §6)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from api.reads.documents import Row
from api.store import Store
from sql import load, render

ZERO = Decimal(0)


def charges_of_lines(
    store: Store, periods: Sequence[Row], lines: Sequence[Row]
) -> dict[int, list[dict[str, Any]]]:
    """Return the charges of billing periods that have any, in the order of calculation. `lines` are the usage lines
    of these periods: discounts and minimum are computed by them. Where there are postpaid commits, which follow from
    all of a customer's periods, all is computed by the usage as it is now."""
    plain = {
        period["period_id"] for period in periods if period["has_charges"] and not period["has_true_ups"]
    }
    rows: list[dict[str, Any]] = []
    if plain:
        rows = store.database.rows(
            render("queries/reads/charges_of_lines.sql.j2", database=store.database.name),
            period_ids=sorted(plain),
            lines=[
                (
                    line["period_id"],
                    line["product"],
                    line["rate_card_version"],
                    line["tags"],
                    f"{line['line_amount'].normalize():f}",
                )
                for line in lines
                if line["period_id"] in plain
            ],
        )
    return _by_period([*rows, *_with_true_ups(store, periods)])


def charges_by_period(store: Store, periods: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
    """Return the charges of billing periods that have any, in the order of calculation, by the usage as it is now."""
    plain = [
        period["period_id"] for period in periods if period["has_charges"] and not period["has_true_ups"]
    ]
    rows: list[dict[str, Any]] = []
    if plain:
        rows = store.database.rows(load("queries/reads/period_charges.sql"), period_ids=plain)
    return _by_period([*rows, *_with_true_ups(store, periods)])


def _with_true_ups(store: Store, periods: Sequence[Row]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    # What is missing to a commit follows from all of a customer's credits.
    promised: dict[tuple[str, bool], list[int]] = {}
    for period in periods:
        if period["has_charges"] and period["has_true_ups"]:
            owner = (period["customer_id"], bool(period["has_grants"]))
            promised.setdefault(owner, []).append(period["period_id"])
    for (customer_id, has_grants), numbers in promised.items():
        query = "queries/reads/invoice_charges.sql" if has_grants else "queries/reads/uncredited_charges.sql"
        rows += store.database.rows(load(query), customer_id=customer_id, period_ids=numbers)
    return rows


def _by_period(rows: Sequence[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["period_id"], []).append(row)
    return found


def subtotal(usage: Decimal, charges: Sequence[Row]) -> Decimal:
    """Return the sum of a period's lines before credits. Charges know the usage that they were computed by: it counts
    where some came in since `usage` was read. Of rounded amounts: at most 18 digits, which add exactly."""
    known = next((row["usage_amount"] for row in charges if row["usage_amount"] is not None), usage)
    return sum((row["amount"] for row in charges), known)
