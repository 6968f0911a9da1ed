"""Event times: exact to the calendar, in columns.

RFC 3339 with an offset: `2026-01-31T23:59:59Z`, `2026-01-31T23:59:59.123+01:00`. Lower-case `t` and `z` are
read, as the RFC allows. A fraction may have up to nine digits; what is finer than a millisecond is cut off,
not rounded, so an event never moves into the next second or billing period. A leap second (`:60`) and
`24:00:00` are refused: both name an instant that has another name.

A column of texts is read at once by the cast of pyarrow, which takes a small part of the time of `parse_instant` a
text. Both take the same texts and read the same instants (of the years that a `datetime` has), held by a test.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from api.events.model import EventError, EventLimits, Faults, shown
from api.instants import MILLISECOND, milliseconds

MILLISECONDS: Final = pa.timestamp("ms", "UTC")

# The cast below knows the calendar but also takes `2026-01-01T00:00Z`, a space for the T and the offset
# `+01`, so the shape is checked apart from it. With this shape, only the date can still be wrong.
_OFFSET: Final = r"[+-](?:[01]\d|2[0-3]):[0-5]\d"
_SHAPE: Final = rf"^[12]\d{{3}}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{{1,3}})?(?:Z|{_OFFSET})$"
_WIDE_SHAPE: Final = re.compile(
    rf"(\d{{4}}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:(\.\d{{1,3}})\d{{0,6}})?([Zz]|{_OFFSET})", re.ASCII
)


def parse_event_times(values: list[str], field: str) -> tuple[pa.Array, Faults]:
    """Texts → an array of `timestamp('ms', 'UTC')`, and the faults by row. A faulty row is null in the
    array."""
    texts = pa.array(values, pa.string())
    fits = pc.match_substring_regex(texts, _SHAPE)
    if pc.all(fits, min_count=0).as_py():
        try:
            return pc.cast(texts, MILLISECONDS), {}
        except pa.ArrowInvalid:
            pass  # A date that is in no calendar: found below.
    impossible = {day for day in {value[:10] for value in values} if not _is_date(day)}
    narrowed: list[str | None] = []
    faults = {}
    for row, (value, fit) in enumerate(zip(values, fits.to_pylist(), strict=True)):
        try:
            narrowed.append(value if fit and value[:10] not in impossible else _narrow(value, field))
        except EventError as fault:
            narrowed.append(None)
            faults[row] = fault
    return pc.cast(pa.array(narrowed, pa.string()), MILLISECONDS), faults


def window_faults(times: pa.Array, field: str, limits: EventLimits, now: datetime) -> Faults:
    """The rows whose time is outside the window of SEMANTICS §1, by row; nulls are no concern of this
    function."""
    instants = pc.cast(times, pa.int64())
    bounds = pc.min_max(instants).as_py()
    earliest, latest = milliseconds(limits.earliest), milliseconds(limits.latest)
    oldest, newest = milliseconds(now - limits.max_late), milliseconds(now + limits.max_future)
    if bounds["min"] is None or (
        bounds["min"] >= max(earliest, oldest) and bounds["max"] <= min(latest - 1, newest)
    ):
        return {}
    faults = {}
    for row, instant in enumerate(instants.to_pylist()):
        if instant is None:
            continue
        if not earliest <= instant < latest:
            message = (
                f"{field} must be from {limits.earliest:%Y-%m-%d} up to before {limits.latest:%Y-%m-%d}; "
                "check its year and the unit it was made from."
            )
            faults[row] = EventError("event_time_out_of_range", field, message)
        elif instant > newest:
            message = (
                f"{field} is {_span(instant - milliseconds(now))} in the future; "
                f"{_span_of(limits.max_future)} is allowed: check the sender's clock and the offset."
            )
            faults[row] = EventError("event_in_future", field, message)
        elif instant < oldest:
            message = (
                f"{field} is {_span(milliseconds(now) - instant)} in the past; "
                f"{_span_of(limits.max_late)} is allowed: load older usage as a backfill."
            )
            faults[row] = EventError("event_too_late", field, message)
    return faults


def _narrow(value: str, field: str) -> str:
    """One time in the narrow shape that the cast reads: capitals, at most three decimals, a day that
    exists."""
    match = _WIDE_SHAPE.fullmatch(value)
    if match is None:
        message = (
            f"{field} {shown(value)} is not an RFC 3339 date and time with an offset; "
            "write it like 2026-01-31T12:00:00.000Z or 2026-01-31T13:00:00+01:00."
        )
        raise EventError("bad_event_time", field, message)
    day, hour, minute, second, fraction, offset = match.groups()
    try:
        date.fromisoformat(day)
        time(int(hour), int(minute), int(second))
    except ValueError as error:
        message = f"{field} {shown(value)} does not exist: {error}."
        raise EventError("bad_event_time", field, message) from None
    return f"{day}T{hour}:{minute}:{second}{fraction or ''}{offset.upper()}"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _span_of(duration: timedelta) -> str:
    return _span(duration // MILLISECOND)


def _span(length: int) -> str:
    """A duration for people: in the largest unit that leaves at least two of it, rounded down."""
    for name, size in (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000)):
        if length >= 2 * size:
            return f"{length // size} {name}"
    return f"{length} ms"
