"""Event times: the calendar, the offsets, and the window of SEMANTICS §1."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from api.events import EventLimits, decode_events
from tests.api.test_event_decoding import (
    JSON,
    NDJSON,
    NOW,
    decode,
    event,
    only_rejection,
)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31t10:00:00z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T10:00:00+14:00", datetime(2026, 1, 30, 20, tzinfo=UTC)),
        ("2026-01-31T10:00:00-00:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T00:30:00-23:59", datetime(2026, 2, 1, 0, 29, tzinfo=UTC)),
        ("2026-01-31T10:00:00.5Z", datetime(2026, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T23:59:59.999999999Z", datetime(2026, 1, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        ("2026-01-31T23:59:59.999999+00:00", datetime(2026, 1, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        ("2026-02-01T12:05:00Z", NOW + timedelta(minutes=5)),
        ("2024-12-28T12:00:00.000Z", NOW - timedelta(days=400)),
    ],
)
def test_event_times(text: str, instant: datetime) -> None:
    # With and without another event beside it that sends the whole column the careful way.
    for others in ([], [event(event_time="2026-02-30T00:00:00Z")]):
        decoded = decode(json.dumps([event(event_time=text), *others]))
        assert decoded.table["event_time"].to_pylist() == [instant]


def test_a_leap_day_is_known() -> None:
    limits = EventLimits(max_late=timedelta(days=4000))
    times = ["2024-02-29T00:00:00Z", "2025-02-29T00:00:00Z", "2026-02-29T00:00:00Z"]
    body = json.dumps([event(event_id=time, event_time=time) for time in times])
    decoded = decode_events(body.encode(), JSON, limits, datetime(2026, 6, 1, tzinfo=UTC))
    assert decoded.table["event_id"].to_pylist() == ["2024-02-29T00:00:00Z"]
    assert [r.code for r in decoded.rejections] == ["bad_event_time", "bad_event_time"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-01-31",
        "2026-01-31T10:00:00",
        "2026-01-31 10:00:00Z",
        "2026-01-31T10:00Z",
        "2026-01-31T10:00:00+01",
        "2026-01-31T10:00:00+0100",
        "2026-01-31T10:00:00+24:00",
        "2026-01-31T10:00:00+01:60",
        "2026-01-31T24:00:00Z",
        "2026-01-31T23:59:60Z",
        "2026-01-31T10:60:00Z",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-1-1T00:00:00Z",
        "+2026-01-31T10:00:00Z",
        "12026-01-31T10:00:00Z",
        "2026-01-31T10:00:00.Z",
        "2026-01-31T10:00:00,5Z",
        "2026-01-31T10:00:00.1234567890Z",
        "2026-01-31T10:00:00Z\n",
        " 2026-01-31T10:00:00Z",
        "20\u0662\u0666-01-31T10:00:00Z",
        "2026-W05-6T10:00:00Z",
        "1767225600",
    ],
)
def test_times_that_are_none(text: str) -> None:
    for content_type in (JSON, NDJSON):
        rejection = only_rejection(json.dumps(event(event_time=text)), content_type)
        assert (rejection.code, rejection.field) == ("bad_event_time", "event_time")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("0001-01-01T00:00:00Z", "event_time_out_of_range", "2015-01-01"),
        ("2014-12-31T23:59:59.999Z", "event_time_out_of_range", "2015-01-01"),
        ("2100-01-01T00:00:00Z", "event_time_out_of_range", "2100-01-01"),
        ("9999-12-31T23:59:59-23:00", "event_time_out_of_range", "2100-01-01"),
        ("2026-02-01T12:05:00.001Z", "event_in_future", "5 minutes"),
        ("2099-12-31T23:59:59Z", "event_in_future", "days in the future"),
        ("2024-12-28T11:59:59.999Z", "event_too_late", "400 days"),
    ],
)
def test_the_window_of_event_times(text: str, code: str, words: str) -> None:
    rejection = only_rejection(json.dumps(event(event_time=text)))
    assert (rejection.code, rejection.field) == (code, "event_time")
    assert words in rejection.message
