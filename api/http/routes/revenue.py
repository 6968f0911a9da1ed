"""Revenue of a customer, and exports of revenue and of the journal over all customers."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import IO, Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response, StreamingResponse

from api.http.credit_examples import JOURNAL_FILE, REVENUE_ENTRY, REVENUE_FILE
from api.http.cursors import decode_cursor, encode_cursor, is_number, is_text
from api.http.dependencies import StoreDependency, not_found
from api.http.openapi import answers, gives_file
from api.http.parameters import DEFAULT_LIMIT, Cursor, CustomerId, Day, Identifier, Limit, text_fault
from api.http.responses import json_response
from api.reads.contracts import get_customer
from api.reads.customer_groups import CustomerGroup, customer_groups
from api.reads.exports import (
    ExportFormat,
    ExportKind,
    Rows,
    csv_header,
    csv_lines,
    exported_rows,
    parquet_table,
    parquet_writer,
)
from api.reads.revenue import RevenueEntry, list_revenue
from api.store import Store

router = APIRouter(tags=["revenue"])

CSV = "text/csv; charset=utf-8"
PARQUET = "application/vnd.apache.parquet"
# A file is held in memory up to here, then on disk.
SPOOLED_BYTES = 8 << 20
CHUNK = 1 << 20

FromDay = Annotated[
    Day | None,
    Query(alias="from", description="From this day on, `2026-01-31`; without it the month of the last day."),
]
ToDay = Annotated[
    Day | None, Query(alias="to", description="Up to before this day; without it up to and with today (UTC).")
]


@dataclass(frozen=True, slots=True)
class RevenueList:
    """A page of revenue entries of `from_day <= day < to_day`; `next_cursor` is null on the last page."""

    customer_id: str
    from_day: str
    to_day: str
    items: tuple[RevenueEntry, ...]
    next_cursor: str | None


@router.get(
    "/customers/{customer_id}/revenue",
    operation_id="list_revenue",
    summary="Revenue by day",
    responses=answers(
        {
            "customer_id": "northwind",
            "from_day": "2026-01-01",
            "to_day": "2026-02-01",
            "items": [REVENUE_ENTRY],
            "next_cursor": None,
        },
        model=RevenueList,
    ),
)
def get_revenue(
    store: StoreDependency,
    customer_id: CustomerId,
    from_day: FromDay = None,
    to_day: ToDay = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List what is recognised of a customer's usage, credits, fees and true-ups, by the days of its contracts. Days to
    come say what is recognised then if nothing else happens. Later pages keep the range of the first."""
    customer = _customer_id(store, customer_id)
    filters = {
        "customer_id": customer,
        "from": from_day and from_day.isoformat(),
        "to": to_day and to_day.isoformat(),
    }
    shape = (is_text, is_text, is_text, is_text, is_text, is_text, is_text, is_number, is_text)
    after = decode_cursor("revenue", filters, cursor, shape)
    if after is None:
        since, until = _range(store, from_day, to_day)
    else:
        since, until = (date.fromisoformat(str(bound)) for bound in after[:2])
    page = list_revenue(
        store, customer, from_day=since, to_day=until, limit=limit, after=after[2:] if after else None
    )
    position = None if page.after is None else (since.isoformat(), until.isoformat(), *page.after)
    return json_response(
        RevenueList(
            customer,
            since.isoformat(),
            until.isoformat(),
            page.items,
            encode_cursor("revenue", filters, position),
        )
    )


_FormatOption = Annotated[
    ExportFormat | None,
    Query(alias="format", description="`csv` or `parquet`; without it what `Accept` asks for, else CSV."),
]
_CustomerOption = Annotated[Identifier | None, Query(description="Of this customer only.")]
_Accept = Annotated[str, Header(include_in_schema=False)]
_FILE = "CSV with a header, or Parquet; decimals in full, as text or as decimal256(76, 39)."


@router.get(
    "/exports/revenue",
    operation_id="export_revenue",
    summary="Export revenue",
    responses=gives_file({"text/csv": REVENUE_FILE, PARQUET: ""}, description=_FILE),
    response_class=Response,
)
def get_revenue_export(
    store: StoreDependency,
    from_day: FromDay = None,
    to_day: ToDay = None,
    file_format: _FormatOption = None,
    customer_id: _CustomerOption = None,
    accept: _Accept = "",
) -> Response:
    """Export revenue entries of a range of days over all customers, by their ids."""
    return _export(store, "revenue", (from_day, to_day), file_format or _asked_for(accept), customer_id)


@router.get(
    "/exports/journal",
    operation_id="export_journal",
    summary="Export the journal",
    responses=gives_file({"text/csv": JOURNAL_FILE, PARQUET: ""}, description=_FILE),
    response_class=Response,
)
def get_journal_export(
    store: StoreDependency,
    from_day: FromDay = None,
    to_day: ToDay = None,
    file_format: _FormatOption = None,
    customer_id: _CustomerOption = None,
    accept: _Accept = "",
) -> Response:
    """Export balanced double entries of a range of days over all customers, by their ids."""
    return _export(store, "journal", (from_day, to_day), file_format or _asked_for(accept), customer_id)


def _asked_for(accept: str) -> ExportFormat:
    return "parquet" if PARQUET in accept else "csv"


def _export(
    store: Store,
    kind: ExportKind,
    days: tuple[date | None, date | None],
    file_format: ExportFormat,
    customer_id: str | None,
) -> Response:
    since, until = _range(store, *days)
    if customer_id is None:
        groups = list(customer_groups(store))
    else:
        customer = get_customer(store, customer_id)
        groups = [] if customer is None else [CustomerGroup((customer.customer_id,), customer.customer_id)]
    name = f"{kind}-{since.isoformat()}-{until.isoformat()}.{file_format}"
    write = _write_csv if file_format == "csv" else _write_parquet
    # Written before it is answered: an export is whole, or an error.
    file = tempfile.SpooledTemporaryFile(SPOOLED_BYTES)  # noqa: SIM115 (closed once it is sent)
    try:
        write(file, kind, exported_rows(store, kind, groups, since, until))
    except BaseException:
        file.close()
        raise
    return StreamingResponse(
        _chunks(file),
        media_type=CSV if file_format == "csv" else PARQUET,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _write_csv(file: IO[bytes], kind: ExportKind, found: Iterator[Rows]) -> None:
    file.write(csv_header(kind))
    for rows in found:
        file.write(csv_lines(kind, rows))


def _write_parquet(file: IO[bytes], kind: ExportKind, found: Iterator[Rows]) -> None:
    with parquet_writer(kind, file) as writer:
        for rows in found:
            if rows:
                writer.write_table(parquet_table(kind, rows))


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _range(store: Store, from_day: date | None, to_day: date | None) -> tuple[date, date]:
    until = store.clock().date() + timedelta(days=1) if to_day is None else to_day
    since = (until - timedelta(days=1)).replace(day=1) if from_day is None else from_day
    if since >= until:
        raise text_fault("from", "it must be before `to`")
    return since, until


def _customer_id(store: Store, customer_id: str) -> str:
    customer = get_customer(store, customer_id)
    if customer is None:
        raise not_found("customer", customer_id)
    return customer.customer_id
