"""Each check of `verify` finds the damage it is there for, and none in a healthy store; reconcile mends what it can."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from api.operations.reconcile import reconcile
from api.operations.rollup import correct_sums, discard_uncommitted, roll_up
from api.operations.verify import verify
from api.reads.invoices import get_invoice
from api.store import Store
from migrations import deploy_objects
from sql import FOLDER
from tests.api.http_world import INVOICE, calling, set_up
from tests.conftest import Engine, fixed_clock

CHECKS = {path.name.partition(".")[0] for path in (FOLDER / "checks").iterdir()}

JANUARY = datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)

Repair = Callable[[Store], object]

# What statements are bound to: `tail` is the one event of customer c2, whose period is not rolled up, `rolled` one of
# customer c1, whose period is, `now` a time of recording as an insert gets it.
EVENT_KEY = "SELECT event_key FROM usage_events WHERE event_id = {event_id:String} ORDER BY revision LIMIT 1"


@pytest.fixture(scope="module")
def world(engine: Engine) -> Iterator[Store]:
    with engine.store(fixed_clock(2026, 1, 20, 12)) as store:
        with calling(store) as client:
            set_up(client)
        # c1's period has many entries and is rolled up; c2's has one and is read from the ledger.
        assert roll_up(store, worthwhile_entries=5) == 1
        yield store


def _failing(store: Store) -> set[str]:
    return {check.name for check in verify(store) if check.offending}


def _mended_by_reconcile(store: Store) -> None:
    assert reconcile(store, *JANUARY).entries_appended == 1


def _command(store: Store, statement: str) -> None:
    tail, rolled = (store.database.value(EVENT_KEY, event_id=event_id) for event_id in ("e1", "t1"))
    store.database.command(statement, tail=tail, rolled=rolled, now=store.next_instant())


def _undone_by(*statements: str) -> Repair:
    def undo(store: Store) -> None:
        for statement in statements:
            _command(store, statement)

    return undo


def _undone_by_deploying(kept: str) -> Repair:
    def undo(store: Store) -> None:
        deploy_objects(store.database)
        store.database.command(f"DROP VIEW {kept}")

    return undo


DAMAGES: dict[str, tuple[list[str], set[str], Repair]] = {
    "an entry is missing": (
        ["ALTER TABLE rated_usage DELETE WHERE event_key = {tail:UInt128} SETTINGS mutations_sync = 2"],
        {"ledger_matches_rating"},
        _mended_by_reconcile,
    ),
    "an entry is there twice": (
        [
            "INSERT INTO rated_usage SELECT * FROM rated_usage WHERE event_key = {tail:UInt128} AND sign = 1 LIMIT 1"
        ],
        {"ledger_matches_rating", "ledger_nets_to_one"},
        _mended_by_reconcile,
    ),
    "an entry that was never made is taken back": (
        [
            "INSERT INTO rated_usage SELECT * REPLACE(toInt8(-1) AS sign, toDecimal128('77', 9) AS quantity) "
            "FROM rated_usage WHERE event_key = {tail:UInt128} LIMIT 1"
        ],
        {"ledger_matches_rating", "ledger_nets_to_one"},
        _mended_by_reconcile,
    ),
    "an entry has another price than its price row": (
        [
            "INSERT INTO rated_usage SELECT * REPLACE(toInt8(1) AS sign, toDecimal128('99', 15) AS unit_price) "
            "FROM rated_usage WHERE event_key = {tail:UInt128} LIMIT 1"
        ],
        {"ledger_matches_rating", "ledger_prices_are_card_prices"},
        _mended_by_reconcile,
    ),
    "an entry is in a period that does not exist": (
        [
            "INSERT INTO rated_usage SELECT * REPLACE(toInt8(1) AS sign, toUInt64(12345) AS period_id) "
            "FROM rated_usage WHERE event_key = {tail:UInt128} LIMIT 1"
        ],
        {"ledger_matches_rating", "ledger_prices_are_card_prices"},
        _mended_by_reconcile,
    ),
    "an identity has two events that count": (
        [
            "INSERT INTO usage_events SELECT * REPLACE(event_time + 3600 AS event_time, "
            "{now:DateTime64(3, 'UTC')} AS recorded_at) FROM usage_events WHERE event_key = {tail:UInt128} LIMIT 1"
        ],
        {"identities_are_unique"},
        _mended_by_reconcile,
    ),
    "an event has the key of another identity": (
        [
            "INSERT INTO usage_events SELECT * REPLACE(toUInt128(7) AS event_key, 'nobody' AS customer_id) "
            "FROM (SELECT * FROM usage_events WHERE event_key = {tail:UInt128} LIMIT 1)"
        ],
        {"events_have_their_keys"},
        _undone_by(
            "ALTER TABLE usage_events DELETE WHERE event_key = 7 SETTINGS mutations_sync = 2",
            "ALTER TABLE rated_usage DELETE WHERE event_key = 7 SETTINGS mutations_sync = 2",
        ),
    ),
    "an hourly sum is off": (
        ["ALTER TABLE usage_hourly UPDATE quantity = quantity + 1 WHERE true SETTINGS mutations_sync = 2"],
        {"rollups_match_ledger", "lines_match_ledger"},
        correct_sums,
    ),
    "a rolled-up entry is gone from the ledger": (
        [
            "ALTER TABLE rated_usage UPDATE unrated = 'not_entitled' WHERE event_key = {rolled:UInt128} "
            "SETTINGS mutations_sync = 2"
        ],
        {"ledger_matches_rating", "rollups_match_ledger", "lines_match_ledger"},
        _undone_by(
            "ALTER TABLE rated_usage UPDATE unrated = '' WHERE event_key = {rolled:UInt128} SETTINGS mutations_sync = 2"
        ),
    ),
    "a roll-up was never committed": (
        ["INSERT INTO usage_hourly SELECT * REPLACE(toUInt64(99) AS rollup_id) FROM usage_hourly"],
        {"rollups_are_committed"},
        discard_uncommitted,
    ),
    "a customer has two contracts at once": (
        [
            "INSERT INTO contract_records SELECT * REPLACE('k9' AS contract_id) FROM "
            "(SELECT * FROM contract_records WHERE contract_id = 'k1')",
            "INSERT INTO billing_period_records SELECT * REPLACE('k9' AS contract_id, toUInt64(999) AS period_id) "
            "FROM (SELECT * FROM billing_period_records WHERE contract_id = 'k1' LIMIT 1)",
        ],
        {"terms_do_not_overlap"},
        _undone_by(
            "INSERT INTO billing_period_records SELECT * REPLACE(true AS withdrawn, recorded_at + 1 AS recorded_at) "
            "FROM billing_period_records WHERE contract_id = 'k9'"
        ),
    ),
    "a grant is negative": (
        [
            "INSERT INTO grant_records SELECT * REPLACE('g9' AS grant_id, toDecimal128('-5', 24) AS amount) "
            "FROM (SELECT * FROM grant_records WHERE grant_id = 'g1')"
        ],
        {"balances_add_up"},
        _undone_by(
            "INSERT INTO grant_records SELECT * REPLACE(true AS withdrawn, recorded_at + 1 AS recorded_at) "
            "FROM grant_records WHERE grant_id = 'g9'"
        ),
    ),
    "a breakdown loses a row": (
        [
            "RENAME TABLE invoice_breakdown TO whole_breakdown",
            "CREATE VIEW invoice_breakdown AS SELECT * FROM whole_breakdown WHERE row_number != 1",
        ],
        {"breakdown_adds_up"},
        _undone_by_deploying("whole_breakdown"),
    ),
    "an invoice loses a line that credits paid": (
        [
            "RENAME TABLE invoice_lines TO whole_lines",
            "CREATE VIEW invoice_lines AS SELECT * FROM whole_lines WHERE product != 'tasks'",
        ],
        {"balances_add_up", "lines_match_ledger"},
        _undone_by_deploying("whole_lines"),
    ),
}


def test_a_healthy_store_has_nothing(world: Store) -> None:
    checks = verify(world)
    assert {check.name for check in checks} == CHECKS
    assert {check.name: check.offending for check in checks if check.offending} == {}
    assert all(check.description.endswith(".") for check in checks)


def test_every_check_has_a_damage_that_it_finds() -> None:
    assert set().union(*(found for _, found, _ in DAMAGES.values())) == CHECKS


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_mended(world: Store, damage: str) -> None:
    statements, found, repair = DAMAGES[damage]
    before = get_invoice(world, INVOICE), get_invoice(world, "k2:eu/1:2026-01-01")
    for statement in statements:
        _command(world, statement)
    assert _failing(world) == found
    repair(world)
    assert (get_invoice(world, INVOICE), get_invoice(world, "k2:eu/1:2026-01-01")) == before


def test_every_damage_was_mended(world: Store) -> None:
    """Each test above finds exactly its own damage, so what one left would show in the next; here, the last one's."""
    assert _failing(world) == set()
