"""Event properties: values of any sender become text, and a batch of them one map column.

A number is text as it was sent, never a float: quantities are exact from the first byte (SEMANTICS §2). What
a text means is not asked here; `"abc"` for a quantity is `bad_quantity` when it is rated (SEMANTICS §3).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, chain
from operator import call, itemgetter
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from api.events.identifiers import has_control_character
from api.events.model import EventError, EventLimits, Faults, shown

PropertyValue = str | int | bool | Decimal | dict[str, Any] | list[Any] | None
"""None is an absent property. JSON numbers with a decimal point arrive as the text they were written in. An
object or an array is not a value yet: it must be replaced by its text (`NestedValueError`)."""

Rows = list[dict[str, PropertyValue]]

_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_INTEGER_BOUND: Final = 10**15


class NestedValueError(Exception):
    """A property holds an object or an array: its numbers are exact only in the JSON text as it was sent."""


class _UnfitError(Exception):
    """Something in the batch is not as it must be; which row it is, is found row by row."""


class _Layout(NamedTuple):
    """How events with the same property names become part of the map column."""

    pick: Callable[[Mapping[str, PropertyValue]], tuple[PropertyValue, ...]]
    """The values in the order of the sorted names."""
    indices: bytes
    """The sorted names as int32 positions in the batch's list of names."""
    size: int


class _Layouts(dict[tuple[str, ...], _Layout]):
    """The layouts of a batch. It has few of them, however many events, so the work per name is done here
    once."""

    def __init__(self, limits: EventLimits) -> None:
        super().__init__()
        self.limits = limits
        self.positions: dict[str, int] = {}

    def __missing__(self, shape: tuple[str, ...]) -> _Layout:
        limits = self.limits
        if len(shape) > limits.max_properties or any(_bad_name(name, limits) for name in shape):
            raise _UnfitError
        names = sorted(shape)
        # With one name, itemgetter would return the bare value; with none, it does not exist.
        pick = itemgetter(*names) if len(names) > 1 else _values
        positions = [self.positions.setdefault(name, len(self.positions)) for name in names]
        layout = self[shape] = _Layout(pick, array("i", positions).tobytes(), len(names))
        return layout


@dataclass(frozen=True, slots=True)
class PropertyColumn:
    """The properties of a batch: `map<string, string>` with sorted keys, and the faults by row (an empty map
    there)."""

    maps: pa.MapArray
    faults: Faults


def property_column(rows: Rows, field: str, limits: EventLimits) -> PropertyColumn:
    """The properties of events, an absent property for each null. `field` is what the sender calls them."""
    try:
        return PropertyColumn(_flatten(rows, limits), {})
    except _UnfitError:
        pass
    faults: Faults = {}
    sound: Rows = []
    for row, properties in enumerate(rows):
        try:
            _check(properties, field, limits)
            sound.append(properties)
        except EventError as fault:
            faults[row] = fault
            sound.append({})
    return PropertyColumn(_flatten(sound, limits), faults)


def exact_number(text: str) -> str:
    """A JSON number that is kept exactly, as written; ValueError if it has an exponent or too many digits.

    `text` is a number in the grammar of JSON. Fits `float_hook`: the value never becomes a float.
    """
    # Up to 11 characters of JSON number cannot have too many digits: that leaves the exponent to look for.
    if len(text) <= 11 and "e" not in text and "E" not in text:
        return text
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return text


def number_fault(text: str, field: str) -> EventError:
    """The fault of a number that cannot be kept exactly."""
    message = (
        f"{field} is the number {shown(text)[1:-1]}; a number has at most 15 integer digits and 9 decimals "
        "and no exponent. Send an identifier as a string, and a quantity rounded to 9 decimals."
    )
    return EventError("bad_number", field, message)


def _flatten(rows: Rows, limits: EventLimits) -> pa.MapArray:
    layouts = _Layouts(limits)
    chosen = list(map(layouts.__getitem__, map(tuple, rows)))
    values = list(chain.from_iterable(map(call, [layout.pick for layout in chosen], rows)))
    items = _strings(values)
    if items.null_count:
        present: Rows = [{name: value for name, value in row.items() if value is not None} for row in rows]
        return _flatten(present, limits)
    if (pc.max(pc.binary_length(items)).as_py() or 0) > limits.max_property_value_bytes:
        raise _UnfitError
    indices = pa.py_buffer(b"".join([layout.indices for layout in chosen]))
    positions = pa.Array.from_buffers(pa.int32(), len(values), [None, indices])
    names = pc.take(pa.array(list(layouts.positions), pa.string()), positions)
    offsets = pa.array(list(accumulate([layout.size for layout in chosen], initial=0)), pa.int32())
    return pa.MapArray.from_arrays(offsets, names, items)


def _strings(values: list[PropertyValue]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        # Not all of them are text yet; pyarrow does not convert numbers on its own.
        return pa.array([value if type(value) is str else _text(value) for value in values], pa.string())


def _values(properties: Mapping[str, PropertyValue]) -> tuple[PropertyValue, ...]:
    return tuple(properties.values())


def _text(value: PropertyValue) -> str | None:
    """The text of one value; `_UnfitError` if it is a number that cannot be kept exactly."""
    # The commonest first: this runs for every integer of every event.
    if type(value) is int:
        if -_INTEGER_BOUND < value < _INTEGER_BOUND:
            return str(value)
        raise _UnfitError
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _decimal_text(value)
    raise NestedValueError


def _decimal_text(value: Decimal) -> str:
    """Plain digits. A column of a wide scale fills up with zeros: those after the ninth decimal say
    nothing."""
    text = f"{value:f}"
    point = text.find(".")
    if point >= 0 and len(text) - point - 1 > 9:
        text = text[: point + 10] + text[point + 10 :].rstrip("0")
    if _NUMBER.fullmatch(text) is None:
        raise _UnfitError
    return text


def _check(properties: dict[str, PropertyValue], field: str, limits: EventLimits) -> None:
    """EventError if these are the properties of one event that `_flatten` stumbled over."""
    if len(properties) > limits.max_properties:
        message = (
            f"{field} has {len(properties)} entries, {limits.max_properties} are allowed; leave some out."
        )
        raise EventError("too_many_properties", field, message)
    for name in properties:
        if _bad_name(name, limits):
            message = (
                f"{field} has an entry named {shown(ascii(name)[1:-1])}; a name has 1 to "
                f"{limits.max_property_name_length} characters and no control character."
            )
            raise EventError("bad_property_name", field, message)
    for name, value in properties.items():
        place = f"{field}.{name}"
        try:
            text = _text(value)
        except _UnfitError:
            raise number_fault(_digits(value), place) from None
        size = len((text or "").encode())
        if size > limits.max_property_value_bytes:
            message = f"{place} has {size} bytes, {limits.max_property_value_bytes} are allowed; send less."
            raise EventError("too_long", place, message)


def _bad_name(name: str, limits: EventLimits) -> bool:
    return not name or len(name) > limits.max_property_name_length or has_control_character(name)


def _digits(value: object) -> str:
    # Python refuses to print an integer of thousands of digits; its size says enough.
    if isinstance(value, int) and value.bit_length() > 1_000:
        return "of more than 300 digits"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
