"""Credits that live: balances at an instant, the ledger behind them, voids, and recurrences that go on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from api.contracts import ContractErrors
from api.errors import Conflicting, NotFound
from api.operations.contracts import apply_contracts, extend_periods
from api.operations.grants import void_grant
from api.operations.remarks import Remark
from api.operations.verify import verify
from api.reads.balances import CreditBalance, CreditEntry, list_balances, list_credit_entries
from api.reads.traces import explain_event
from api.reads.trail import list_audit_entries
from api.store import Store
from tests.conftest import Engine
from tests.database.billing import JANUARY, event, publish, send

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CARD = """
rate_card: acme
currency: USD
units: {credit: {name: Credit, value: "1.00"}}
meters: {calls: {event_type: call, aggregation: sum, quantity: units, unit: call}}
products: {calls: {meter: calls, price: {model: per_unit, unit_amount: "1", unit: credit}}}
"""
CONTRACT = """
customers: [{customer_id: c1, name: Northwind Research}]
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme
    starts_at: 2026-01-01T00:00:00Z
    ends_at: null
    timezone: UTC
    billing: {interval: month, anchor_day: 1}
    grants: [%s]
"""
MONTHLY = (
    '{grant_id: m, unit: credit, amount: "10", priority: 1, effective_at: 2026-01-01T00:00:00Z, '
    'expires_at: 2026-02-01T00:00:00Z, recurrence: {interval: month}, rollover: {fraction: "0.5", months: 1}}'
)
WELCOME = '{grant_id: w, unit: credit, amount: "100", priority: 2, effective_at: 2026-01-01T00:00:00Z}'


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(engine: Engine, clock: Clock) -> Iterator[Store]:
    """Usage of 4 in January, 12 in February, and on 5 March 3 at 10:15, of which 1 comes back at 10:45."""
    with engine.store(clock) as store:
        publish(store, CARD, JANUARY)
        apply_contracts(store, CONTRACT % f"{MONTHLY}, {WELCOME}", "contracts.yaml")
        send(store, event("a", "4", "2026-01-10T10:10:00Z"), event("b", "12", "2026-02-10T10:10:00Z"))
        send(store, event("c", "3", "2026-03-05T10:15:00Z"), event("d", "-1", "2026-03-05T10:45:00Z"))
        yield store


def balances(store: Store, as_of: datetime | None = None) -> dict[str, CreditBalance]:
    return {one.grant_id: one for one in list_balances(store, "c1", as_of=as_of).items}


def remaining(store: Store, as_of: datetime | None = None) -> dict[str, str]:
    return {name: one.remaining for name, one in balances(store, as_of).items() if one.remaining != "0"}


def entries(store: Store, as_of: datetime | None = None) -> tuple[CreditEntry, ...]:
    return list_credit_entries(store, "c1", as_of=as_of, limit=1000).items


def assert_verified(store: Store) -> None:
    assert [check.name for check in verify(store) if check.offending] == []


def test_the_ledger_says_why_every_balance_is_what_it_is(store: Store) -> None:
    told = [(one.at[:16], one.type, one.grant_id, one.units) for one in entries(store)]
    assert told == [
        ("2026-01-01T00:00", "grant", "m@2026-01-01", "10"),
        ("2026-01-01T00:00", "grant", "w", "100"),
        ("2026-01-10T10:00", "draw", "m@2026-01-01", "-4"),
        ("2026-02-01T00:00", "rollover_out", "m@2026-01-01", "-3"),
        ("2026-02-01T00:00", "expire", "m@2026-01-01", "-3"),
        ("2026-02-01T00:00", "rollover_in", "m@2026-01-01+rollover", "3"),
        ("2026-02-01T00:00", "grant", "m@2026-02-01", "10"),
        # Both expire on 1 March and cost nothing, and start together: by id.
        ("2026-02-10T10:00", "draw", "m@2026-01-01+rollover", "-3"),
        ("2026-02-10T10:00", "draw", "m@2026-02-01", "-9"),
        ("2026-03-01T00:00", "rollover_out", "m@2026-02-01", "-0.5"),
        ("2026-03-01T00:00", "expire", "m@2026-02-01", "-0.5"),
        ("2026-03-01T00:00", "rollover_in", "m@2026-02-01+rollover", "0.5"),
        ("2026-03-01T00:00", "grant", "m@2026-03-01", "10"),
        ("2026-03-05T10:00", "draw", "m@2026-02-01+rollover", "-0.5"),
        ("2026-03-05T10:00", "draw", "m@2026-03-01", "-1.5"),
    ]
    drawn = [one for one in entries(store) if one.type == "draw"]
    assert {(one.product, one.rate_card_version, one.contract_id) for one in drawn} == {("calls", 1, "k1")}
    assert {one.unit for one in entries(store)} == {"credit"}
    assert_verified(store)


def test_at_every_instant_the_entries_add_up_to_the_balance(store: Store) -> None:
    for days in (0, 9.5, 31, 40.43, 59, 63.43, 63.45, 68):
        at = JANUARY + timedelta(days=days)
        sums: dict[str, Decimal] = {}
        for one in entries(store, at):
            sums[one.grant_id] = sums.get(one.grant_id, Decimal(0)) + Decimal(one.units)
        for name, balance in balances(store, at).items():
            assert sums.get(name, Decimal(0)) == Decimal(balance.remaining), (at, name)


def test_a_balance_at_an_instant_counts_usage_before_it_whenever_it_was_stored(store: Store) -> None:
    assert remaining(store, JANUARY) == {"m@2026-01-01": "10", "w": "100"}
    tenth = datetime(2026, 1, 10, 10, 10, tzinfo=UTC)
    assert remaining(store, tenth)["m@2026-01-01"] == "10"
    assert remaining(store, tenth + timedelta(milliseconds=1))["m@2026-01-01"] == "6"
    # Within the hour: 3 were used by 10:30, and one of them came back by 11:00.
    assert remaining(store, datetime(2026, 3, 5, 10, 30, tzinfo=UTC))["m@2026-03-01"] == "7.5"
    assert remaining(store, datetime(2026, 3, 5, 11, tzinfo=UTC))["m@2026-03-01"] == "8.5"
    send(store, event("late", "2", "2026-01-05T10:00:00Z"))
    assert remaining(store, tenth + timedelta(hours=1))["m@2026-01-01"] == "4"
    assert balances(store)["m@2026-01-01"].rolled_over == "2"
    assert_verified(store)


def test_pages_of_the_ledger_hold_every_entry_once(store: Store) -> None:
    whole = entries(store)
    paged: list[CreditEntry] = []
    page = list_credit_entries(store, "c1", limit=2)
    paged += page.items
    while page.after is not None:
        page = list_credit_entries(store, "c1", limit=2, after=page.after)
        paged += page.items
    assert tuple(paged) == whole


def test_a_void_keeps_what_was_paid_and_survives_the_contract(store: Store, clock: Clock) -> None:
    at = datetime(2026, 3, 5, 10, 30, tzinfo=UTC)
    done = void_grant(store, "c1", "m@2026-03-01", at, "cancelled", Remark("ada"))
    assert (done.grant_ids, done.changed) == (("m@2026-03-01", "m@2026-03-01+rollover"), True)
    void = balances(store)["m@2026-03-01"]
    # 2.5 by 10:30, after the rollover's 0.5; the 1 that came back at 10:45 came back to a void grant.
    assert (void.drawn, void.voided, void.expired, void.remaining) == ("1.5", "8.5", "0", "0")
    told = [(one.type, one.units, one.reason) for one in entries(store) if one.grant_id == "m@2026-03-01"]
    assert told == [
        ("grant", "10", None),
        ("draw", "-2.5", None),
        ("void", "-7.5", "cancelled"),
        ("reverse", "1", None),
        ("void", "-1", "cancelled"),
    ]
    assert void_grant(store, "c1", "m@2026-03-01", at, "again").changed is False
    apply_contracts(
        store, CONTRACT % f"{MONTHLY}, {WELCOME}, {WELCOME.replace(': w,', ': w2,')}", "contracts.yaml"
    )
    assert balances(store)["m@2026-03-01"].voided == "8.5"
    assert_verified(store)
    [entry] = list_audit_entries(store, action="void_grant").items
    assert (entry.author, entry.contract_ids) == ("ada", ("k1",))


def test_a_recurring_grant_is_void_with_all_that_would_come(store: Store, clock: Clock) -> None:
    void_grant(store, "c1", "m", None, "cancelled")
    clock.now = NOW + timedelta(days=300)
    assert extend_periods(store) > 0
    clock.now = NOW + timedelta(days=390)
    later = [
        one
        for one in balances(store).values()
        if one.grant_id.startswith("m@") and one.effective_at > "2026-03-02"
    ]
    assert {one.grant_id[:9] for one in later} >= {"m@2027-01", "m@2027-03"}
    assert {one.remaining for one in later} == {"0"}
    assert balances(store)["w"].remaining == "100"
    assert_verified(store)


def test_recurrences_go_on_while_the_contract_does(store: Store, clock: Clock) -> None:
    assert "m@2027-12-01" not in balances(store)
    clock.now = NOW + timedelta(days=300)
    extend_periods(store)
    assert "m@2027-12-01" in balances(store)
    apply_contracts(
        store, (CONTRACT % MONTHLY).replace("ends_at: null", "ends_at: 2026-03-01T00:00:00Z"), "c.yaml"
    )
    names = ["m@2026-01-01", "m@2026-01-01+rollover", "m@2026-02-01", "m@2026-02-01+rollover"]
    assert sorted(balances(store)) == names


@pytest.mark.parametrize(
    ("grant", "at", "refused", "said"),
    [
        ("x", None, NotFound, "has no grant x"),
        ("m@2026-01-01", None, Conflicting, "has expired"),
    ],
)
def test_what_cannot_be_voided_says_why(
    store: Store, grant: str, at: datetime | None, refused: type[Exception], said: str
) -> None:
    with pytest.raises(refused, match=said):
        void_grant(store, "c1", grant, at, "cancelled")


def test_a_void_is_not_moved(store: Store) -> None:
    void_grant(store, "c1", "w", NOW, "cancelled")
    with pytest.raises(Conflicting, match="is void from 2026-03-10T12:00:00Z on"):
        void_grant(store, "c1", "w", NOW + timedelta(days=1), "cancelled")


def test_an_events_trace_names_the_grants_that_paid_in_its_step(store: Store) -> None:
    def paid(event_id: str) -> list[tuple[str, str, str]]:
        trace = explain_event(store, "c1", event_id)
        assert trace is not None
        return [(draw.step_start, draw.grant_id, draw.units) for draw in trace.rated[0].credits]

    assert paid("a") == [("2026-01-10T10:00:00Z", "m@2026-01-01", "4")]
    assert [(name, units) for _, name, units in paid("b")] == [
        ("m@2026-01-01+rollover", "3"),
        ("m@2026-02-01", "9"),
    ]
    # The hour's events together: 3 − 1.
    assert (
        paid("c")
        == paid("d")
        == [
            ("2026-03-05T10:00:00Z", "m@2026-02-01+rollover", "0.5"),
            ("2026-03-05T10:00:00Z", "m@2026-03-01", "1.5"),
        ]
    )


def test_two_grants_of_one_id_are_refused(store: Store) -> None:
    twice: Any = f"{WELCOME}, {WELCOME.replace('100', '50')}"
    with pytest.raises(ContractErrors, match="duplicate_name"):
        apply_contracts(store, CONTRACT % twice, "contracts.yaml")
