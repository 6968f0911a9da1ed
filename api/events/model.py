"""What goes in and comes out of the edge: limits, accepted events as columns, and what was refused and why.

Errors are data. `Rejection` refuses one event and leaves the rest of its batch standing; `BadRequest` refuses
a whole request or file, because nothing in it can be trusted or because it is too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa

from api.instants import EARLIEST, LATEST

EVENT_SCHEMA: Final = pa.schema(
    [
        ("event_id", pa.string()),
        ("customer_id", pa.string()),
        ("event_type", pa.string()),
        ("event_time", pa.timestamp("ms", "UTC")),
        ("properties", pa.map_(pa.string(), pa.string())),
    ]
)

REJECTION_CODES: Final[dict[str, str]] = {
    "malformed_json": "The line is not JSON.",
    "malformed_row": "The CSV row has more or fewer cells than the header.",
    "not_an_object": "An event must be a JSON object.",
    "too_deeply_nested": "The event's JSON is nested too deeply to be read.",
    "event_too_large": "The line is longer than an event may be.",
    "invalid_text": "A text is not valid Unicode: invalid UTF-8, or half of a surrogate pair.",
    "missing_field": "A required field is absent.",
    "unknown_field": "The event has a field that does not exist, perhaps a misspelt one; it is not ignored.",
    "duplicate_field": "A name is given more than once in one JSON object; none of its values is taken.",
    "wrong_type": "A field has another type than it must have.",
    "empty_value": "A required text is empty.",
    "too_long": "A text is longer than allowed.",
    "control_character": "An identifier has a control character in it.",
    "bad_specversion": "A CloudEvent's specversion must be 1.0.",
    "bad_event_time": "The event's time is not RFC 3339 with an offset, or in no calendar.",
    "event_time_out_of_range": "The event's time is outside the years this installation stores.",
    "event_in_future": "The event's time lies further in the future than a clock may be wrong.",
    "event_too_late": "The event is older than late events may be.",
    "bad_number": "A number cannot be kept exactly: at most 15 integer digits and 9 decimals, no exponent.",
    "bad_property_name": "A property's name is empty, too long, or has a control character in it.",
    "too_many_properties": "The event has more properties than allowed.",
}
"""Why one event is refused: code → what it means. Part of the API's contract; the documentation prints it."""

REQUEST_CODES: Final[dict[str, str]] = {
    "no_events": "The request or file holds no event.",
    "too_many_events": "The request holds more events than one request may.",
    "body_too_large": "The request is larger than one request may be, before or after decompression.",
    "unsupported_media_type": "The content type, its charset or the file's ending is not one that is read.",
    "malformed_gzip": "The body says that it is gzip and is not.",
    "malformed_json": "The body is not JSON; the message names line and column.",
    "unexpected_json": "The body is JSON, but not an event, an array of events or an object with `events`.",
    "too_deeply_nested": "The body's JSON is nested too deeply to be read.",
    "malformed_file": "The file cannot be read as what its ending says it is.",
    "bad_columns": "The file's columns are not those of events, or one has a type that is not exact.",
}
"""Why a whole request or file is refused: code → what it means."""


@dataclass(frozen=True, slots=True)
class EventLimits:
    """What one request, and one event, may be. Sizes in bytes are of UTF-8; lengths are in characters.

    `max_events` and `max_bytes` bound a request (in a file, `max_bytes` bounds one line). The window of event
    times is SEMANTICS §1: `earliest ≤ event_time < latest`, at most `max_future` ahead of now and `max_late`
    behind it.
    """

    max_events: int = 10_000
    max_bytes: int = 5 * 1024 * 1024
    max_late: timedelta = timedelta(days=400)
    max_future: timedelta = timedelta(minutes=5)
    earliest: datetime = EARLIEST
    latest: datetime = LATEST
    max_identifier_length: int = 256
    max_properties: int = 256
    max_property_name_length: int = 256
    max_property_value_bytes: int = 8 * 1024


@dataclass(frozen=True, slots=True)
class Rejection:
    """One refused event: its position in the request (from 0), a code of `REJECTION_CODES`, the field as the
    sender named it (None where no one field is at fault), and a message that says what is wrong and how to
    mend it."""

    index: int
    code: str
    field: str | None
    message: str


@dataclass(frozen=True, slots=True)
class DecodedEvents:
    """The good events as a table of `EVENT_SCHEMA`, the request position of each of its rows, and the refused
    ones.

    Every one of the `total` events is either a row or a rejection. Rejections are in the order of their
    positions.
    """

    table: pa.Table
    positions: list[int] | range
    rejections: tuple[Rejection, ...]
    total: int


@dataclass(frozen=True, slots=True)
class FieldNames:
    """What the sender calls the five parts of an event, so that a message names the field that they wrote."""

    event_id: str = "event_id"
    customer_id: str = "customer_id"
    event_type: str = "event_type"
    event_time: str = "event_time"
    properties: str = "properties"


class EventError(Exception):
    """One event is refused; becomes a `Rejection` once its position is known."""

    def __init__(self, code: str, field: str | None, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message

    def at(self, index: int) -> Rejection:
        return Rejection(index, self.code, self.field, self.message)


Faults = dict[int, EventError]
"""The refused rows of a batch, by row."""


class BadRequest(Exception):  # the name of the HTTP answer that it becomes
    """The whole request or file is refused. `status` is the HTTP status (400, 413 or 415), `code` one of
    `REQUEST_CODES`; `line` and `column` (from 1) are known where a place in the text is to blame."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.line = line
        self.column = column


def shown(text: str) -> str:
    """A sender's text inside a message: quoted, and cut where it is long."""
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}…'"
