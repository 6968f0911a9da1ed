"""Instants: UTC, in milliseconds, from 2015 to 2100 (SEMANTICS §1), and how they are written."""

from datetime import UTC, datetime, timedelta
from typing import Final

EARLIEST: Final = datetime(2015, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def instant_text(value: datetime) -> str:
    """Write an instant as RFC 3339 in UTC, with milliseconds only where it has any."""
    text = value.astimezone(UTC).isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def milliseconds(value: datetime) -> int:
    """Return an instant as milliseconds since 1970, the form in which queries take it."""
    return (value - _EPOCH) // MILLISECOND


def from_milliseconds(value: int) -> datetime:
    """Return the instant that many milliseconds after 1970."""
    return _EPOCH + value * MILLISECOND
