"""Roll-ups: sums behind a watermark, the rest from the ledger, and never a total that depends on where the cut is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from api.operations.amend import amend_event, void_event
from api.operations.reconcile import reconcile
from api.operations.rollup import correct_sums, discard_uncommitted, roll_up
from api.operations.verify import verify
from api.store import Store
from tests.conftest import Engine
from tests.database.billing import JANUARY, card, count, event, publish, send, set_up, total
from tests.sql import statements_of

SQL = statements_of("rollup")

TORN = SQL("torn")


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    with engine.store() as opened:
        set_up(opened)
        yield opened
        assert [check for check in verify(opened) if check.offending] == []


def test_a_roll_up_changes_no_total(store: Store) -> None:
    send(store, event("e1", 3), event("e2", 4, at="2026-01-06T12:00:00Z"))
    assert (roll_up(store, worthwhile_entries=1), total(store)) == (1, Decimal("0.70"))
    assert count(store, "usage_hourly") == 2
    send(store, event("e3", 5))
    assert total(store) == Decimal("1.20")
    assert (roll_up(store, worthwhile_entries=1), total(store)) == (1, Decimal("1.20"))
    assert (roll_up(store, worthwhile_entries=1), count(store, "usage_hourly")) == (0, 3)


def test_a_period_with_little_that_is_new_is_left_alone(store: Store) -> None:
    send(store, *(event(f"e{number}") for number in range(9)))
    assert roll_up(store, worthwhile_entries=10) == 0
    send(store, event("e9"))
    assert roll_up(store, worthwhile_entries=10) == 1
    assert total(store) == Decimal("1.00")


def test_a_period_is_rolled_up_for_itself(store: Store) -> None:
    """January has enough to be rolled up, February has not, and then the other way round."""
    send(store, *(event(f"a{number}") for number in range(5)))
    send(store, *(event(f"b{number}", at="2026-02-05T12:00:00Z") for number in range(2)))
    assert roll_up(store, worthwhile_entries=5) == 1
    send(store, event("a9"), *(event(f"c{number}", at="2026-02-06T12:00:00Z") for number in range(5)))
    assert roll_up(store, worthwhile_entries=5) == 1
    assert (total(store), total(store, "2026-02-01")) == (Decimal("0.60"), Decimal("0.70"))


def test_what_comes_later_for_a_rolled_up_hour_counts(store: Store) -> None:
    send(store, event("e1", 3), event("e2", 4))
    roll_up(store, worthwhile_entries=1)
    amend_event(store, "c1", "e1", None, {"units": "10"})
    void_event(store, "c1", "e2")
    assert total(store) == Decimal("1.00")
    roll_up(store, worthwhile_entries=1)
    assert total(store) == Decimal("1.00")
    publish(store, card('{model: per_unit, unit_amount: "0.50"}'), JANUARY)
    assert total(store) == Decimal("5.00")
    roll_up(store, worthwhile_entries=1)
    store.database.command(SQL("merge"))
    assert total(store) == Decimal("5.00")


def test_an_hour_that_cancels_out_leaves_no_line(store: Store) -> None:
    send(store, event("e1", 3))
    roll_up(store, worthwhile_entries=1)
    void_event(store, "c1", "e1")
    roll_up(store, worthwhile_entries=1)
    store.database.command(SQL("merge"))
    assert (total(store), count(store, "invoice_lines")) == (Decimal("0.00"), 0)


def test_sums_that_were_not_committed_count_for_nothing(store: Store) -> None:
    """What a kill between the sums and their commit leaves: not billed, and gone at the next roll-up or start."""
    send(store, event("e1", 3))
    roll_up(store, worthwhile_entries=1)
    store.database.command(TORN)
    assert total(store) == Decimal("0.30")
    discard_uncommitted(store)
    assert (count(store, "usage_hourly"), total(store)) == (1, Decimal("0.30"))
    store.database.command(TORN)
    send(store, event("e2", 4))
    assert (roll_up(store, worthwhile_entries=1), total(store)) == (1, Decimal("0.70"))


DAMAGES = {
    "none": (),
    "sums are off": (SQL("raise_sums"),),
    "sums are lost": (SQL("lose_noon"),),
    "all sums are lost": (SQL("lose_sums"),),
    "sums are there twice": (SQL("double_sums"),),
    "sums of another hour": (SQL("move_sums"),),
    "a period's roll-ups are forgotten": (SQL("forget_the_first_period"),),
    "all roll-ups are forgotten": (SQL("forget_roll_ups"),),
    "both": (
        SQL("lose_noon"),
        SQL("forget_the_last_period"),
    ),
}


def two_periods(store: Store) -> None:
    """January and February, rolled up twice, and an entry that is not rolled up yet."""
    for day in ("2026-01-05T12:00:00Z", "2026-02-06T12:30:00Z"):
        send(store, event(f"a-{day}", 3, at=day), event(f"b-{day}", 4, at=day.replace("T12", "T15")))
    assert roll_up(store, worthwhile_entries=1) == 2
    send(store, event("c", 2), event("d", 1, at="2026-02-06T12:30:00Z"))
    assert roll_up(store, worthwhile_entries=1) == 2
    send(store, event("e", 5))


@pytest.mark.parametrize("damage", DAMAGES)
def test_wrong_sums_are_corrected_by_the_ledger(store: Store, damage: str) -> None:
    two_periods(store)
    for statement in DAMAGES[damage]:
        store.database.command(statement)
    broken = {check.name: check.fix for check in verify(store) if check.offending}
    if damage != "none":
        assert "runrate reconcile --sums" in broken.values()
    assert (correct_sums(store) > 0) == (damage not in ("none", "all roll-ups are forgotten"))
    assert (total(store), total(store, "2026-02-01")) == (Decimal("1.40"), Decimal("0.80"))
    assert correct_sums(store) == 0
    send(store, event("f", 1))
    assert roll_up(store, worthwhile_entries=1) > 0
    store.database.command(SQL("merge"))
    assert (total(store), total(store, "2026-02-01")) == (Decimal("1.50"), Decimal("0.80"))


def test_sums_are_corrected_in_the_hours_that_are_asked_for(store: Store) -> None:
    two_periods(store)
    store.database.command(SQL("lose_sums_now"))
    start, end = datetime(2026, 1, 5, 12, 59, tzinfo=UTC), datetime(2026, 1, 5, 13, 0, tzinfo=UTC)
    assert correct_sums(store, start, end) == 1
    assert (total(store), total(store, "2026-02-01")) == (Decimal("1.00"), Decimal("0.00"))
    assert correct_sums(store, end, datetime(2026, 2, 6, 13, tzinfo=UTC)) == 2
    assert (total(store), total(store, "2026-02-01")) == (Decimal("1.40"), Decimal("0.40"))
    assert correct_sums(store, None, None) == 1


def test_a_correction_that_was_cut_off_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    two_periods(store)
    store.database.command(SQL("lose_sums"))

    def die(_point: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("api.operations.rollup.reach", die)
        with pytest.raises(KeyboardInterrupt):
            correct_sums(store)
    assert count(store, "usage_hourly") > 0
    assert (total(store), total(store, "2026-02-01")) == (Decimal("0.50"), Decimal("0.00"))
    assert correct_sums(store) == 4
    assert (total(store), total(store, "2026-02-01")) == (Decimal("1.40"), Decimal("0.80"))


def test_random_events_roll_ups_and_merges(store: Store) -> None:
    random = Random(5)
    owed = Decimal(0)
    for batch in range(25):
        units = [random.randint(1, 900) for _ in range(random.randint(1, 20))]
        at = datetime(2026, 1, random.randint(1, 28), random.randint(0, 23), tzinfo=UTC).isoformat()
        send(store, *(event(f"e{batch}-{place}", count, at=at) for place, count in enumerate(units)))
        owed += sum(units) * Decimal("0.1")
        if random.random() < 0.4:
            roll_up(store, worthwhile_entries=random.choice((1, 30)))
        if random.random() < 0.2:
            store.database.command(SQL("merge"))
        assert total(store) == owed
    assert reconcile(store).entries_appended == 0


def test_what_a_clock_set_back_hides_is_found_and_mended(engine: Engine) -> None:
    """A roll-up by a clock an hour ahead; then, by the right clock, an event inserted by SQL is recorded behind it."""
    database = "clock_set_back"
    with engine.store(lambda: datetime.now(UTC) + timedelta(hours=1), database=database) as store:
        set_up(store)
        send(store, event("e1", 5))
        assert roll_up(store, worthwhile_entries=1) == 1
    with engine.store(database=database) as store:
        store.database.command(SQL("insert_by_sql"))
        assert total(store) == Decimal("0.50")
        failing = {check.name: check.fix for check in verify(store) if check.offending}
        assert failing["rollups_match_ledger"] == "runrate reconcile --sums"
        assert correct_sums(store) == 1
        assert total(store) == Decimal("1.20")
        assert [check for check in verify(store) if check.offending] == []
