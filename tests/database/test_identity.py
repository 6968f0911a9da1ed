"""Identity: the first of an event stands, whatever way it came, and repeats and conflicts are never billed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from api.operations.amend import amend_event, void_event
from api.operations.reconcile import reconcile
from api.operations.verify import verify
from api.store import Store
from sql.errors import EngineError
from tests.conftest import Engine
from tests.database.billing import NOON, count, event, send, set_up, total
from tests.sql import statements_of

SQL = statements_of("identity")

MANY = SQL("block")
CONFLICTS = SQL("conflicts")
BAD_QUANTITIES = SQL("bad_quantities")


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    with engine.store() as opened:
        set_up(opened)
        yield opened
        assert [check for check in verify(opened) if check.offending] == []


def row(event_id: str, units: object, at: str = "2026-01-05 12:00:00", customer: str = "c1") -> str:
    return f"('{event_id}', '{customer}', 'call', '{at}', map('units', '{units}'))"


def insert(store: Store, *rows: str) -> None:
    """One INSERT by SQL."""
    store.database.command(SQL("insert", rows=", ".join(rows)))


def find_conflicts(store: Store) -> int:
    """What `serve` does every minute, until nothing recorded so far is left to look at."""
    return reconcile(store).conflicts_found + reconcile(store).conflicts_found


def test_a_repeat_is_a_duplicate_in_one_request_and_in_another(store: Store) -> None:
    assert send(store, event("e1", 3), event("e1", 3), event("e2", 4)) == [
        "accepted",
        "duplicate",
        "accepted",
    ]
    assert send(store, event("e2", 4), event("e3", 5), event("e1", 3)) == [
        "duplicate",
        "accepted",
        "duplicate",
    ]
    assert (count(store, "usage_events"), count(store, "rated_usage")) == (3, 3)
    assert total(store) == Decimal("1.20")


def test_the_order_of_properties_makes_no_other_content(store: Store) -> None:
    first = event("e1", 3) | {"properties": {"units": "3", "a": "x", "b": "y"}}
    again = event("e1", 3) | {"properties": {"b": "y", "units": "3", "a": "x"}}
    assert send(store, first) + send(store, again) == ["accepted", "duplicate"]


def test_other_content_is_a_conflict_kept_and_not_billed(store: Store) -> None:
    assert send(store, event("e1", 3), event("e1", 9), event("e1", 3)) == [
        "accepted",
        "conflict",
        "duplicate",
    ]
    assert send(store, event("e1", 9), event("e1", 10)) == ["conflict", "conflict"]
    assert send(store, event("e1", 3) | {"event_type": "fax"}) == ["conflict"]
    assert count(store, "event_conflicts") == 3
    assert total(store) == Decimal("0.30")


def test_another_time_is_a_conflict_once_reconcile_has_seen_it(store: Store) -> None:
    later = event("e1", 3, at="2026-01-20T12:00:00Z")
    assert send(store, event("e1", 3)) + send(store, later) == ["accepted", "accepted"]
    assert find_conflicts(store) == 1
    assert total(store) == Decimal("0.30")
    assert store.database.rows(CONFLICTS) == [{"event_id": "e1", "day": 20}]
    # Both again, and a third time: found to be what they are, or found by the next run.
    assert send(store, event("e1", 3)) == ["duplicate"]
    send(store, later, event("e1", 3, at="2026-01-21T12:00:00Z"))
    find_conflicts(store)
    assert total(store) == Decimal("0.30")


def test_the_first_recorded_stands_though_it_happened_later(store: Store) -> None:
    assert send(store, event("e1", 3, at="2026-01-20T12:00:00Z")) == ["accepted"]
    assert send(store, event("e1", 7)) == ["accepted"]
    assert find_conflicts(store) == 1
    assert total(store) == Decimal("0.30")


def test_the_same_id_of_another_customer_is_another_event(store: Store) -> None:
    assert send(store, event("e1", 3), event("e1", 3) | {"customer_id": "c2"}) == ["accepted", "accepted"]
    # Nor do ids run into each other: (c1, xe1) is not (c1x, e1).
    pairs = [event("xe9") | {"customer_id": "c1"}, event("e9") | {"customer_id": "c1x"}]
    assert send(store, *pairs) == ["accepted", "accepted"]
    assert count(store, "usage_events") == 4


def test_a_retry_after_an_amendment_stays_a_duplicate(store: Store) -> None:
    send(store, event("e1", 3))
    amend_event(store, "c1", "e1", None, {"units": "20"})
    assert total(store) == Decimal("2.00")
    assert send(store, event("e1", 3)) == ["duplicate"]
    amend_event(store, "c1", "e1", datetime(2026, 1, 6, tzinfo=UTC), None)
    assert send(store, event("e1", 3)) == ["duplicate"]
    find_conflicts(store)
    assert total(store) == Decimal("2.00")
    # What the amendment says, sent as an event, is other content.
    assert send(store, event("e1", 20)) == ["conflict"]
    assert total(store) == Decimal("2.00")


def test_a_void_event_cannot_come_back(store: Store) -> None:
    send(store, event("e1", 3), event("e2", 4))
    void_event(store, "c1", "e1")
    assert total(store) == Decimal("0.40")
    assert send(store, event("e1", 3), event("e1", 8)) == ["duplicate", "conflict"]
    find_conflicts(store)
    assert total(store) == Decimal("0.40")


def test_a_void_event_cannot_come_back_at_another_time(store: Store) -> None:
    send(store, event("e1", 3), event("e2", 4))
    void_event(store, "c1", "e1")
    send(store, event("e1", 3, at="2026-01-20T12:00:00Z"))
    find_conflicts(store)
    assert total(store) == Decimal("0.40")


def test_an_insert_by_sql_does_what_the_api_does(store: Store) -> None:
    insert(store, row("e1", 3), row("e1", 3), row("e2", 4))
    assert (count(store, "usage_events"), total(store)) == (2, Decimal("0.70"))
    assert send(store, event("e1", 3), event("e3", 5)) == ["duplicate", "accepted"]
    insert(store, row("e3", 5), row("e2", 4), row("e4", 6))
    assert (count(store, "usage_events"), total(store)) == (4, Decimal("1.80"))


def test_conflicts_inside_one_insert_by_sql(store: Store) -> None:
    """One block: by content, by time, and both beside a repeat. One of each stays."""
    insert(
        store,
        row("content", 3),
        row("content", 3),
        row("content", 30),
        row("time", 5),
        row("time", 5, at="2026-01-06 12:00:00"),
    )
    find_conflicts(store)
    assert [found["event_id"] for found in store.database.rows(CONFLICTS)] == ["content", "time"]
    # Of one block nobody can say which came first: one content stands, and it is billed once.
    assert total(store) in (Decimal("0.80"), Decimal("3.50"))
    stood = total(store)
    send(store, event("content", 3), event("content", 30), event("time", 5))
    find_conflicts(store)
    assert total(store) == stood


def test_a_conflict_by_sql_with_what_is_stored(store: Store) -> None:
    send(store, event("e1", 3))
    insert(store, row("e1", 9), row("e1", 9))
    assert (count(store, "event_conflicts"), total(store)) == (1, Decimal("0.30"))


def test_an_insert_of_many_blocks_counts_each_event_once(store: Store) -> None:
    """250,000 rows, every event twice, the second half in other blocks than the first."""
    store.database.command(MANY, distinct=125_000, rows=250_000)
    # Each block has a time of recording of its own: a long insert's last one is not recorded when it began.
    assert store.database.value(SQL("times_of_recording")) > 1
    reconcile(store)
    assert total(store) == Decimal("12500.00")
    store.database.command(MANY, distinct=125_000, rows=125_000)
    reconcile(store)
    assert total(store) == Decimal("12500.00")
    assert send(store, event("124999", 1, at="2026-01-05T10:43:19Z")) == ["duplicate"]


def test_an_insert_by_sql_with_a_bad_event_stores_nothing(store: Store) -> None:
    refused = {
        row("", 1): "event_id_is_given",
        row("e2", 1, customer=""): "customer_id_is_given",
        row("e2", 1, at="2014-12-31 23:59:59"): "event_time_is_in_2015_to_2099",
        row("e2", 1, at="2100-01-01 00:00:00"): "event_time_is_in_2015_to_2099",
        row("e2", 1, at="2200-01-01 00:00:00"): "event_time_is_in_2015_to_2099",
    }
    for bad, constraint in refused.items():
        with pytest.raises(EngineError, match=constraint):
            insert(store, row("e1", 3), bad, row("e3", 5))
        assert (count(store, "usage_events"), count(store, "rated_usage")) == (0, 0)
    # What was good may be sent again.
    insert(store, row("e1", 3), row("e3", 5))
    assert total(store) == Decimal("0.80")


def test_nobody_sets_the_time_of_recording_by_sql(store: Store) -> None:
    """What came with an old one would lie behind what reconcile and the roll-ups have read."""
    insert(store, row("e1", 3))
    with pytest.raises(EngineError, match="recorded_at"):
        store.database.command(SQL("insert_with_a_time_of_recording"))
    assert total(store) == Decimal("0.30")


def test_the_last_millisecond_of_2099_is_taken(store: Store) -> None:
    insert(store, row("e1", 3, at="2099-12-31 23:59:59.999"), row("e2", 3, at="2015-01-01 00:00:00"))
    assert count(store, "usage_events") == 2


def test_an_event_whose_rating_is_unlikely_never_fails_its_block(store: Store) -> None:
    """Views are total: what cannot be rated is unrated, and its neighbours are billed."""
    texts = ["", "many", "1e3", "9" * 40, "-0", "NaN", "1.0000000001", "\\'", "5"]
    insert(store, *(row(f"e{place}", text) for place, text in enumerate(texts)))
    assert store.database.value(BAD_QUANTITIES) == len(texts) - 2
    assert total(store) == Decimal("0.50")
    assert send(store, event("e8", 5, at=NOON)) == ["duplicate"]
