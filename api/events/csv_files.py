"""CSV of events: UTF-8, comma, a header. Every cell is text, so every number in it is exact.

An empty cell of a property column is an absent property. A column `properties` holds a JSON object instead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from api.events.columns import EventColumns
from api.events.json_events import read_properties
from api.events.model import BadRequest, EventError, EventLimits, Rejection
from api.events.properties import PropertyValue, Rows, property_column
from api.events.table_header import FIELDS, REQUIRED, Header, read_header

Row = list[str]


def read_csv(
    stream: BinaryIO, limits: EventLimits, batch_rows: int, batch_characters: int
) -> Iterator[EventColumns]:
    """Batches of at most `batch_rows` rows. A row that does not fit the header is a rejection; quoting that
    is broken is BadRequest `malformed_file` with its line, because from there on no cell is certain."""
    # Bytes that are not UTF-8 come through as half surrogates, to be refused with the row that they are in.
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            names = next(reader, None)
            if names is None:
                return
            header = read_header(names)
            first = 0
            for rows in _batches(reader, batch_rows, batch_characters):
                yield _columns(names, header, rows, limits, first)
                first += len(rows)
        except csv.Error as error:
            line = reader.line_num
            message = f"The file is not CSV at line {line}: {error}. Check the quotes before it."
            raise BadRequest("malformed_file", message, line=line) from None


def _batches(reader: Iterable[Row], batch_rows: int, batch_characters: int) -> Iterator[list[Row]]:
    rows: list[Row] = []
    size = 0
    for row in reader:
        if not row:
            continue
        rows.append(row)
        size += sum(map(len, row))
        if len(rows) >= batch_rows or size >= batch_characters:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _columns(names: Row, header: Header, rows: list[Row], limits: EventLimits, first: int) -> EventColumns:
    good: list[Row] = []
    properties: Rows = []
    positions: list[int] = []
    rejections: list[Rejection] = []
    places = [(name, names.index(name)) for name in header.property_columns]
    properties_place = names.index(FIELDS.properties) if header.has_properties else None
    for position, row in enumerate(rows, first):
        try:
            _check(row, names)
            if properties_place is None:
                found: dict[str, PropertyValue] = {name: row[place] for name, place in places if row[place]}
            else:
                found = _read_cell(row[properties_place])
        except EventError as fault:
            rejections.append(fault.at(position))
        else:
            good.append(row)
            properties.append(found)
            positions.append(position)
    event_ids, customer_ids, event_types, event_times = (
        [row[place] for row in good] for place in map(names.index, REQUIRED)
    )
    return EventColumns(
        names=FIELDS,
        event_ids=event_ids,
        customer_ids=customer_ids,
        event_types=event_types,
        event_times=event_times,
        properties=property_column(properties, FIELDS.properties, limits),
        positions=positions,
        rejections=tuple(rejections),
    )


def _check(row: Row, names: Row) -> None:
    if len(row) != len(names):
        message = f"The row has {len(row)} cells, the header {len(names)}; quote cells with commas in them."
        raise EventError("malformed_row", None, message)
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        field = next(name for name, cell in zip(names, row, strict=True) if not _is_unicode(cell))
        raise EventError(
            "invalid_text", field, f"{field} is not valid UTF-8; save the file as UTF-8."
        ) from None


def _is_unicode(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_cell(cell: str) -> dict[str, PropertyValue]:
    return read_properties(cell.encode(), FIELDS.properties) if cell else {}
