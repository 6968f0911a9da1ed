"""Events in JSON: the fast way for a batch in which all is well, the careful way for the event that is not.

The fast way decodes a batch in C into typed records. What it cannot decide, or where it stumbles, is read
again event by event by `read_items`, which has the last word: it opens an event field by field, keeps every
number as it was written and can say which field is at fault.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from api.events.columns import EventColumns
from api.events.json_text import UNREADABLE, mend, offset, reason
from api.events.model import EventError, EventLimits, Faults, FieldNames, Rejection, shown
from api.events.properties import (
    NestedValueError,
    PropertyValue,
    exact_number,
    number_fault,
    property_column,
)
from api.events.repeated_names import may_repeat, repeated_name


class Event(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """An event in our own format."""

    event_id: str
    customer_id: str
    event_type: str
    event_time: str
    properties: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class CloudEvent(
    msgspec.Struct,
    gc=False,
    forbid_unknown_fields=True,
    rename={
        "event_id": "id",
        "customer_id": "subject",
        "event_type": "type",
        "event_time": "time",
        "properties": "data",
    },
):
    """An event in the JSON format of CloudEvents 1.0, without extension attributes (those take the careful
    way)."""

    specversion: Literal["1.0"]
    event_id: str
    customer_id: str
    event_type: str
    event_time: str
    properties: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    source: str | msgspec.UnsetType = msgspec.UNSET
    datacontenttype: str | msgspec.UnsetType = msgspec.UNSET
    dataschema: str | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to write events in JSON: its records, its field names, and which of those may be there."""

    names: FieldNames
    many: msgspec.json.Decoder[list[Event] | list[CloudEvent]]
    one: msgspec.json.Decoder[Event | CloudEvent]
    is_cloud_event: bool = False
    optional: tuple[str, ...] = ("properties",)
    """The fields of its records that may be absent."""

    @property
    def required(self) -> tuple[str, str, str, str]:
        return (self.names.event_id, self.names.customer_id, self.names.event_type, self.names.event_time)


PLAIN: Final = Dialect(
    FieldNames(),
    msgspec.json.Decoder(list[Event], float_hook=exact_number),
    msgspec.json.Decoder(Event, float_hook=exact_number),
)
CLOUD_EVENTS: Final = Dialect(
    FieldNames("id", "subject", "type", "time", "data"),
    msgspec.json.Decoder(list[CloudEvent], float_hook=exact_number),
    msgspec.json.Decoder(CloudEvent, float_hook=exact_number),
    is_cloud_event=True,
    optional=("properties", "source", "datacontenttype", "dataschema"),
)

_RAW: Final = msgspec.json.Decoder(msgspec.Raw)
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_CLOUD_EVENT_ATTRIBUTES: Final = frozenset({"specversion", "source", "datacontenttype", "dataschema"})
_EXTENSION_NAME: Final = re.compile(r"[a-z0-9]+")
_NESTED: Final = (b"{", b"[")
_NUMBER_MARK: Final = b"0e271828182845"
_HALF_MARK: Final = rb"\ufdd0"


def read_array_fast(
    body: bytes, dialect: Dialect, limits: EventLimits, first: int = 0
) -> EventColumns | None:
    """The events of a JSON array as columns; None if it takes a closer look."""
    try:
        events = dialect.many.decode(body)
        if may_repeat(body, _count_names(events, dialect)):
            return None
        return _columns(events, dialect, limits, range(first, first + len(events)))
    except (*UNREADABLE, NestedValueError):
        return None


def read_lines(lines: bytes, dialect: Dialect, limits: EventLimits, first: int = 0) -> EventColumns:
    """Events one a line; blank lines are skipped and not counted. `first` is the position of the first
    event."""
    lines = lines.rstrip()
    try:
        events = dialect.one.decode_lines(lines)
        # The decoder takes two events on a line as well, and one over two lines: neither is one event a line.
        is_one_a_line = len(events) == lines.count(b"\n") + 1
        if is_one_a_line and not may_repeat(lines, _count_names(events, dialect)):
            return _columns(events, dialect, limits, range(first, first + len(events)))
    except (*UNREADABLE, NestedValueError):
        pass
    return read_items([line for line in lines.split(b"\n") if line.strip()], dialect, limits, first)


def read_items(items: Sequence[bytes], dialect: Dialect, limits: EventLimits, first: int = 0) -> EventColumns:
    """Events that were cut apart before, each on its own, so that a faulty one leaves the others standing."""
    events: dict[int, Event | CloudEvent] = {}
    faults: Faults = {}
    decoded: list[int] = []
    for row, item in enumerate(items):
        try:
            event = _decode_item(item, dialect)
            if event is not None:
                decoded.append(row)
            events[row] = event or _examine(item, dialect)
        except EventError as fault:
            faults[row] = fault
    if may_repeat(
        b"".join([items[row] for row in decoded]), _count_names([events[row] for row in decoded], dialect)
    ):
        for row in decoded:
            try:
                _refuse_repeated(items[row])
            except EventError as fault:
                faults[row] = fault
                del events[row]
    rejections = tuple(faults[row].at(first + row) for row in sorted(faults))
    positions = [first + row for row in events]
    return _columns(list(events.values()), dialect, limits, positions, rejections)


def read_properties(text: bytes, field: str) -> dict[str, PropertyValue]:
    """A JSON object of properties; EventError if it is not one, or has a number that is not exact."""
    values = dict(_exact_values(_open(text, field), field))
    _refuse_repeated(text, f"{field}.")
    return values


def _columns(
    events: Sequence[Event | CloudEvent],
    dialect: Dialect,
    limits: EventLimits,
    positions: list[int] | range,
    rejections: tuple[Rejection, ...] = (),
) -> EventColumns:
    return EventColumns(
        names=dialect.names,
        event_ids=[event.event_id for event in events],
        customer_ids=[event.customer_id for event in events],
        event_types=[event.event_type for event in events],
        event_times=[event.event_time for event in events],
        properties=property_column(
            [event.properties or {} for event in events], dialect.names.properties, limits
        ),
        positions=positions,
        rejections=rejections,
    )


def _count_names(events: Sequence[Event | CloudEvent], dialect: Dialect) -> int:
    """How many names the JSON objects of events have, without those of nested values."""
    names = len(events) * (len(dialect.required) + dialect.is_cloud_event + len(dialect.optional))
    for field in dialect.optional:
        names -= [getattr(event, field) for event in events].count(msgspec.UNSET)
    return names + sum(map(len, [event.properties for event in events if event.properties]))


def _decode_item(item: bytes, dialect: Dialect) -> Event | CloudEvent | None:
    """One event at once; None if it takes a closer look, because of a fault or a nested value."""
    try:
        event = dialect.one.decode(item)
    except UNREADABLE:
        return None
    values = event.properties.values() if event.properties else ()
    return None if any(isinstance(value, (dict, list)) for value in values) else event


def _refuse_repeated(text: bytes, prefix: str = "") -> None:
    name = repeated_name(text)
    if name is not None:
        message = (
            f"{prefix}{name} is given more than once, and only one of the values would count; send it once."
        )
        raise EventError("duplicate_field", f"{prefix}{name}", message)


def _examine(item: bytes, dialect: Dialect) -> Event:
    """One event opened field by field, or its first fault."""
    fields = _open(item, None, dialect.names.properties)
    if dialect.is_cloud_event:
        _check_cloud_event(fields)
    else:
        _check_names(fields, (*dialect.required, dialect.names.properties))
    event_id, customer_id, event_type, event_time = [_text_field(fields, name) for name in dialect.required]
    properties = fields.get(dialect.names.properties)
    values = {} if properties is None else read_properties(bytes(properties), dialect.names.properties)
    _refuse_repeated(item)
    return Event(event_id, customer_id, event_type, event_time, values)


def _check_names(fields: dict[str, msgspec.Raw], known: tuple[str, ...]) -> None:
    for name in fields:
        if name not in known:
            hint = " CloudEvents have a content type of their own." if name == "specversion" else ""
            message = f"{shown(name)} is not a field of an event, which has {', '.join(known)}.{hint}"
            raise EventError("unknown_field", name, message)


def _check_cloud_event(fields: dict[str, msgspec.Raw]) -> None:
    """Extension attributes are legal and ignored; an attribute that cannot be one is a mistake."""
    if _text_field(fields, "specversion") != "1.0":
        message = (
            f"specversion is {shown(_text_field(fields, 'specversion'))}; only CloudEvents 1.0 are read."
        )
        raise EventError("bad_specversion", "specversion", message)
    names = CLOUD_EVENTS.names
    known = _CLOUD_EVENT_ATTRIBUTES | {*CLOUD_EVENTS.required, names.properties}
    for name, value in fields.items():
        if name in known:
            continue
        if _EXTENSION_NAME.fullmatch(name) is None or bytes(value).startswith(_NESTED):
            message = (
                f"{shown(name)} cannot be an attribute of a CloudEvent; send properties as an object in data."
            )
            raise EventError("unknown_field", name, message)


def _text_field(fields: dict[str, msgspec.Raw], name: str) -> str:
    raw = fields.get(name)
    if raw is None:
        raise EventError("missing_field", name, f"{name} is missing; every event needs one.")
    return _text(raw, name)


def _text(raw: msgspec.Raw, field: str) -> str:
    try:
        return _TEXT.decode(raw)
    except msgspec.ValidationError:
        message = f"{field} is {_kind(bytes(raw))}; it must be a string."
        raise EventError("wrong_type", field, message) from None
    except UnicodeDecodeError:
        raise _invalid_utf8(field) from None


def _exact_values(properties: dict[str, msgspec.Raw], field: str) -> list[tuple[str, PropertyValue]]:
    return [(name, _exact_value(raw, f"{field}.{name}")) for name, raw in properties.items()]


def _exact_value(raw: msgspec.Raw, place: str) -> PropertyValue:
    """A property's value, numbers in the text in which they were sent. Objects and arrays are compact JSON
    text."""
    text = bytes(raw)
    if text.startswith(b'"'):
        return _text(raw, place)
    if text.startswith(_NESTED):
        try:
            return msgspec.json.format(text, indent=-1).decode()
        except RecursionError:
            raise _too_deep(place) from None
        except UnicodeDecodeError:
            raise _invalid_utf8(place) from None
    if text in (b"true", b"false"):
        return text == b"true"
    if text == b"null":
        return None
    try:
        number = exact_number(text.decode())
    except ValueError:
        raise number_fault(text.decode(), place) from None
    return "0" if number == "-0" else number


def _open(text: bytes, field: str | None, properties: str | None = None) -> dict[str, msgspec.Raw]:
    """A JSON object with its values unread. `field` is its place in the event (None: it is the event);
    `properties` is the one of its fields in which a fault is looked for one level deeper."""
    try:
        return _FIELDS.decode(text)
    except msgspec.ValidationError:
        raise _not_an_object(text, field) from None
    except RecursionError:
        raise _too_deep(field) from None
    except UnicodeDecodeError:
        raise _invalid_utf8(field) from None
    except msgspec.DecodeError as error:
        raise _broken(text, error, field, properties) from None


def _broken(text: bytes, error: Exception, field: str | None, properties: str | None) -> EventError:
    """The fault of an object that is not JSON: one of the pieces that can be named, or where the reader gave
    up."""
    mended = mend(text, number=_NUMBER_MARK, half=_HALF_MARK)
    try:
        fields = _FIELDS.decode(mended)
    except msgspec.ValidationError:
        return _not_an_object(text, field)
    except UNREADABLE:
        return _malformed(text, error, field)
    if mended.count(_NUMBER_MARK) > text.count(_NUMBER_MARK):
        place = _place(fields, _NUMBER_MARK, field, properties)
        message = (
            f"{place or 'A value'} is NaN or infinite, which is no JSON; send a number, or leave it out."
        )
        return EventError("bad_number", place, message)
    place = _place(fields, _HALF_MARK, field, properties)
    message = f"{place or 'A text'} has half of a surrogate pair in it, which is no character; remove it."
    return EventError("invalid_text", place, message)


def _place(
    fields: dict[str, msgspec.Raw], mark: bytes, field: str | None, properties: str | None
) -> str | None:
    """The field whose value has the mark in it; None where it is a name that has."""
    for name, raw in fields.items():
        if mark not in bytes(raw):
            continue
        place = name if field is None else f"{field}.{name}"
        if name == properties and bytes(raw).startswith(b"{"):
            try:
                return _place(_FIELDS.decode(raw), mark, place, None)
            except UnicodeDecodeError:
                return place
        return place
    return field


def _not_an_object(text: bytes, field: str | None) -> EventError:
    try:
        # The decoder stops at the first byte that no object begins with, before it has seen the rest.
        _RAW.decode(mend(text))
    except UNREADABLE as error:
        return _malformed(text, error, field)
    if field is None:
        return EventError("not_an_object", None, f"The event is {_kind(text)}; it must be a JSON object.")
    return EventError("wrong_type", field, f"{field} is {_kind(text)}; it must be an object of properties.")


def _malformed(text: bytes, error: Exception, field: str | None) -> EventError:
    column = len(text[: offset(error, text)].decode("utf-8", "replace")) + 1
    message = f"{field or 'The line'} is not JSON at column {column}: {reason(error)}."
    return EventError("malformed_json", field, message)


def _too_deep(field: str | None) -> EventError:
    return EventError("too_deeply_nested", field, f"{field or 'The event'} is nested too deeply; flatten it.")


def _invalid_utf8(field: str | None) -> EventError:
    return EventError(
        "invalid_text", field, f"{field or 'The event'} is not valid UTF-8; encode it as UTF-8."
    )


def _kind(text: bytes) -> str:
    kinds = {
        b'"': "a string",
        b"{": "an object",
        b"[": "an array",
        b"t": "a boolean",
        b"f": "a boolean",
        b"n": "null",
    }
    return kinds.get(text.lstrip()[:1], "a number")
