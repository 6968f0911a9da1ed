"""Reconcile: whatever changes a rating after the fact changes the ledger by just the difference, once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from api.instants import EARLIEST, LATEST
from api.operations.amend import amend_event, void_event
from api.operations.contracts import apply_contracts
from api.operations.reconcile import Reconciled, reconcile
from api.operations.verify import verify
from api.store import Store
from tests.database.billing import JANUARY, card, contracts, count, event, publish, send, set_up, total
from tests.sql import statements_of

SQL = statements_of("reconcile")

ENTRIES = SQL("entries_by_reason")


def entries(store: Store) -> dict[str, tuple[int, int]]:
    """Net and number of ledger entries by reason."""
    return {row["cause"]: (row["net"], row["entries"]) for row in store.database.rows(ENTRIES)}


def holds(store: Store) -> bool:
    return not any(check.offending for check in verify(store))


def month_of_events(store: Store) -> None:
    """An event a day of January at midnight, one unit each."""
    send(store, *(event(f"e{day}", 1, at=f"2026-01-{day:02d}T00:00:00Z") for day in range(1, 32)))


def test_there_is_nothing_to_do_after_ingest(store: Store) -> None:
    set_up(store)
    month_of_events(store)
    done = reconcile(store, EARLIEST, LATEST)
    assert (done.days_checked, done.days_changed, done.entries_appended) == (31, 0, 0)
    assert (total(store), count(store, "rated_usage")) == (Decimal("3.10"), 31)


def test_a_price_from_the_middle_of_the_month_re_rates_the_rest_of_it(store: Store) -> None:
    set_up(store)
    month_of_events(store)
    publish(store, card('{model: per_unit, unit_amount: "0.20"}'), datetime(2026, 1, 11, tzinfo=UTC))
    # 10 × 0.10 + 21 × 0.20 = 1.00 + 4.20
    assert total(store) == Decimal("5.20")
    assert entries(store) == {"rated": (31, 31), "rerated": (0, 42)}
    assert reconcile(store, EARLIEST, LATEST).entries_appended == 0
    # The same price from earlier on: the ten days before it, and nothing else.
    publish(store, card('{model: per_unit, unit_amount: "0.20"}'), JANUARY)
    assert (total(store), entries(store)["rerated"]) == (Decimal("6.20"), (0, 62))
    assert holds(store)


def test_a_contract_stored_late_rates_what_waited(store: Store) -> None:
    publish(store, card(), JANUARY)
    month_of_events(store)
    assert count(store, "unrated_usage") == 31
    apply_contracts(store, contracts("2026-01-11T00:00:00Z"), "contracts.yaml")
    assert (total(store, "2026-01-11"), count(store, "unrated_usage")) == (Decimal("2.10"), 10)
    assert apply_contracts(store, contracts("2026-01-11T00:00:00Z"), "contracts.yaml").entries_changed == 0
    assert holds(store)


def test_an_amendment_moves_an_event_to_another_day(store: Store) -> None:
    set_up(store)
    month_of_events(store)
    amend_event(store, "c1", "e5", datetime(2026, 2, 5, tzinfo=UTC), {"units": "50"})
    assert (total(store), total(store, "2026-02-01")) == (Decimal("3.00"), Decimal("5.00"))
    assert entries(store) == {"rated": (31, 31), "amended": (0, 2)}
    void_event(store, "c1", "e5")
    assert (total(store), total(store, "2026-02-01")) == (Decimal("3.00"), Decimal("0.00"))
    assert holds(store)


@pytest.mark.parametrize("sign", [1, -1])
def test_entries_that_should_not_be_there_are_taken_back(store: Store, sign: int) -> None:
    """As if a kill had left the ledger twice, or without, what was stored."""
    set_up(store)
    month_of_events(store)
    store.database.command(
        SQL("damage"),
        sign=sign,
    )
    assert total(store) == Decimal("3.10") + sign * Decimal("1.00")
    assert not holds(store)
    done = reconcile(store, EARLIEST, LATEST)
    assert (done.days_changed, done.entries_appended) == (10, 10)
    assert (total(store), reconcile(store, EARLIEST, LATEST).entries_appended) == (Decimal("3.10"), 0)
    assert holds(store)


def test_only_what_is_asked_for_is_looked_at(store: Store) -> None:
    set_up(store)
    month_of_events(store)
    reconcile(store)  # what came in since the last run is always looked at
    store.database.command(SQL("lose_the_ledger"))
    start = datetime(2026, 1, 10, tzinfo=UTC)
    done = reconcile(store, start, start + timedelta(days=2))
    assert (done.days_checked, done.entries_appended, total(store)) == (2, 2, Decimal("0.20"))
    # Half-open: the millisecond of the end belongs to the next range.
    end = start + timedelta(days=2)
    assert reconcile(store, end, end + timedelta(milliseconds=1)) == Reconciled(1, 1, 1, 0)
    assert reconcile(store, EARLIEST, LATEST).entries_appended == 28
    assert total(store) == Decimal("3.10")


def test_progress_goes_to_the_end(store: Store) -> None:
    set_up(store)
    month_of_events(store)
    store.database.command(SQL("lose_the_ledger"))
    told: list[tuple[int, int]] = []
    reconcile(store, EARLIEST, LATEST, lambda done, days: told.append((done, days)))
    assert told[-1] == (31, 31)
    assert told == sorted(told)


def test_many_entries_are_opened_day_by_day(store: Store) -> None:
    """Days of more entries than are opened together, and the same totals."""
    set_up(store)
    store.database.command(SQL("block"))
    assert total(store) == Decimal("15000.00")
    publish(store, card('{model: per_unit, unit_amount: "0.30"}'), JANUARY)
    assert (total(store), count(store, "rated_usage")) == (Decimal("45000.00"), 450_000)
    assert reconcile(store, EARLIEST, LATEST).entries_appended == 0
