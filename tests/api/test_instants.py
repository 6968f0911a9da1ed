"""Instants are read, written and counted to the millisecond, and come back as they were."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from api.events.event_times import parse_event_times
from api.instants import (
    EARLIEST,
    LATEST,
    MILLISECOND,
    from_milliseconds,
    instant_text,
    milliseconds,
    parse_instant,
)

INSTANTS = {
    "2026-01-31T10:00:00Z": datetime(2026, 1, 31, 10, tzinfo=UTC),
    "2026-01-31t10:00:00z": datetime(2026, 1, 31, 10, tzinfo=UTC),
    "2026-01-31T10:00:00+14:00": datetime(2026, 1, 30, 20, tzinfo=UTC),
    "2026-01-31T10:00:00-00:00": datetime(2026, 1, 31, 10, tzinfo=UTC),
    "2026-01-31T00:30:00-23:59": datetime(2026, 2, 1, 0, 29, tzinfo=UTC),
    "2024-02-29T23:59:59.999Z": datetime(2024, 2, 29, 23, 59, 59, 999_000, tzinfo=UTC),
    "2026-01-31T10:00:00.5Z": datetime(2026, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC),
    "2026-01-31T10:00:00.120000000Z": datetime(2026, 1, 31, 10, 0, 0, 120_000, tzinfo=UTC),
    "0001-01-01T00:00:00Z": datetime(1, 1, 1, tzinfo=UTC),
    "9999-12-31T23:59:59Z": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
}
FINER = {
    "2026-01-31T23:59:59.9999Z": datetime(2026, 1, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    "2026-01-31T23:59:59.000000001+01:00": datetime(2026, 1, 31, 22, 59, 59, tzinfo=UTC),
}
NONE = [
    "",
    "yesterday",
    "1767225600",
    "2026-01-31",
    "2026-01-31T10:00:00",
    "2026-01-31T10:00Z",
    "2026-01-31 10:00:00Z",
    "2026-01-31T10:00:00+01",
    "2026-01-31T10:00:00+0100",
    "2026-01-31T10:00:00+24:00",
    "2026-01-31T10:00:00+01:60",
    "2026-01-31T24:00:00Z",
    "2026-01-31T23:59:60Z",
    "2026-01-31T10:60:00Z",
    "2026-02-29T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "12026-01-31T10:00:00Z",
    "2026-01-31T10:00:00.Z",
    "2026-01-31T10:00:00,5Z",
    "2026-01-31T10:00:00.1234567890Z",
    "2026-01-31T10:00:00Z\n",
    " 2026-01-31T10:00:00Z",
    "20\u0662\u0666-01-31T10:00:00Z",
    "2026-W05-6T10:00:00Z",
]


@pytest.mark.parametrize("text", INSTANTS)
def test_an_instant_is_read(text: str) -> None:
    assert parse_instant(text) == parse_instant(text, cut=True) == INSTANTS[text]


@pytest.mark.parametrize("text", FINER)
def test_what_is_finer_than_a_millisecond_is_cut_off_only_if_asked(text: str) -> None:
    assert parse_instant(text, cut=True) == FINER[text]
    with pytest.raises(ValueError, match="finer than a millisecond"):
        parse_instant(text)


@pytest.mark.parametrize("text", NONE)
def test_a_text_that_is_no_instant_is_refused(text: str) -> None:
    for cut in (False, True):
        with pytest.raises(ValueError, match=r"is not|does not exist"):
            parse_instant(text, cut=cut)


def test_columns_of_event_times_are_read_as_one_instant_is() -> None:
    good = INSTANTS | FINER
    texts = [*good, *NONE]
    read, faults = parse_event_times(texts, "event_time")
    assert [milliseconds(good[text]) for text in good] == read.cast("int64").to_pylist()[: len(good)]
    assert {texts[row] for row in faults} == set(NONE)
    for text in texts:
        [alone], faults = parse_event_times([text], "event_time")
        found = None if faults else alone.cast("int64").as_py()
        assert found == (milliseconds(good[text]) if text in good else None), text


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
