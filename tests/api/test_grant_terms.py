"""What a contract's grant comes to: its recurrences and rollovers, by the calendar of the contract's time zone."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from api.contracts.document import Grant, Recurrence, Rollover
from api.contracts.grant_terms import given_grants

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
FAR = datetime(2027, 1, 1, tzinfo=UTC)
GRANT = Grant("g", "credit", Decimal(10), Decimal(9), 1, JANUARY, None, None, (), (), "purchase")


def given(
    grant: Grant, timezone: str = "UTC", ends_at: datetime | None = None, until: datetime = FAR
) -> list[tuple[str, str, str]]:
    return [
        (
            one.grant.grant_id,
            f"{one.grant.effective_at:%m-%d %H:%M}",
            "never" if one.grant.expires_at is None else f"{one.grant.expires_at:%m-%d %H:%M}",
        )
        for one in given_grants(grant, timezone, ends_at, until)
    ]


def test_a_plain_grant_is_itself_however_late_it_starts() -> None:
    assert given(GRANT, until=JANUARY) == [("g", "01-01 00:00", "never")]


def test_recurrences_end_by_count_by_instant_with_the_contract_and_where_nobody_looks() -> None:
    monthly = replace(GRANT, recurrence=Recurrence("month"))
    march, february = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    names = ["g@2026-01-01", "g@2026-02-01"]
    counted = replace(GRANT, recurrence=Recurrence("month", count=2))
    bounded = replace(GRANT, recurrence=Recurrence("month", until=march))
    assert [name for name, _, _ in given(counted)] == names
    assert [name for name, _, _ in given(bounded)] == names
    assert [name for name, _, _ in given(monthly, ends_at=march)] == names
    assert [name for name, _, _ in given(monthly, until=march)] == names
    assert [name for name, _, _ in given(replace(monthly, voided_at=march))] == names
    assert [name for name, _, _ in given(replace(monthly, voided_at=february))] == names[:1]


def test_the_31st_comes_back_and_a_night_without_its_hour_is_later() -> None:
    last = replace(
        GRANT, effective_at=datetime(2026, 1, 31, tzinfo=UTC), recurrence=Recurrence("month", count=3)
    )
    assert [start for _, start, _ in given(last)] == ["01-31 00:00", "02-28 00:00", "03-31 00:00"]
    # 02:30 does not exist on 29 March in Berlin: 03:30 there, 01:30 UTC.
    night = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    daily = replace(GRANT, effective_at=night, recurrence=Recurrence("day", count=3))
    assert [start for _, start, _ in given(daily, "Europe/Berlin")] == [
        "03-28 01:30",
        "03-29 01:30",
        "03-30 00:30",
    ]


def test_each_lasts_as_many_intervals_or_as_long_as_the_first() -> None:
    monthly = replace(GRANT, recurrence=Recurrence("month", count=2))
    two_months = replace(monthly, expires_at=datetime(2026, 3, 1, tzinfo=UTC))
    ten_days = replace(monthly, expires_at=datetime(2026, 1, 11, tzinfo=UTC))
    assert [end for _, _, end in given(two_months)] == ["03-01 00:00", "04-01 00:00"]
    assert [end for _, _, end in given(ten_days)] == ["01-11 00:00", "02-11 00:00"]


def test_a_rollover_of_each_recurrence_with_its_cost_and_its_most() -> None:
    terms = Rollover(Decimal("0.5"), Decimal(4), 1)
    expiring = replace(GRANT, expires_at=datetime(2026, 1, 31, tzinfo=UTC), rollover=terms)
    first, rolled = given_grants(replace(expiring, recurrence=Recurrence("year", count=1)), "UTC", None, FAR)
    assert first.grant.grant_id == rolled.parent_grant_id == "g@2026-01-01"
    assert rolled.grant.grant_id == "g@2026-01-01+rollover"
    assert rolled.grant.effective_at == first.grant.expires_at
    assert rolled.grant.expires_at == datetime(2026, 2, 28, tzinfo=UTC)
    assert (rolled.grant.amount, rolled.grant.paid, rolled.parent_paid) == (
        Decimal(4),
        Decimal(0),
        Decimal(9),
    )
    assert rolled.grant.source == "rollover"
