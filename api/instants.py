"""Instants: UTC, in milliseconds, from 2015 to 2100 (SEMANTICS §1), and how they are read and written."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

EARLIEST: Final = datetime(2015, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_instant(text: str, *, cut: bool = False) -> datetime:
    """Read RFC 3339 with an offset as UTC, exact to the calendar.

    A leap second (`:60`) and `24:00:00` are none: both name an instant that has another name. What is finer than a
    millisecond is refused, or cut off if asked. Raises ValueError that goes on from the text: `is not …`, `does not
    exist: …`.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError("is not a date and time with an offset")
    fraction = (match[7] or "").ljust(9, "0")
    if fraction[3:] != "000000" and not cut:
        raise ValueError("is finer than a millisecond")
    year, month, day, hour, minute, second = (int(match[at]) for at in range(1, 7))
    offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
    try:
        local = datetime(year, month, day, hour, minute, second, int(fraction[:3]) * 1000, tzinfo=UTC)
        return local + offset if match[8] == "-" else local - offset
    except (ValueError, OverflowError) as error:
        raise ValueError(f"does not exist: {error}") from None


def check_bounds(instant: datetime) -> None:
    """Raise ValueError, which goes on from the text, for an instant that is not from 2015 to 2100."""
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"is not from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}")


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


def parse_day(text: str) -> date:
    """Read a day of the calendar, `2026-01-31`, within the years that are stored; ValueError says what is wrong."""
    if not _DAY.fullmatch(text):
        raise ValueError("write a day, for example 2026-01-31")
    day = date.fromisoformat(text)
    if not EARLIEST.date() <= day <= LATEST.date():
        raise ValueError(f"it must be from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}")
    return day
