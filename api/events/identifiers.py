"""The three texts that name an event: event id, customer id, event type."""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from api.events.model import EventError, Faults, shown

_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def identifier_column(values: list[str], field: str, max_length: int) -> tuple[pa.Array, Faults]:
    """A column of identifiers as an array of strings, and the faults by row: none may be empty, too long or
    hold a control character."""
    texts = pa.array(values, pa.string())
    if _all_plain(values, texts, max_length):
        return texts, {}
    faults = {}
    for row, value in enumerate(values):
        fault = _fault(value, field, max_length)
        if fault is not None:
            faults[row] = fault
    return texts, faults


def has_control_character(text: str) -> bool:
    return not text.isprintable() and _CONTROL_CHARACTER.search(text) is not None


def _all_plain(values: list[str], texts: pa.Array, max_length: int) -> bool:
    # Whole columns in C, and stricter than the rule: bytes are counted for characters, and `isprintable`
    # stops at a no-break space, too. So False only means that the values have to be looked at one by one.
    sizes = pc.min_max(pc.binary_length(texts)).as_py()
    return (sizes["min"] or 0) > 0 and sizes["max"] <= max_length and _all_printable_words(values)


def _all_printable_words(values: list[str]) -> bool:
    joined = "".join(values)
    return joined.isprintable() and (" " not in joined or all(value.strip() for value in values))


def _fault(value: str, field: str, max_length: int) -> EventError | None:
    if not value.strip():
        return EventError("empty_value", field, f"{field} is empty or blank; every event needs one.")
    if len(value) > max_length:
        message = f"{field} has {len(value)} characters, {max_length} are allowed; send a shorter one."
        return EventError("too_long", field, message)
    if has_control_character(value):
        message = f"{field} has a control character in it ({shown(ascii(value)[1:-1])}); remove it."
        return EventError("control_character", field, message)
    return None
