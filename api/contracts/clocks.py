"""The clock changes of a time zone as rows, so that no query needs a calendar to know the day of an instant."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from api.instants import EARLIEST, LATEST, MILLISECOND

_STEP = timedelta(days=1)
_NO_TIME = timedelta(0)


def clock_changes(timezone: str) -> list[tuple[datetime, int]]:
    """Return from when on clocks are how many seconds ahead of UTC: from before the earliest instant that counts to the
    latest, in order. Two changes within a day that undo each other are not seen; no zone has had such since 2015."""
    zone = ZoneInfo(timezone)
    at = EARLIEST - _STEP
    found = [(at, _ahead(zone, at))]
    while at <= LATEST:
        later = at + _STEP
        if _ahead(zone, later) != found[-1][1]:
            found.append(_change(zone, at, later))
        at = later
    return found


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> tuple[datetime, int]:
    """Return the first instant at which the clocks show what they show at `after`."""
    ahead = _ahead(zone, after)
    while after - before > MILLISECOND:
        middle = before + (after - before) // 2
        middle -= timedelta(microseconds=middle.microsecond % 1000)
        if middle == before:
            break
        if _ahead(zone, middle) == ahead:
            after = middle
        else:
            before = middle
    return after, ahead


def _ahead(zone: ZoneInfo, at: datetime) -> int:
    return int((at.astimezone(zone).utcoffset() or _NO_TIME).total_seconds())
