"""Exports of revenue and of the journal: documented columns, as CSV or Parquet, by the ids of customers."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from api.reads.customer_groups import CustomerGroup
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load

ExportKind = Literal["revenue", "journal"]
ExportFormat = Literal["csv", "parquet"]
KINDS: tuple[ExportKind, ...] = get_args(ExportKind)
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

AMOUNT = pa.decimal256(76, 39)
"""Amounts are exact: as in the views."""

_OF_WHAT = [
    pa.field("category", pa.string()),
    pa.field("product", pa.string()),
    pa.field("rate_card_version", pa.uint32()),
    pa.field("grant_id", pa.string()),
    pa.field("source_id", pa.string()),
]
SCHEMAS: dict[ExportKind, pa.Schema] = {
    "revenue": pa.schema(
        [
            pa.field("day", pa.date32()),
            pa.field("customer_id", pa.string()),
            pa.field("contract_id", pa.string()),
            *_OF_WHAT,
            pa.field("currency", pa.string()),
            pa.field("amount", AMOUNT),
        ]
    ),
    "journal": pa.schema(
        [
            pa.field("day", pa.date32()),
            pa.field("entry_id", pa.string()),
            pa.field("account", pa.string()),
            pa.field("debit", AMOUNT),
            pa.field("credit", AMOUNT),
            pa.field("currency", pa.string()),
            pa.field("customer_id", pa.string()),
            pa.field("contract_id", pa.string()),
            *_OF_WHAT,
        ]
    ),
}
"""The columns of each export, in their order; they are only ever added to, at the end."""

_QUERIES: dict[ExportKind, str] = {
    "revenue": "queries/reads/exported_revenue.sql",
    "journal": "queries/reads/exported_journal.sql",
}

Rows = Sequence[dict[str, Any]]


def exported_rows(
    store: Store, kind: ExportKind, groups: Iterable[CustomerGroup], from_day: date, to_day: date
) -> Iterator[Rows]:
    """Yield the rows of each group for `from_day <= day < to_day`, one group at a time: no more is held."""
    for group in groups:
        yield store.database.rows(
            load(_QUERIES[kind]),
            customer_ids=list(group.customer_ids),
            promised_to=group.promised_to,
            from_day=from_day,
            to_day=to_day,
        )


def csv_header(kind: ExportKind) -> bytes:
    """Return the first line of a CSV export."""
    return _csv([SCHEMAS[kind].names])


def csv_lines(kind: ExportKind, rows: Rows) -> bytes:
    """Return rows as lines of CSV: decimals in full, what does not apply is empty."""
    names = SCHEMAS[kind].names
    return _csv([_csv_value(row[name]) for name in names] for row in rows)


def _csv(lines: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def _csv_value(value: Any) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    return str(value) if value else ""


def rows_in(file: Path, file_format: str) -> int:
    """Return how many rows an exported file has."""
    if file_format == "parquet":
        rows: int = pq.read_metadata(file).num_rows
        return rows
    with file.open(encoding="utf-8", newline="") as text:
        return sum(1 for _ in csv.reader(text)) - 1


def parquet_table(kind: ExportKind, rows: Rows) -> pa.Table:
    """Return rows as a table for `parquet_writer`: decimal256(76, 39), what does not apply is empty or 0."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMAS[kind])


def parquet_writer(kind: ExportKind, sink: Any) -> pq.ParquetWriter:
    """Return a writer of a Parquet file; a group of customers is a row group."""
    return pq.ParquetWriter(sink, SCHEMAS[kind], compression="zstd")
