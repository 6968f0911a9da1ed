"""The edge: from the bytes of a request or a file to validated columns of events. No database, no HTTP."""

from api.events.decode import decode_events, gunzip
from api.events.files import read_event_file
from api.events.model import (
    EVENT_SCHEMA,
    REJECTION_CODES,
    REQUEST_CODES,
    BadRequest,
    DecodedEvents,
    EventLimits,
    Rejection,
)
from api.events.repeated_names import repeated_name

__all__ = [
    "EVENT_SCHEMA",
    "REJECTION_CODES",
    "REQUEST_CODES",
    "BadRequest",
    "DecodedEvents",
    "EventLimits",
    "Rejection",
    "decode_events",
    "gunzip",
    "read_event_file",
    "repeated_name",
]
