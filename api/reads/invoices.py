"""Invoices: live drafts, and drafts in grace after their period's end (SEMANTICS §8)."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from api.instants import EARLIEST, LATEST, milliseconds
from api.reads.charges import charges_by_period, charges_of_lines, subtotal
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

# What names a usage line in its invoice.
_line = itemgetter("product", "rate_card_version")


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
    periods = _begun_periods(store, customer_id, contract_id, start, end, limit, after)
    shown = periods[:limit]
    credited = _sum_by_period(row for rows in _credits_by_period(store, shown).values() for row in rows)
    subtotals = _sum_by_period(_subtotals(store, [period["period_id"] for period in shown]))
    for number, charges in charges_by_period(store, shown).items():
        subtotals[number] = subtotal(subtotals.get(number, ZERO), charges)

    def summary(period: Row) -> InvoiceSummary:
        number = period["period_id"]
        sums = totals(period, subtotals.get(number, ZERO), credited.get(number, ZERO))
        return InvoiceSummary(**header(period, now), **sums)

    return page_of(periods, limit, summary, _place)


def list_whole_invoices(store: Store, *, limit: int = 100, after: Position | None = None) -> Page[Invoice]:
    """List the same invoices with lines and breakdown: all of a page are read at once."""
    periods = _begun_periods(store, "", "", None, None, limit, after)
    invoices = dict(
        zip(
            (period["period_id"] for period in periods[:limit]),
            _invoices(store, periods[:limit]),
            strict=True,
        )
    )
    return page_of(periods, limit, lambda period: invoices[period["period_id"]], _place)


def _begun_periods(
    store: Store,
    customer_id: str,
    contract_id: str,
    start: datetime | None,
    end: datetime | None,
    limit: int,
    after: Position | None,
) -> list[dict[str, Any]]:
    """Return up to one billing period more than `limit`."""
    until = milliseconds(store.clock()) + 1
    after_start, after_contract_id = after or (0, "")
    return store.database.rows(
        load("queries/reads/invoice_periods.sql"),
        customer_id=customer_id,
        contract_id=contract_id,
        start=milliseconds(start or EARLIEST),
        end=until if end is None else min(until, milliseconds(end)),
        after_start=after_start,
        after_contract_id=after_contract_id,
        limit=limit + 1,
    )


def _place(period: Row) -> Position:
    return (milliseconds(period["period_start"]), period["contract_id"])


def get_invoice(store: Store, invoice_id: str) -> Invoice | None:
    """Return an invoice with lines and breakdown (SEMANTICS §9); None when there is no such period."""
    period = find_period(store, invoice_id)
    return None if period is None else _invoices(store, [period])[0]


def _invoices(store: Store, periods: Sequence[Row]) -> list[Invoice]:
    # Credits before lines: usage that comes in between makes the total more, never less than nothing.
    applied = _credits_by_period(store, periods)
    rows, charges = _rows_and_charges(store, periods)
    now = store.clock()
    return [
        _invoice(period, now, *(found.get(period["period_id"], []) for found in (rows, charges, applied)))
        for period in periods
    ]


def _invoice(
    period: Row,
    now: datetime,
    rows: Sequence[Row],
    charges: Sequence[Row],
    applied: Sequence[Row],
) -> Invoice:
    usage = _usage(rows)
    credited = sum((row["amount"] for row in applied), ZERO)
    return Invoice(
        **header(period, now),
        lines=(
            *(usage_line(list(of_line), period) for _, of_line in groupby(rows, _line)),
            *(charge_line(row, period) for row in charges),
            *(credit_line(row, period) for row in applied),
        ),
        **totals(period, subtotal(usage, charges), credited),
        calculation=calculation(usage, charges, credited, period),
    )


def _rows_and_charges(
    store: Store, periods: Sequence[Row]
) -> tuple[dict[int, list[dict[str, Any]]], dict[int, list[dict[str, Any]]]]:
    """Return the rows of the usage lines of periods, and their charges. Discounts and minimum are of the lines beside
    them. Where they are computed anew, for a postpaid commit, and usage came in between, both are read once more, at
    last with every writer kept out."""
    for attempt in range(MOST_READS):
        with store.exclusive() if attempt == MOST_READS - 1 else nullcontext():
            found = store.database.rows(
                load("queries/reads/invoice_lines.sql"),
                period_ids=[period["period_id"] for period in periods],
            )
            rows = _by_period(found)
            lines = [row for of_period in rows.values() for row in _first_rows(of_period)]
            charges = charges_of_lines(store, periods, lines)
        if all(_of_one_instant(rows.get(number, []), of_period) for number, of_period in charges.items()):
            break
    return rows, charges


def _of_one_instant(rows: Sequence[Row], charges: Sequence[Row]) -> bool:
    usage = _usage(rows)
    return subtotal(usage, charges) == usage + sum((row["amount"] for row in charges), ZERO)


def _usage(rows: Sequence[Row]) -> Decimal:
    return sum((row["line_amount"] for row in _first_rows(rows)), ZERO)


def _first_rows(rows: Sequence[Row]) -> list[Row]:
    """Return each line's first row: what is the line's is the same in all of them."""
    return [next(of_line) for _, of_line in groupby(rows, _line)]


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


def _credits_by_period(store: Store, periods: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
    by_customer: dict[str, list[Row]] = {}
    for period in periods:
        by_customer.setdefault(period["customer_id"], []).append(period)
    return _by_period(row for of_customer in by_customer.values() for row in _credits(store, of_customer))


def _by_period(rows: Iterable[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["period_id"], []).append(row)
    return found


def _sum_by_period(rows: Iterable[Row]) -> dict[int, Decimal]:
    """Return sums of rounded amounts: at most 18 digits, which the default context adds exactly."""
    found: dict[int, Decimal] = {}
    for row in rows:
        found[row["period_id"]] = found.get(row["period_id"], ZERO) + row["amount"]
    return found
