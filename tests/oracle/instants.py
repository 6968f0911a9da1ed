"""Instants in UTC with milliseconds, and billing periods in a contract's time zone (SEMANTICS §1)."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.exact import NotCovered

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC. ValueError: none; NotCovered: finer than a
    millisecond."""
    parsed = datetime.fromisoformat(text)
    if parsed.microsecond % 1000:
        raise NotCovered(f"an instant finer than a millisecond: {text}")
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def shown(at: datetime) -> str:
    """`2026-01-01T00:00:00Z`, with milliseconds only where there are any."""
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at.microsecond // 1000:03d}Z" if at.microsecond else f"{text}Z"


def month_around(at: datetime, timezone: str, anchor_day: int) -> tuple[datetime, datetime]:
    """The billing month `[start, end)` that holds `at`: from the anchor day's first instant in the time zone
    to the next one's. Anchor day 31 is clamped to the month's end and comes back."""
    local = at.astimezone(ZoneInfo(timezone))
    months = [local.year * 12 + local.month - 1 + offset for offset in (-1, 0, 1, 2)]
    anchors = [_anchor(month, timezone, anchor_day) for month in months]
    start = max(anchor for anchor in anchors if anchor <= at)
    return start, min(anchor for anchor in anchors if anchor > at)


def _anchor(month: int, timezone: str, anchor_day: int) -> datetime:
    year, month_index = divmod(month, 12)
    day = min(anchor_day, monthrange(year, month_index + 1)[1])
    # Where midnight is skipped, this is the instant of the change: still the day's first.
    return datetime(year, month_index + 1, day, tzinfo=ZoneInfo(timezone)).astimezone(UTC)
