"""What the columns of a table of events are: the four fields, and the properties in one of two forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.events.model import BadRequest, FieldNames

FIELDS = FieldNames()
REQUIRED = (FIELDS.event_id, FIELDS.customer_id, FIELDS.event_type, FIELDS.event_time)


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the property columns; or, with none of them, whether one column holds all properties."""

    property_columns: tuple[str, ...]
    has_properties: bool


def read_header(names: Sequence[str]) -> Header:
    """BadRequest `bad_columns` if a field is missing, a name is empty or there twice, or properties have two
    forms."""
    seen = set()
    for name in names:
        if not name.strip():
            raise bad_columns("A column has no name; name it, or remove it.")
        if name in seen:
            raise bad_columns(f"Column {name} is there twice; rename or remove one.")
        seen.add(name)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise bad_columns(f"Column {missing[0]} is missing; the file has {', '.join(names)}.")
    others = tuple(name for name in names if name not in REQUIRED)
    if FIELDS.properties in others and len(others) > 1:
        other = next(name for name in others if name != FIELDS.properties)
        message = f"Column {other} stands beside properties; keep properties, or a column for each of them."
        raise bad_columns(message)
    return Header(() if FIELDS.properties in others else others, FIELDS.properties in others)


def bad_columns(message: str) -> BadRequest:
    return BadRequest("bad_columns", message)
