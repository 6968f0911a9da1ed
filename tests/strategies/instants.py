"""The time in which random scenarios happen."""

from datetime import UTC, datetime, timedelta
from random import Random

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 6, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def text(at: datetime) -> str:
    """An instant as text, always with milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def moment(random: Random, start: datetime, end: datetime) -> datetime:
    """An instant in `[start, end)`, to the millisecond."""
    return start + MILLISECOND * random.randrange((end - start) // MILLISECOND)
