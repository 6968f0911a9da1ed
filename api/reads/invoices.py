"""Invoices: live drafts, and drafts in grace after their period's end (SEMANTICS §8)."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from api.instants import EARLIEST, LATEST, milliseconds
from api.reads.charges import charges_by_period, subtotal
from api.reads.documents import Page, Position, Row, page_of
from api.reads.invoice_documents import (
    Invoice,
    InvoiceSummary,
    calculation,
    charge_line,
    credit_line,
    header,
    invoice_id_of,
    totals,
    usage_line,
)
from api.store import Store
from sql import load

ZERO = Decimal(0)
MOST_READS = 3


def list_invoices(
    store: Store,
    *,
    customer_id: str = "",
    contract_id: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 100,
    after: Position | None = None,
) -> Page[InvoiceSummary]:
    """List invoices of billing periods that have begun, the latest period first.

    `start` and `end` bound the period's start, half-open.
    """
    now = store.clock()
    until = milliseconds(now) + 1
    after_start, after_contract_id = after or (0, "")
    periods = store.database.rows(
        load("queries/reads/invoice_periods.sql"),
        customer_id=customer_id,
        contract_id=contract_id,
        start=milliseconds(start or EARLIEST),
        end=until if end is None else min(until, milliseconds(end)),
        after_start=after_start,
        after_contract_id=after_contract_id,
        limit=limit + 1,
    )
    shown = periods[:limit]
    credited = _credits_by_period(store, shown)
    subtotals = _sum_by_period(_subtotals(store, [period["period_id"] for period in shown]))
    for number, charges in charges_by_period(store, shown).items():
        subtotals[number] = subtotal(subtotals.get(number, ZERO), charges)

    def summary(period: Row) -> InvoiceSummary:
        number = period["period_id"]
        sums = totals(period, subtotals.get(number, ZERO), credited.get(number, ZERO))
        return InvoiceSummary(**header(period, now), **sums)

    return page_of(periods, limit, summary, _place)


def _place(period: Row) -> Position:
    return (milliseconds(period["period_start"]), period["contract_id"])


def get_invoice(store: Store, invoice_id: str) -> Invoice | None:
    """Return an invoice with lines and breakdown (SEMANTICS §9); None when there is no such period."""
    period = find_period(store, invoice_id)
    if period is None:
        return None
    # Credits before lines: usage that comes in between makes the total more, never less than nothing.
    applied = _credits(store, [period])
    charges, rows = _charges_and_lines(store, period)
    lines = [list(of_line) for _, of_line in groupby(rows, itemgetter("product", "rate_card_version"))]
    usage = sum((of_line[0]["line_amount"] for of_line in lines), ZERO)
    credited = sum((row["amount"] for row in applied), ZERO)
    return Invoice(
        **header(period, store.clock()),
        lines=(
            *(usage_line(of_line, period) for of_line in lines),
            *(charge_line(row, period) for row in charges),
            *(credit_line(row, period) for row in applied),
        ),
        **totals(period, subtotal(usage, charges), credited),
        calculation=calculation(usage, charges, credited, period),
    )


def _charges_and_lines(store: Store, period: Row) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a period's charges and the rows of its usage lines. Discounts and minimum are of the lines beside them:
    where usage came in between, they are read once more, at last with every writer kept out."""
    for attempt in range(MOST_READS):
        with store.exclusive() if attempt == MOST_READS - 1 else nullcontext():
            charges = charges_by_period(store, [period]).get(period["period_id"], [])
            rows = store.database.rows(load("queries/reads/invoice_lines.sql"), period_id=period["period_id"])
        first_rows = {(row["product"], row["rate_card_version"]): row["line_amount"] for row in rows}
        usage = sum(first_rows.values(), ZERO)
        if subtotal(usage, charges) == usage + sum((row["amount"] for row in charges), ZERO):
            break
    return charges, rows


def find_period(store: Store, invoice_id: str) -> dict[str, Any] | None:
    """Return the billing period behind an invoice id (contract id, colon, local date of its start)."""
    contract_id, _, day = invoice_id.rpartition(":")
    start = _local_date(day)
    if not contract_id or start is None:
        return None
    midnight = datetime.combine(start, time(), UTC)
    periods = store.database.rows(
        load("queries/reads/contract_periods.sql"),
        contract_id=contract_id,
        start=milliseconds(midnight - timedelta(days=1)),
        end=milliseconds(midnight + timedelta(days=2)),
    )
    return next((period for period in periods if invoice_id_of(period) == invoice_id), None)


def _local_date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if text == day.isoformat() and EARLIEST.year <= day.year < LATEST.year else None


def _subtotals(store: Store, period_ids: Sequence[int]) -> list[dict[str, Any]]:
    return store.database.rows(load("queries/reads/invoice_subtotals.sql"), period_ids=list(period_ids))


def _credits(store: Store, periods: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what credits pay of the given periods of one customer."""
    if not any(period["has_grants"] for period in periods):
        return []
    return store.database.rows(
        load("queries/reads/credit_lines.sql"),
        customer_id=periods[0]["customer_id"],
        period_ids=[period["period_id"] for period in periods],
    )


def _credits_by_period(store: Store, periods: Sequence[Row]) -> dict[int, Decimal]:
    by_customer: dict[str, list[Row]] = {}
    for period in periods:
        by_customer.setdefault(period["customer_id"], []).append(period)
    found: dict[int, Decimal] = {}
    for of_customer in by_customer.values():
        found |= _sum_by_period(_credits(store, of_customer))
    return found


def _sum_by_period(rows: Iterable[Row]) -> dict[int, Decimal]:
    """Return sums of rounded amounts: at most 18 digits, which the default context adds exactly."""
    found: dict[int, Decimal] = {}
    for row in rows:
        found[row["period_id"]] = found.get(row["period_id"], ZERO) + row["amount"]
    return found
