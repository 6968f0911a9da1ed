"""Billing periods, worked by hand: each boundary is local midnight of the anchor day, written here in UTC."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from api.contracts import billing_periods
from api.contracts.periods import first_instant_of_day
from tests.oracle.instants import month_around


def at(text: str) -> datetime:
    """An instant written without seconds, in UTC."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def boundaries(
    starts: str, ends: str | None, timezone: str, anchor_day: int, until: str = "2026-01-01 00:00"
) -> list[str]:
    """The start of each period and the end of the last, in UTC; fails where periods do not touch."""
    periods = billing_periods(at(starts), None if ends is None else at(ends), timezone, anchor_day, at(until))
    assert [period.end for period in periods[:-1]] == [period.start for period in periods[1:]]
    instants = [periods[0].start, *(period.end for period in periods)]
    assert all(instant.tzinfo is UTC for instant in instants)
    return [f"{instant:%Y-%m-%d %H:%M}" for instant in instants]


def test_new_york_over_both_clock_changes() -> None:
    # Clocks go forward on 8 March 2026 and back on 1 November at 02:00: midnight of that day is still UTC−4.
    found = boundaries("2026-02-01 05:00", None, "America/New_York", 1, until="2026-11-20 00:00")
    assert found == [
        "2026-02-01 05:00",
        "2026-03-01 05:00",
        "2026-04-01 04:00",
        "2026-05-01 04:00",
        "2026-06-01 04:00",
        "2026-07-01 04:00",
        "2026-08-01 04:00",
        "2026-09-01 04:00",
        "2026-10-01 04:00",
        "2026-11-01 04:00",
        "2026-12-01 05:00",
    ]


def test_kolkata_is_five_and_a_half_hours_ahead() -> None:
    found = boundaries("2025-12-31 18:30", None, "Asia/Kolkata", 1, until="2026-02-28 18:30")
    assert found == ["2025-12-31 18:30", "2026-01-31 18:30", "2026-02-28 18:30"]


def test_lord_howe_changes_by_half_an_hour() -> None:
    # UTC+11 until 5 April 2026 02:00, then UTC+10:30.
    found = boundaries("2026-03-04 13:00", None, "Australia/Lord_Howe", 5, until="2026-05-30 00:00")
    assert found == ["2026-03-04 13:00", "2026-04-04 13:00", "2026-05-04 13:30", "2026-06-04 13:30"]


def test_anchor_31_is_clamped_and_comes_back_in_a_common_year() -> None:
    found = boundaries("2026-01-31 00:00", None, "UTC", 31, until="2026-05-30 00:00")
    assert found == [
        "2026-01-31 00:00",
        "2026-02-28 00:00",
        "2026-03-31 00:00",
        "2026-04-30 00:00",
        "2026-05-31 00:00",
    ]


def test_anchor_31_is_clamped_and_comes_back_in_a_leap_year() -> None:
    found = boundaries("2028-01-31 00:00", None, "UTC", 31, until="2028-03-01 00:00")
    assert found == ["2028-01-31 00:00", "2028-02-29 00:00", "2028-03-31 00:00"]


def test_anchor_30_in_february() -> None:
    found = boundaries("2026-01-30 00:00", None, "UTC", 30, until="2026-03-01 00:00")
    assert found == ["2026-01-30 00:00", "2026-02-28 00:00", "2026-03-30 00:00"]


def test_a_contract_that_starts_on_a_clamped_boundary() -> None:
    found = boundaries("2026-02-28 00:00", None, "UTC", 31, until="2026-03-01 00:00")
    assert found == ["2026-02-28 00:00", "2026-03-31 00:00"]


def test_the_first_period_starts_inside_a_month_and_the_last_ends_inside_one() -> None:
    found = boundaries("2026-01-20 10:15", "2026-03-03 07:00", "UTC", 15)
    assert found == ["2026-01-20 10:15", "2026-02-15 00:00", "2026-03-03 07:00"]


def test_a_contract_shorter_than_a_period_is_one_period() -> None:
    assert boundaries("2026-01-20 10:15", "2026-01-20 10:16", "Asia/Tokyo", 1) == [
        "2026-01-20 10:15",
        "2026-01-20 10:16",
    ]


def test_a_contract_that_ends_on_a_boundary_has_no_empty_period() -> None:
    found = boundaries("2026-01-01 00:00", "2026-03-01 00:00", "UTC", 1)
    assert found == ["2026-01-01 00:00", "2026-02-01 00:00", "2026-03-01 00:00"]


def test_the_local_day_decides_where_it_is_already_the_next_month() -> None:
    # 31 January 23:00 UTC is 1 February 12:00 in Auckland (UTC+13): the February period has begun.
    found = boundaries("2026-01-31 23:00", None, "Pacific/Auckland", 1, until="2026-02-01 00:00")
    assert found == ["2026-01-31 23:00", "2026-02-28 11:00"]


def test_one_millisecond_before_a_boundary_is_a_period_of_its_own() -> None:
    start = at("2026-01-31 23:59").replace(second=59, microsecond=999_000)
    periods = billing_periods(start, None, "UTC", 1, at("2026-02-10 00:00"))
    assert periods == [(start, at("2026-02-01 00:00")), (at("2026-02-01 00:00"), at("2026-03-01 00:00"))]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("2020-01-01 00:00", "2026-02-01 00:00"),
        ("2026-01-01 00:00", "2026-02-01 00:00"),
        ("2026-02-01 00:00", "2026-02-01 00:00"),
        ("2026-02-01 00:01", "2026-03-01 00:00"),
    ],
)
def test_an_open_contract_runs_to_the_first_boundary_at_or_after_until(until: str, last: str) -> None:
    assert boundaries("2026-01-01 00:00", None, "UTC", 1, until=until)[-1] == last


def test_an_end_counts_and_not_until() -> None:
    for until in ("2020-01-01 00:00", "2030-01-01 00:00"):
        found = boundaries("2026-01-01 00:00", "2026-02-10 00:00", "UTC", 1, until=until)
        assert found == ["2026-01-01 00:00", "2026-02-01 00:00", "2026-02-10 00:00"]


def test_sao_paulo_skips_midnight() -> None:
    # On 4 November 2018 clocks went from 00:00 (UTC−3) to 01:00 (UTC−2).
    found = boundaries("2018-10-04 03:00", None, "America/Sao_Paulo", 4, until="2018-11-30 00:00")
    assert found == ["2018-10-04 03:00", "2018-11-04 03:00", "2018-12-04 02:00"]


def test_beirut_skips_midnight_on_a_day_that_february_does_not_have() -> None:
    # On 29 March 2026 clocks go from 00:00 (UTC+2) to 01:00 (UTC+3).
    found = boundaries("2026-02-27 22:00", None, "Asia/Beirut", 29, until="2026-04-01 00:00")
    assert found == ["2026-02-27 22:00", "2026-03-28 22:00", "2026-04-28 21:00"]


def test_havana_has_midnight_twice_and_the_earlier_counts() -> None:
    # On 1 November 2026 clocks go from 01:00 (UTC−4) back to 00:00 (UTC−5).
    found = boundaries("2026-10-01 04:00", None, "America/Havana", 1, until="2026-11-30 00:00")
    assert found == ["2026-10-01 04:00", "2026-11-01 04:00", "2026-12-01 05:00"]


def test_a_gap_that_begins_before_midnight() -> None:
    # Toronto, 30 March 1919: from 23:30 (UTC−5) to 00:30 (UTC−4) of the 31st.
    found = first_instant_of_day(date(1919, 3, 31), ZoneInfo("America/Toronto"))
    assert found == at("1919-03-31 04:30")


def test_a_day_that_the_zone_left_out() -> None:
    # Apia went from the end of 29 December 2011 (UTC−10) to the start of the 31st (UTC+14).
    zone = ZoneInfo("Pacific/Apia")
    assert first_instant_of_day(date(2011, 12, 30), zone) == at("2011-12-30 10:00")
    assert first_instant_of_day(date(2011, 12, 31), zone) == at("2011-12-30 10:00")


@pytest.mark.parametrize("anchor_day", [1, 15, 28, 29, 30, 31])
@pytest.mark.parametrize(
    "timezone", ["UTC", "Europe/Berlin", "Africa/Cairo", "Pacific/Marquesas", "Asia/Kathmandu", "Asia/Tehran"]
)
def test_every_period_is_the_oracle_month(timezone: str, anchor_day: int) -> None:
    start, _ = month_around(at("2019-06-20 00:00"), timezone, anchor_day)
    periods = billing_periods(start, None, timezone, anchor_day, at("2029-01-01 00:00"))
    assert len(periods) > 110
    assert all(month_around(period.start, timezone, anchor_day) == period for period in periods)


def test_what_is_not_a_contract_is_refused() -> None:
    start = at("2026-01-01 00:00")
    for ends_at in (start, at("2025-12-31 00:00")):
        with pytest.raises(ValueError, match="is not after its start"):
            billing_periods(start, ends_at, "UTC", 1, start)
    for anchor_day in (0, 32):
        with pytest.raises(ValueError, match="is not from 1 to 31"):
            billing_periods(start, None, "UTC", anchor_day, start)
    with pytest.raises(ValueError, match="has no time zone"):
        billing_periods(start.replace(tzinfo=None), None, "UTC", 1, start)
    with pytest.raises(ZoneInfoNotFoundError):
        billing_periods(start, None, "Mars/Olympus", 1, start)
