"""Topping credits up: once however many ask, not more often than the contract says, and not without its payment."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.contracts import ContractErrors
from api.errors import Conflicting, NotFound
from api.http.upkeep import run_once
from api.operations.contracts import apply_contracts
from api.operations.grants import void_grant
from api.operations.top_ups import confirm_top_up, fail_top_up, top_up_all, top_up_customer
from api.operations.verify import verify
from api.reads.balances import list_balances, list_credit_entries
from api.reads.top_ups import list_top_ups
from api.reads.trail import list_audit_entries
from api.store import Store
from tests.conftest import StoreFactory
from tests.database.billing import JANUARY, card, event, publish, send

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
TERM = {"unit": "USD", "threshold": "2.00", "amount": "5.00", "paid": "4.50", "max_per_day": "2"}


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def later(self, **time: int) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def topped(open_store: StoreFactory, clock: Clock) -> Callable[..., Store]:
    """A store with units at 0.10 and a contract that gives 10.00 and is topped up."""

    def opened(term: dict[str, Any] = TERM, **contract: Any) -> Store:
        store = open_store(clock)
        publish(store, card(), JANUARY)
        apply_contracts(store, contracts(term, **contract), "contracts.yaml")
        store.top_ups.settle()
        return store

    return opened


def contracts(term: dict[str, Any], **contract: Any) -> str:
    grant = {"grant_id": "g", "unit": "USD", "amount": "10.00", "effective_at": "2026-01-01T00:00:00Z"}
    plain = {
        "contract_id": "k1",
        "customer_id": "c1",
        "rate_card": "acme",
        "starts_at": "2026-01-01T00:00:00Z",
        "grants": [grant],
        "top_up": term,
    }
    customers = [{"customer_id": "c1", "name": "Northwind Research", "aliases": ["old-c1"]}]
    return json.dumps({"customers": customers, "contracts": [plain | contract]})


def use(store: Store, clock: Clock, units: str, customer_id: str = "c1") -> None:
    """Use units at 0.10 a minute before the clock's now, and wait for what follows."""
    at = (clock.now - timedelta(minutes=1)).isoformat()
    one = event(f"{units}-{at}-{customer_id}", units, at) | {"customer_id": customer_id}
    assert send(store, one) == ["accepted"]
    store.top_ups.settle()


def states(store: Store) -> list[tuple[str, str, str]]:
    """Id, state and balance of each top-up."""
    return [(one.top_up_id, one.state, one.balance) for one in list_top_ups(store, "c1").items]


def remaining(store: Store) -> dict[str, str]:
    return {one.grant_id: one.remaining for one in list_balances(store, "c1").items}


def holds(store: Store) -> None:
    assert [check.name for check in verify(store) if check.offending] == []


def test_a_commit_under_the_threshold_tops_up_and_is_in_ledger_and_trail(
    topped: Callable[..., Store], clock: Clock
) -> None:
    store = topped()
    use(store, clock, "80")
    assert states(store) == []  # 2.00 are left, which is not under 2.00
    clock.later(minutes=1)
    use(store, clock, "1", "old-c1")
    assert states(store) == [("top-up-k1-1", "granted", "1.9")]
    assert remaining(store) == {"g": "1.9", "top-up-k1-1": "5"}
    [entry] = [one for one in list_credit_entries(store, "c1").items if one.type == "top_up"]
    assert (entry.grant_id, entry.units, entry.at) == ("top-up-k1-1", "5", "2026-01-05T12:01:00Z")
    [told] = [one for one in list_audit_entries(store).items if one.action == "top_up"]
    assert told.actor == "runrate"
    # 1.90 and 1.10 of the 5.00 pay what is used after it.
    clock.later(minutes=10)
    use(store, clock, "30")
    assert remaining(store) == {"g": "0", "top-up-k1-1": "3.9"}
    holds(store)


def test_threads_that_ask_at_a_time_top_up_once(topped: Callable[..., Store], clock: Clock) -> None:
    store = topped(TERM | {"max_per_day": "100"})
    at = (clock.now - timedelta(minutes=1)).isoformat()

    def ask(number: int) -> None:
        if number % 3 == 0:
            send(store, event(f"e{number}", "40", at))
        else:
            top_up_customer(store, "c1")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(24)))
    store.top_ups.settle()
    assert [one[:2] for one in states(store)] == [("top-up-k1-1", "granted")]
    holds(store)


def test_not_more_often_than_a_day_of_the_contract_lets(topped: Callable[..., Store], clock: Clock) -> None:
    store = topped(timezone="Asia/Tokyo")
    clock.now = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
    for _ in range(3):
        use(store, clock, "150")
        clock.later(minutes=10)
    assert len(states(store)) == 2
    clock.now = datetime(2026, 1, 5, 14, 59, tzinfo=UTC)
    top_up_all(store)
    assert len(states(store)) == 2
    # In Tokyo it is the 6th.
    clock.now = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
    run_once(store)
    assert len(states(store)) == 3
    holds(store)


def test_not_sooner_than_it_has_cooled_off(topped: Callable[..., Store], clock: Clock) -> None:
    store = topped(TERM | {"cool_off": "1h"})
    use(store, clock, "90")
    clock.later(minutes=30)
    use(store, clock, "70")
    clock.later(minutes=29)
    top_up_all(store)
    assert len(states(store)) == 1
    clock.later(minutes=1)
    top_up_all(store)
    assert [balance for _, _, balance in states(store)] == ["1", "0"]


def test_a_payment_is_waited_for_confirmed_once_and_failed_for_good(
    topped: Callable[..., Store], clock: Clock
) -> None:
    store = topped(TERM | {"payment": "external", "expires_after": "1d"})
    use(store, clock, "90")
    assert states(store) == [("top-up-k1-1", "pending", "1")]
    clock.later(minutes=5)
    top_up_all(store)
    assert len(states(store)) == 1
    assert remaining(store) == {"g": "1"}
    clock.later(hours=1)
    done = confirm_top_up(store, "c1", "top-up-k1-1")
    assert (done.state, done.granted_at, done.changed) == ("granted", clock.now, True)
    # It expires, so it is used first.
    [granted, _] = list_balances(store, "c1").items
    assert (granted.grant_id, granted.remaining) == ("top-up-k1-1", "5")
    assert (granted.effective_at, granted.expires_at) == ("2026-01-05T13:05:00Z", "2026-01-06T13:05:00Z")
    clock.later(hours=1)
    again = confirm_top_up(store, "c1", "top-up-k1-1")
    assert (again.granted_at, again.changed) == (done.granted_at, False)
    with pytest.raises(Conflicting, match="is granted since 2026-01-05T13:05:00Z"):
        fail_top_up(store, "c1", "top-up-k1-1", "declined")
    use(store, clock, "60")
    assert [state for _, state, _ in states(store)] == ["granted", "pending"]
    assert fail_top_up(store, "c1", "top-up-k1-2", "declined").changed
    assert not fail_top_up(store, "c1", "top-up-k1-2", "declined again").changed
    with pytest.raises(Conflicting, match="has failed"):
        confirm_top_up(store, "c1", "top-up-k1-2")
    with pytest.raises(NotFound):
        confirm_top_up(store, "c1", "top-up-k1-3")
    # The failed one counts as one of its day.
    top_up_all(store)
    assert [state for _, state, _ in states(store)] == ["granted", "failed"]
    clock.later(days=1)
    top_up_all(store)
    assert [state for _, state, _ in states(store)] == ["granted", "failed", "pending"]
    holds(store)


def test_what_was_topped_up_stays_whatever_the_contract_says(
    topped: Callable[..., Store], clock: Clock
) -> None:
    store = topped()
    use(store, clock, "90")
    apply_contracts(store, contracts({}), "contracts.yaml")
    store.top_ups.settle()
    assert remaining(store) == {"g": "1", "top-up-k1-1": "5"}
    void_grant(store, "c1", "top-up-k1-1", None, "charged back")
    assert remaining(store) == {"g": "1", "top-up-k1-1": "0"}
    top_up_all(store)
    assert len(states(store)) == 1
    # With the term back, the next one is another.
    apply_contracts(store, contracts(TERM), "contracts.yaml")
    store.top_ups.settle()
    assert remaining(store) == {"g": "1", "top-up-k1-1": "0", "top-up-k1-2": "5"}
    holds(store)


def test_time_alone_tops_up_and_no_contract_that_has_ended(
    topped: Callable[..., Store], clock: Clock
) -> None:
    grant = {"grant_id": "g", "unit": "USD", "amount": "10.00", "effective_at": "2026-01-01T00:00:00Z"}
    store = topped(grants=[grant | {"expires_at": "2026-01-05T13:00:00Z"}], ends_at="2026-01-07T00:00:00Z")
    top_up_all(store)
    assert states(store) == []
    clock.later(hours=1)
    top_up_all(store)
    assert states(store) == [("top-up-k1-1", "granted", "0")]
    clock.now = datetime(2026, 1, 7, tzinfo=UTC)
    void_grant(store, "c1", "top-up-k1-1", None, "ended")
    top_up_all(store)
    assert len(states(store)) == 1


def test_filled_up_costs_its_share_rounded_to_the_currency(
    topped: Callable[..., Store], clock: Clock
) -> None:
    store = topped(TERM | {"amount": None, "to": "30.00", "paid": "20.00"})
    use(store, clock, "87.5")
    [made] = list_top_ups(store, "c1").items
    # 20.00 × 28.75 / 30.00 = 19.1666…
    assert (made.balance, made.amount, made.paid) == ("1.25", "28.75", "19.17")


def test_money_finer_than_the_card_s_currency_and_a_unit_that_it_does_not_have_are_refused(
    topped: Callable[..., Store],
) -> None:
    store = topped()
    for term, code, path in (
        (TERM | {"paid": "4.505"}, "money_too_fine", "contracts[1].top_up.paid"),
        (TERM | {"unit": "credit"}, "unknown_unit", "contracts[1].top_up.unit"),
    ):
        with pytest.raises(ContractErrors) as caught:
            apply_contracts(store, contracts(term), "contracts.yaml")
        [error] = caught.value.errors
        assert (error.code, error.path) == (code, path)
