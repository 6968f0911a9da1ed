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
from tests.database.test_verify_terms import DAMAGES as DAMAGES_OF_TERMS
from tests.sql import statements_of

SQL = statements_of("verify")

CHECKS = {path.name.partition(".")[0] for path in (FOLDER / "checks").iterdir()}

JANUARY = datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)

Repair = Callable[[Store], object]

# What statements are bound to: `tail` is the one event of customer c2, whose period is not rolled up, `rolled` one of
# customer c1, whose period is, `now` a time of recording as an insert gets it.
EVENT_KEY = SQL("event_key")


@pytest.fixture(scope="module")
def world(engine: Engine) -> Iterator[Store]:
    with engine.store(fixed_clock(2026, 1, 20, 12)) as store:
        with calling(store) as client:
            set_up(client)
        # c1's period has many entries and is rolled up; c2's has one and is read from the ledger.
        assert roll_up(store, worthwhile_entries=5) == 1
        store.database.command(SQL("keep_audit_trail"))
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
        store.database.command(SQL("drop_view", kept=kept))

    return undo


DAMAGES: dict[str, tuple[list[str], set[str], Repair]] = {
    "an entry is missing": (
        [SQL("lose_an_entry")],
        {"ledger_matches_rating"},
        _mended_by_reconcile,
    ),
    "an entry is there twice": (
        [SQL("repeat_an_entry")],
        {"ledger_matches_rating", "ledger_nets_to_one"},
        _mended_by_reconcile,
    ),
    "an entry that was never made is taken back": (
        [SQL("take_back_what_was_not")],
        {"ledger_matches_rating", "ledger_nets_to_one"},
        _mended_by_reconcile,
    ),
    "an entry has another price than its price row": (
        [SQL("change_a_price")],
        {"ledger_matches_rating", "ledger_prices_are_card_prices"},
        _mended_by_reconcile,
    ),
    "an entry is in a period that does not exist": (
        [SQL("change_a_period")],
        {"ledger_matches_rating", "ledger_prices_are_card_prices"},
        _mended_by_reconcile,
    ),
    "an identity has two events that count": (
        [SQL("repeat_an_identity")],
        {"identities_are_unique"},
        _mended_by_reconcile,
    ),
    "an event has the key of another identity": (
        [SQL("change_a_key")],
        {"events_have_their_keys"},
        _undone_by(
            SQL("undo_key_of_event"),
            SQL("undo_key_of_entry"),
        ),
    ),
    "an hourly sum is off": (
        [SQL("raise_a_sum")],
        {"rollups_match_ledger", "lines_match_ledger"},
        correct_sums,
    ),
    "a rolled-up entry is gone from the ledger": (
        [SQL("hide_an_entry")],
        {"ledger_matches_rating", "rollups_match_ledger", "lines_match_ledger"},
        _undone_by(SQL("show_an_entry")),
    ),
    "a meter that adds up is taken for one that does not": (
        [SQL("count_values")],
        {"totals_match_ledger"},
        _undone_by(SQL("sum_values")),
    ),
    "a roll-up was never committed": (
        [SQL("tear_a_rollup")],
        {"rollups_are_committed"},
        discard_uncommitted,
    ),
    "a customer has two contracts at once": (
        [
            SQL("second_contract"),
            SQL("second_period"),
        ],
        {"terms_do_not_overlap"},
        _undone_by(SQL("withdraw_second_period")),
    ),
    "a grant is negative": (
        [SQL("negative_grant")],
        {"balances_add_up", "revenue_of_grants"},
        _undone_by(SQL("withdraw_negative_grant")),
    ),
    "a breakdown loses a row": (
        [
            SQL("keep_breakdown"),
            SQL("lose_a_row"),
        ],
        {"breakdown_adds_up"},
        _undone_by_deploying("whole_breakdown"),
    ),
    "a row costs something else than its units": (
        [
            SQL("keep_breakdown"),
            SQL("raise_an_amount"),
        ],
        {"unit_prices_hold"},
        _undone_by_deploying("whole_breakdown"),
    ),
    "an audit entry was changed": (
        [SQL("change_an_author")],
        {"audit_chain_holds"},
        _undone_by(SQL("undo_author")),
    ),
    "an audit entry was taken out": (
        [SQL("take_out_an_entry")],
        {"audit_chain_holds", "changes_are_audited"},
        _undone_by(SQL("lose_audit_trail"), SQL("restore_audit_trail")),
    ),
    "two audit entries changed places": (
        [SQL("lose_audit_trail"), SQL("swap_entries")],
        {"audit_chain_holds"},
        _undone_by(SQL("lose_audit_trail"), SQL("restore_audit_trail")),
    ),
    "an audit entry is there twice": (
        [SQL("repeat_audit_entry")],
        {"audit_chain_holds", "changes_are_audited"},
        _undone_by(SQL("lose_audit_trail"), SQL("restore_audit_trail")),
    ),
    "the audit trail is cut off before a version and its activation": (
        [SQL("cut_audit_trail")],
        {"changes_are_audited", "records_are_audited"},
        _undone_by(SQL("lose_audit_trail"), SQL("restore_audit_trail")),
    ),
    "the audit trail is gone": (
        [SQL("lose_audit_trail")],
        {"audit_chain_holds", "changes_are_audited", "records_are_audited"},
        _undone_by(SQL("restore_audit_trail")),
    ),
    "a version was activated behind the audit trail": (
        [SQL("activate_by_sql")],
        {"changes_are_audited"},
        _undone_by(SQL("undo_activation")),
    ),
    "an activation was changed": (
        [SQL("move_activation")],
        {"changes_are_audited"},
        _undone_by(SQL("move_activation_back")),
    ),
    "an invoice loses a line that credits paid": (
        [
            SQL("keep_lines"),
            SQL("lose_a_line"),
        ],
        {"balances_add_up", "hours_add_up", "lines_match_ledger"},
        _undone_by_deploying("whole_lines"),
    ),
    "what was drawn of a grant is no revenue": (
        [SQL("keep_movements"), SQL("lose_draws")],
        {"revenue_of_grants"},
        _undone_by_deploying("whole_movements"),
    ),
    "the journal invoices what no invoice has": (
        [SQL("keep_movements"), SQL("invoice_twice")],
        {"revenue_adds_up"},
        _undone_by_deploying("whole_movements"),
    ),
}


def test_a_healthy_store_has_nothing(world: Store) -> None:
    checks = verify(world)
    assert {check.name for check in checks} == CHECKS
    assert {check.name: check.offending for check in checks if check.offending} == {}
    assert all(check.description.endswith(".") for check in checks)


def test_every_check_has_a_damage_that_it_finds() -> None:
    damages = [*DAMAGES.values(), *DAMAGES_OF_TERMS.values()]
    assert set().union(*(found for _, found, _ in damages)) == CHECKS


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
