"""The fields of a contract that say when: instants, durations and time zones."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files

from api.instants import EARLIEST, LATEST
from ratecard_compiler.errors import did_you_mean
from ratecard_compiler.fields import Fields

LONGEST_DURATION = timedelta(days=366)

_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})([dhms])")
_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_INSTANT_FIX = "write it like 2026-01-31T12:00:00Z or 2026-01-31T13:00:00+01:00"


def required_instant(fields: Fields, key: str) -> datetime | None:
    """Return an instant that must be there, as `instant` does."""
    if fields.get(key) is None:
        fields.missing(key, f"write `{key}: 2026-01-01T00:00:00Z`")
    return instant(fields, key)


def instant(fields: Fields, key: str) -> datetime | None:
    """Return an instant in UTC, exact to the calendar and the millisecond, from 2015 to 2100 (SEMANTICS §1).

    RFC 3339 with an offset. Both ends are included: an open end may be written as the last instant. What is finer
    than a millisecond is refused, not cut off: people write contracts, and a bound that moves would move the bill.
    None if the field is not there, or wrong and reported.
    """
    node = fields.scalar(key)
    if node is None:
        return None
    found = _parse(node.text)
    if isinstance(found, str):
        fields.errors.add("invalid_instant", node.place, fields.path_of(key), found, _INSTANT_FIX)
        return None
    if not EARLIEST <= found <= LATEST:
        fact = f"{node.text} is not from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}"
        fields.errors.add(
            "instant_out_of_range", node.place, fields.path_of(key), fact, "check the year; null means no end"
        )
        return None
    return found


def _parse(text: str) -> datetime | str:
    """Return the instant, or the fact that says why it is none."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        return f"{text[:60]!r} is not a date and time with an offset"
    fraction = (match[7] or "").ljust(9, "0")
    if fraction[3:] != "000000":
        return f"{text} is finer than a millisecond"
    year, month, day, hour, minute, second = (int(match[at]) for at in range(1, 7))
    offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
    try:
        local = datetime(year, month, day, hour, minute, second, int(fraction[:6]), tzinfo=UTC)
        return local + offset if match[8] == "-" else local - offset
    except (ValueError, OverflowError) as error:
        return f"{text} does not exist: {error}"


def duration(fields: Fields, key: str, default: timedelta) -> timedelta:
    """Return a duration such as `1d`, `36h`, `90m` or `30s`, of at most 366 days.

    The default if the field is not there, or wrong and reported.
    """
    node = fields.scalar(key)
    if node is None:
        return default
    path = fields.path_of(key)
    match = _DURATION.fullmatch(node.text)
    if match is None:
        fact = f"{node.text[:60]!r} is not a duration"
        fix = "write a whole number and d, h, m or s: `1d`, `36h`"
        fields.errors.add("invalid_duration", node.place, path, fact, fix)
        return default
    found = int(match[1]) * _UNITS[match[2]]
    if found > LONGEST_DURATION:
        fact = f"{node.text} is longer than {LONGEST_DURATION.days} days"
        fields.errors.add("number_out_of_range", node.place, path, fact, "write a shorter time")
        return default
    return found


def duration_text(length: timedelta) -> str:
    """Return the duration in the largest unit that is exact: `1d`, `36h`."""
    for letter, unit in _UNITS.items():
        if not length % unit:
            return f"{length // unit}{letter}"
    raise ValueError(f"the duration {length} is finer than a second")


def time_zone(fields: Fields, key: str, default: str) -> str:
    """Return the name of an IANA time zone; the default if it is not there, or wrong and reported."""
    node = fields.scalar(key)
    if node is None:
        return default
    known = _time_zones()
    if node.text in known:
        return node.text
    fact = f"there is no time zone {node.text[:60]!r}"
    fix = did_you_mean(node.text, known) if node.text else "write `UTC` or a name such as `Europe/Berlin`"
    fields.errors.add("unknown_time_zone", node.place, fields.path_of(key), fact, fix)
    return default


@cache
def _time_zones() -> frozenset[str]:
    # The list of the pinned package, not of the machine: a contract that one machine takes, every one takes.
    # "Factory" is in the database for machines whose zone is not set, and is no place.
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split()) - {"Factory"}
