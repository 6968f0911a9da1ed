"""Instants are written and counted to the millisecond, and come back as they were."""

from datetime import datetime, timedelta, timezone

import pytest

from api.instants import EARLIEST, LATEST, MILLISECOND, from_milliseconds, instant_text, milliseconds


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (EARLIEST, "2015-01-01T00:00:00Z"),
        (EARLIEST + MILLISECOND, "2015-01-01T00:00:00.001Z"),
        (LATEST, "2100-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2025-12-31T23:30:00Z"),
    ],
)
def test_an_instant_is_written_in_utc(instant: datetime, text: str) -> None:
    assert instant_text(instant) == text


@pytest.mark.parametrize("instant", [EARLIEST - MILLISECOND, EARLIEST, LATEST - MILLISECOND, LATEST])
def test_milliseconds_lose_nothing(instant: datetime) -> None:
    assert from_milliseconds(milliseconds(instant)) == instant
    assert milliseconds(instant + MILLISECOND) == milliseconds(instant) + 1
