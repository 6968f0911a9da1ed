"""From the five columns of a batch, whoever read them, to validated events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from api.events.event_times import parse_event_times, window_faults
from api.events.identifiers import identifier_column
from api.events.model import EVENT_SCHEMA, DecodedEvents, EventLimits, Faults, FieldNames, Rejection
from api.events.properties import PropertyColumn


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Events as they were read, of the right types but not yet checked, and what was refused while reading.

    `positions` are the positions of the rows in the request or file. `event_times` are texts, or already
    instants (a timestamp array) where the source has such a type.
    """

    names: FieldNames
    event_ids: list[str]
    customer_ids: list[str]
    event_types: list[str]
    event_times: list[str] | pa.Array
    properties: PropertyColumn
    positions: list[int] | range
    rejections: tuple[Rejection, ...] = ()


def validate_events(columns: EventColumns, limits: EventLimits, now: datetime) -> DecodedEvents:
    """The events that may be stored, and a rejection for each other one: the first fault found in it.

    Checks run over whole columns; only a column in which something is wrong is looked at row by row.
    """
    names = columns.names
    longest = limits.max_identifier_length
    event_ids, event_id_faults = identifier_column(columns.event_ids, names.event_id, longest)
    customer_ids, customer_id_faults = identifier_column(columns.customer_ids, names.customer_id, longest)
    event_types, event_type_faults = identifier_column(columns.event_types, names.event_type, longest)
    times, time_faults = _instants(columns.event_times, names.event_time)
    late_faults = window_faults(times, names.event_time, limits, now)
    # Later ones overwrite earlier ones: an event with several faults is told the one of its first field.
    faults = columns.properties.faults | late_faults | time_faults
    faults = faults | event_type_faults | customer_id_faults | event_id_faults

    arrays = [event_ids, customer_ids, event_types, times, columns.properties.maps]
    table = pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA)
    total = table.num_rows + len(columns.rejections)
    if not faults:
        return DecodedEvents(table, columns.positions, columns.rejections, total)
    good = [row for row in range(table.num_rows) if row not in faults]
    refused = [faults[row].at(columns.positions[row]) for row in faults]
    return DecodedEvents(
        table=table.take(good) if good else table.slice(0, 0),
        positions=[columns.positions[row] for row in good],
        rejections=in_order([*columns.rejections, *refused]),
        total=total,
    )


def in_order(rejections: Sequence[Rejection]) -> tuple[Rejection, ...]:
    """Rejections by their position in the request."""
    return tuple(sorted(rejections, key=lambda rejection: rejection.index))


def _instants(values: list[str] | pa.Array, field: str) -> tuple[pa.Array, Faults]:
    return parse_event_times(values, field) if isinstance(values, list) else (values, {})
