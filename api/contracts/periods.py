"""Billing periods: months in a contract's time zone, as UTC rows, so that no query computes a boundary."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.instants import MILLISECOND


class BillingPeriod(NamedTuple):
    """One billing period, half-open `[start, end)`, both in UTC."""

    start: datetime
    end: datetime


def billing_periods(
    starts_at: datetime, ends_at: datetime | None, timezone: str, anchor_day: int, until: datetime
) -> list[BillingPeriod]:
    """Return the billing periods of a contract, in time order, without a gap (SEMANTICS §1).

    A boundary is the first instant of the anchor day in the IANA time zone; an anchor day that the month does
    not have is clamped to the month's end and comes back. The first period starts at `starts_at`, also inside
    a month. With an end, the last period ends at `ends_at`, and `until` makes no difference. Without one, the
    periods run to the first boundary at or after `until`; there is always at least one.

    Raises ValueError for an instant without a time zone, an anchor day outside 1..31, or an end that is not
    after the start; ZoneInfoNotFoundError for a time zone that does not exist.
    """
    for instant in (starts_at, ends_at, until):
        if instant is not None and instant.tzinfo is None:
            raise ValueError(f"the instant {instant} has no time zone")
    if not 1 <= anchor_day <= 31:
        raise ValueError(f"the anchor day {anchor_day} is not from 1 to 31")
    if ends_at is not None and ends_at <= starts_at:
        raise ValueError(f"the contract's end {ends_at} is not after its start {starts_at}")
    start = starts_at.astimezone(UTC)
    periods: list[BillingPeriod] = []
    for boundary in _boundaries_after(start, ZoneInfo(timezone), anchor_day):
        if ends_at is not None and boundary >= ends_at:
            return [*periods, BillingPeriod(start, ends_at.astimezone(UTC))]
        periods.append(BillingPeriod(start, boundary))
        if ends_at is None and boundary >= until:
            return periods
        start = boundary
    raise AssertionError("boundaries have no end")


def month_boundaries(start: datetime, until: datetime, timezone: str, anchor_day: int) -> list[datetime]:
    """Return the boundaries of full billing months, in UTC: from the last one at or before `start` to the first one at
    or after `until`."""
    # No month has more than 31 days, so one of them is at or before the start.
    found: list[datetime] = []
    for boundary in _boundaries_after(
        start.astimezone(UTC) - timedelta(days=40), ZoneInfo(timezone), anchor_day
    ):
        found = [boundary] if boundary <= start else [*found, boundary]
        if boundary >= until and boundary > start:
            return found
    raise AssertionError("boundaries have no end")


def _boundaries_after(start: datetime, zone: ZoneInfo, anchor_day: int) -> Iterator[datetime]:
    """Yield every boundary later than `start`, in time order."""
    local = start.astimezone(zone)
    month = local.year * 12 + local.month - 1
    while True:
        year, month_index = divmod(month, 12)
        day = min(anchor_day, monthrange(year, month_index + 1)[1])
        boundary = first_instant_of_day(date(year, month_index + 1, day), zone)
        if boundary > start:
            yield boundary
        month += 1


def first_instant_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant, in UTC, at which clocks in the zone show the day.

    A midnight that happens twice: the earlier one. A midnight that clocks skip: the instant of the change.
    A day that the zone skipped altogether: the instant of the change, too.
    """
    midnight = datetime.combine(day, time())
    # PEP 495: in a gap, fold 0 counts with the offset before the change and so lands at or after it, fold 1
    # with the offset after it and so lands before it. Elsewhere fold 0 is the midnight, the earlier if two.
    first = midnight.replace(tzinfo=zone).astimezone(UTC)
    before = midnight.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if before >= first:
        return first
    # Most gaps begin at midnight, and then `first` is the change. One that begins earlier in the evening is
    # searched for: the latest instant that still shows the day before, and the one after it.
    while first - before > MILLISECOND:
        middle = before + (first - before) // MILLISECOND // 2 * MILLISECOND
        if middle.astimezone(zone).date() < day:
            before = middle
        else:
            first = middle
    return first
