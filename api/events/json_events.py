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
from api.events.model import EventError, EventLimits, FieldNames, Rejection, shown
from api.events.properties import (
    NestedValueError,
    PropertyValue,
    exact_number,
    number_fault,
    property_column,
)


class Event(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """An event in our own format."""

    event_id: str
    customer_id: str
    event_type: str
    event_time: str
    properties: dict[str, Any] = {}  # a Struct gives each instance its own empty dict


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
    properties: dict[str, Any] = {}  # a Struct gives each instance its own empty dict
    source: str = ""
    datacontenttype: str = ""
    dataschema: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to write events in JSON: its records, its field names, and which of those may be there."""

    names: FieldNames
    many: msgspec.json.Decoder[list[Event] | list[CloudEvent]]
    one: msgspec.json.Decoder[Event | CloudEvent]
    is_cloud_event: bool = False

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
        if len(events) == lines.count(b"\n") + 1:
            return _columns(events, dialect, limits, range(first, first + len(events)))
    except (*UNREADABLE, NestedValueError):
        pass
    return read_items([line for line in lines.split(b"\n") if line.strip()], dialect, limits, first)


def read_items(items: Sequence[bytes], dialect: Dialect, limits: EventLimits, first: int = 0) -> EventColumns:
    """Events that were cut apart before, each on its own, so that a faulty one leaves the others standing."""
    events: list[Event | CloudEvent] = []
    positions: list[int] = []
    rejections: list[Rejection] = []
    for position, item in enumerate(items, first):
        try:
            events.append(_read_item(item, dialect))
        except EventError as fault:
            rejections.append(fault.at(position))
        else:
            positions.append(position)
    return _columns(events, dialect, limits, positions, tuple(rejections))


def read_properties(text: bytes, field: str) -> dict[str, PropertyValue]:
    """A JSON object of properties; EventError if it is not one, or has a number that is not exact."""
    return dict(_exact_values(_open(text, field), field))


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
        properties=property_column([event.properties for event in events], dialect.names.properties, limits),
        positions=positions,
        rejections=rejections,
    )


def _read_item(item: bytes, dialect: Dialect) -> Event | CloudEvent:
    try:
        event = dialect.one.decode(item)
    except UNREADABLE:
        return _examine(item, dialect)
    nested = [name for name, value in event.properties.items() if isinstance(value, (dict, list))]
    if nested:
        field = dialect.names.properties
        raw = _open(bytes(_open(item, None)[field]), field)
        event.properties |= {name: _exact_value(raw[name], f"{field}.{name}") for name in nested}
    return event


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
