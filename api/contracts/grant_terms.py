"""What a grant becomes: its recurrences, and what is rolled over when one expires, each a grant of its own."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from api.contracts.document import Grant
from api.instants import LATEST

MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}
INTERVALS = (*DAYS, *MONTHS)
ROLLED_OVER = "+rollover"
"""What the id of a rollover has after its parent's."""
TOP_UP = "top-up-"
"""What the id of a top-up begins with; the contract's id and the top-up's number follow."""


@dataclass(frozen=True, slots=True)
class GivenGrant:
    """A grant as it is stored: `grant` without terms that make others.

    `recurring_grant_id` is the grant of the contract that it is a recurrence of, or empty. A rollover has its
    parent's id and cost, and `grant.amount` is the most that it can be.
    """

    grant: Grant
    recurring_grant_id: str = ""
    parent_grant_id: str = ""
    parent_paid: Decimal = Decimal(0)
    rollover_fraction: Decimal = Decimal(0)
    rollover_max: Decimal = Decimal(0)


def given_grants(grant: Grant, timezone: str, ends_at: datetime | None, until: datetime) -> list[GivenGrant]:
    """Return the grants that a contract's grant comes to, in the order of their starts.

    A recurring grant is given anew at each interval of its start, in the calendar of the time zone, as long as its
    recurrence says and the contract (`ends_at`) lasts, up to `until`. Each lasts as long as the first does: as many
    intervals if that is what it lasts, else the same time. One that expires may have a rollover, which starts then.
    """
    zone = ZoneInfo(timezone)
    found: list[GivenGrant] = []
    for one in _recurrences(grant, zone, ends_at, until):
        found.append(one)
        if grant.rollover is not None and one.grant.expires_at is not None:
            found.append(_rollover(one, grant, zone))
    return found


def _recurrences(
    grant: Grant, zone: ZoneInfo, ends_at: datetime | None, until: datetime
) -> Iterator[GivenGrant]:
    alone = replace(grant, recurrence=None, rollover=None)
    if grant.recurrence is None:
        yield GivenGrant(alone)
        return
    interval, lasting = grant.recurrence.interval, _intervals(grant, zone)
    for number in range(grant.recurrence.count or 1_000_000):
        start = _later(grant.effective_at, zone, interval, number)
        bounds = (ends_at, grant.recurrence.until, grant.voided_at, until, LATEST)
        if number and any(bound is not None and start >= bound for bound in bounds):
            return
        expires_at = None
        if grant.expires_at is not None and lasting:
            expires_at = _later(grant.effective_at, zone, interval, number + lasting)
        elif grant.expires_at is not None:
            expires_at = start + (grant.expires_at - grant.effective_at)
        name = f"{grant.grant_id}@{start.astimezone(zone):%Y-%m-%d}"
        given = replace(alone, grant_id=name, effective_at=start, expires_at=expires_at)
        yield GivenGrant(given, recurring_grant_id=grant.grant_id)


def _intervals(grant: Grant, zone: ZoneInfo) -> int:
    """Return how many intervals the grant lasts; 0 where it is no whole number of them."""
    if grant.expires_at is None or grant.recurrence is None:
        return 0
    number = 1
    while (end := _later(grant.effective_at, zone, grant.recurrence.interval, number)) < grant.expires_at:
        number += 1
    return number if end == grant.expires_at else 0


def _rollover(parent: GivenGrant, terms: Grant, zone: ZoneInfo) -> GivenGrant:
    expired = parent.grant
    if terms.rollover is None or expired.expires_at is None:
        raise AssertionError("only a grant with an end and a rollover has one")
    most = expired.amount if terms.rollover.max is None else terms.rollover.max
    given = replace(
        expired,
        grant_id=f"{expired.grant_id}{ROLLED_OVER}",
        amount=min(expired.amount, most),
        paid=Decimal(0),
        effective_at=expired.expires_at,
        expires_at=_shifted(expired.expires_at, zone, months=terms.rollover.months),
        source="rollover",
    )
    return GivenGrant(
        given,
        recurring_grant_id=parent.recurring_grant_id,
        parent_grant_id=expired.grant_id,
        parent_paid=expired.paid,
        rollover_fraction=terms.rollover.fraction,
        rollover_max=most,
    )


def _later(start: datetime, zone: ZoneInfo, interval: str, number: int) -> datetime:
    if interval in DAYS:
        return _shifted(start, zone, days=DAYS[interval] * number)
    return _shifted(start, zone, months=MONTHS[interval] * number)


def _shifted(start: datetime, zone: ZoneInfo, *, months: int = 0, days: int = 0) -> datetime:
    """Return the instant so much later by the zone's calendar and clocks; the 31st is the month's last day where
    there is none. A time that clocks skip is as much later as they skip, one that they show twice is the earlier."""
    if not months and not days:
        return start
    local = start.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=days)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day, tzinfo=zone).astimezone(UTC)
