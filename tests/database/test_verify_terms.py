"""The checks of `verify` that are for what contracts say: each finds its damage, and none in a healthy store."""

from collections.abc import Iterator

import pytest

from api.operations.contracts import apply_contracts
from api.operations.verify import verify
from api.reads.invoices import get_invoice
from api.store import Store
from tests.conftest import Engine, fixed_clock
from tests.database.billing import JANUARY, card, event, publish, send
from tests.sql import statements_of

SQL = statements_of("verify_terms")

# 30 units at 0.05, less 10 %: credits of 1.00 pay a part, and fall below their threshold.
CONTRACTS = """
customers: [{customer_id: c1, name: Northwind Research}]
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme
    starts_at: 2026-01-01T00:00:00Z
    fees: [{fee_id: base, name: Base fee, amount: "20.00", interval: month, in_advance: true}]
    discounts: [{percent: "10"}]
    overrides: [{unit_amount: "0.05"}]
    grants: [{grant_id: g, unit: USD, amount: "1.00", effective_at: 2026-01-01T00:00:00Z}]
    top_up: {unit: USD, threshold: "0.50", amount: "2.00", paid: "2.00", max_per_day: 1}
"""

INVOICE = "k1:2026-01-01"

# What is done, which checks find it, and what undoes it.
DAMAGES: dict[str, tuple[list[str], set[str], list[str]]] = {
    "a fee is in a period that does not exist": (
        [SQL("move_a_fee")],
        {"charges_have_their_periods"},
        [SQL("withdraw_the_fee")],
    ),
    "a discount takes off a line what it does not say": (
        [SQL("keep_shares"), SQL("raise_shares")],
        {"discounts_add_up"},
        [SQL("drop_shares"), SQL("restore_shares")],
    ),
    "credits pay more than the line": (
        [SQL("keep_credit_lines"), SQL("raise_credit_lines")],
        {"credits_pay_the_net"},
        [SQL("drop_credit_lines"), SQL("restore_credit_lines")],
    ),
    "overrides have no prices": (
        [SQL("override_without_prices")],
        {"overrides_have_their_prices"},
        [SQL("withdraw_override")],
    ),
    "a top-up granted other units": (
        [SQL("raise_the_grant")],
        {"top_ups_are_granted"},
        [SQL("restore_the_grant")],
    ),
    "a top-up has no grant": (
        [SQL("withdraw_the_grant")],
        {"top_ups_are_granted"},
        [SQL("restore_the_grant")],
    ),
}


@pytest.fixture(scope="module")
def world(engine: Engine) -> Iterator[Store]:
    with engine.store(fixed_clock(2026, 1, 20, 12)) as store:
        publish(store, card(), JANUARY)
        apply_contracts(store, CONTRACTS, "contracts.yaml")
        assert send(store, event("e1", 30)) == ["accepted"]
        store.top_ups.settle()
        yield store


def _failing(store: Store) -> set[str]:
    return {check.name for check in verify(store) if check.offending}


def test_a_healthy_store_with_every_term_has_nothing(world: Store) -> None:
    invoice = get_invoice(world, INVOICE)
    assert invoice is not None
    assert [line.amount for line in invoice.lines] == ["1.50", "-0.15", "20.00", "-1.00"]
    assert _failing(world) == set()


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_undone(world: Store, damage: str) -> None:
    statements, found, repair = DAMAGES[damage]
    before = get_invoice(world, INVOICE)
    for statement in statements:
        world.database.command(statement)
    assert _failing(world) == found
    for statement in repair:
        world.database.command(statement)
    assert get_invoice(world, INVOICE) == before


def test_every_damage_was_undone(world: Store) -> None:
    """Each test above finds exactly its own damage, so what one left would show in the next; here, the last one's."""
    assert _failing(world) == set()
