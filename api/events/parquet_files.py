"""Parquet of events. Its types are checked once for the whole file: what is not exact does not come in.

Identifiers are strings; the time is a timestamp with a zone, or RFC 3339 text; a property is a string, an
integer, a decimal, a boolean or a date. A float is refused: it has no exact value to bill by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from api.events.columns import EventColumns
from api.events.event_times import MILLISECONDS
from api.events.json_events import read_properties
from api.events.model import BadRequest, EventError, EventLimits, Rejection
from api.events.properties import PropertyValue, Rows, property_column
from api.events.table_header import FIELDS, REQUIRED, Header, bad_columns, read_header

_READABLE_AS_TEXT: Final = (types.is_date, types.is_null)
_EXACT: Final = (types.is_integer, types.is_decimal, types.is_boolean)


def read_parquet(
    path: Path, limits: EventLimits, batch_rows: int, batch_bytes: int
) -> Iterator[EventColumns]:
    """Batches of at most `batch_rows` rows and about `batch_bytes` bytes. BadRequest `bad_columns` for a type
    that is not exact, `malformed_file` for what is not Parquet."""
    with path.open("rb") as stream:
        try:
            file = pq.ParquetFile(stream)
            header = read_header(file.schema_arrow.names)
            _check_types(file.schema_arrow, header)
            first = 0
            for batch in file.iter_batches(batch_size=batch_rows):
                # Of wide rows fewer at a time, so that the texts of a batch stay small.
                step = max(1, min(batch_rows, batch.num_rows * batch_bytes // max(batch.nbytes, 1)))
                for start in range(0, batch.num_rows, step):
                    part = batch.slice(start, step)
                    yield _columns(part, header, limits, first)
                    first += part.num_rows
        except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
            # A broken page is an OSError of pyarrow's own and has no number; the system's errors pass.
            if isinstance(error, OSError) and error.errno is not None:
                raise
            message = f"The file cannot be read as Parquet: {error}."
            raise BadRequest("malformed_file", message) from None


def _check_types(schema: pa.Schema, header: Header) -> None:
    for name in REQUIRED[:3]:
        if not _is_text(schema.field(name).type):
            raise bad_columns(f"Column {name} is {schema.field(name).type}; it must be a string.")
    time = schema.field(FIELDS.event_time).type
    if not (_is_text(time) or (types.is_timestamp(time) and time.tz is not None)):
        raise bad_columns(
            f"Column {FIELDS.event_time} is {time}; it must be a timestamp with a zone, or RFC 3339 text."
        )
    for name in header.property_columns:
        _check_property_type(schema.field(name).type, name)
    if header.has_properties:
        _check_properties_type(schema.field(FIELDS.properties).type)


def _check_properties_type(kind: pa.DataType) -> None:
    if types.is_struct(kind):
        for child in kind:
            _check_property_type(child.type, f"{FIELDS.properties}.{child.name}")
    elif types.is_map(kind):
        if not _is_text(kind.key_type):
            raise bad_columns(f"Column properties has keys of type {kind.key_type}; they must be strings.")
        _check_property_type(kind.item_type, FIELDS.properties)
    elif not _is_text(kind):
        raise bad_columns(f"Column properties is {kind}; it must be a map, a struct, or a string of JSON.")


def _check_property_type(kind: pa.DataType, name: str) -> None:
    if types.is_floating(kind):
        message = (
            f"Column {name} is {kind}, which has no exact value; store a decimal, an integer or a string."
        )
        raise bad_columns(message)
    if not (_is_text(kind) or any(check(kind) for check in (*_READABLE_AS_TEXT, *_EXACT))):
        message = f"Column {name} is {kind}; store a string, an integer, a decimal, a boolean or a date."
        raise bad_columns(message)


def _is_text(kind: pa.DataType) -> bool:
    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _columns(batch: pa.RecordBatch, header: Header, limits: EventLimits, first: int) -> EventColumns:
    fields = {name: _field(batch.column(name)) for name in REQUIRED}
    faults: dict[int, EventError] = {}
    for name, values in fields.items():
        for row in pc.indices_nonzero(pc.is_null(values)).to_pylist() if values.null_count else []:
            message = f"{name} is missing; every event needs one."
            faults.setdefault(row, EventError("missing_field", name, message))
    properties = _properties(batch, header, faults)
    good = [row for row in range(batch.num_rows) if row not in faults]
    texts = {name: values.take(pa.array(good, pa.int64())) for name, values in fields.items()}
    times = texts[FIELDS.event_time]
    rejections: list[Rejection] = [fault.at(first + row) for row, fault in sorted(faults.items())]
    return EventColumns(
        names=FIELDS,
        event_ids=texts[FIELDS.event_id].to_pylist(),
        customer_ids=texts[FIELDS.customer_id].to_pylist(),
        event_types=texts[FIELDS.event_type].to_pylist(),
        event_times=times if types.is_timestamp(times.type) else times.to_pylist(),
        properties=property_column([properties[row] for row in good], FIELDS.properties, limits),
        positions=[first + row for row in good],
        rejections=tuple(rejections),
    )


def _field(values: pa.Array) -> pa.Array:
    """Text as plain strings; instants in whole milliseconds UTC, what is finer cut off as in a text."""
    if types.is_timestamp(values.type):
        return pc.cast(values, options=pc.CastOptions(MILLISECONDS, allow_time_truncate=True))
    return pc.cast(values, pa.string())


def _properties(batch: pa.RecordBatch, header: Header, faults: dict[int, EventError]) -> Rows:
    """One dict of values a row; a row whose JSON text is not an object of properties is added to the
    faults."""
    if not header.has_properties:
        return _rows(
            header.property_columns, [batch.column(name) for name in header.property_columns], batch.num_rows
        )
    column = batch.column(FIELDS.properties)
    if types.is_struct(column.type):
        return _rows([child.name for child in column.type], column.flatten(), batch.num_rows)
    if types.is_map(column.type):
        as_value = _converter(column.type.item_type)
        return [{name: as_value(value) for name, value in pairs or ()} for pairs in column.to_pylist()]
    rows: Rows = []
    for row, text in enumerate(pc.cast(column, pa.string()).to_pylist()):
        try:
            rows.append(read_properties(text.encode(), FIELDS.properties) if text else {})
        except EventError as fault:
            faults.setdefault(row, fault)
            rows.append({})
    return rows


def _rows(names: tuple[str, ...] | list[str], columns: list[pa.Array], count: int) -> Rows:
    if not columns:
        return [{} for _ in range(count)]
    values = [map(_converter(column.type), column.to_pylist()) for column in columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _converter(kind: pa.DataType) -> Callable[[Any], PropertyValue]:
    """What makes of pyarrow's Python value a property's value; None stays None."""
    return _date_text if types.is_date(kind) else _same


def _same(value: PropertyValue) -> PropertyValue:
    return value


def _date_text(value: Any) -> PropertyValue:
    return None if value is None else str(value.isoformat())
