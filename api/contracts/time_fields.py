"""The fields of a contract that say when: instants, durations and time zones."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

from api.instants import check_bounds, parse_instant
from ratecard_compiler.errors import did_you_mean
from ratecard_compiler.fields import Fields

LONGEST_DURATION = timedelta(days=366)

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
    try:
        found = parse_instant(node.text)
    except ValueError as fault:
        fact = f"{node.text[:60]!r} {fault}"
        fields.errors.add("invalid_instant", node.place, fields.path_of(key), fact, _INSTANT_FIX)
        return None
    try:
        check_bounds(found)
    except ValueError as fault:
        fact = f"{node.text} {fault}"
        fields.errors.add(
            "instant_out_of_range", node.place, fields.path_of(key), fact, "check the year; null means no end"
        )
        return None
    return found


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


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `36h`. ValueError says what is wrong with it."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("write a whole number and d, h, m or s: `90s`, `36h`")
    return int(match[1]) * _UNITS[match[2]]


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
    # Not all of so many names are compared: those of the same region come first, in an order that is always the same.
    region = node.text.partition("/")[0]
    nearest_first = sorted(known, key=lambda zone: (zone.partition("/")[0] != region, zone))
    fix = (
        did_you_mean(node.text, nearest_first)
        if node.text
        else "write `UTC` or a name such as `Europe/Berlin`"
    )
    fields.errors.add("unknown_time_zone", node.place, fields.path_of(key), fact, fix)
    return default


@cache
def _time_zones() -> frozenset[str]:
    # The list of the pinned package, not of the machine: a contract that one machine takes, every one takes.
    # "Factory" is in the database for machines whose zone is not set, and is no place.
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split()) - {"Factory"}
