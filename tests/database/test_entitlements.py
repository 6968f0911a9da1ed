"""Whether a product may be used now, and holds: from memory, never behind for longer than said, never granted twice."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from api import standings
from api.errors import Conflicting, NotFound, Unprocessable
from api.operations.contracts import apply_contracts
from api.operations.grants import void_grant
from api.operations.holds import Hold, confirm_hold, place_hold, release_hold
from api.reads.entitlements import Entitlement, entitlement, read_standing
from api.store import Store
from tests.conftest import Engine
from tests.database.billing import JANUARY, card, event, publish, send

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """A clock that a test sets."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


CLOCK = Clock()


@pytest.fixture(scope="module")
def shared(engine: Engine) -> Iterator[Store]:
    """Units at 0.10 for everyone; each test has a customer of its own."""
    with engine.store(CLOCK) as store:
        publish(store, card(), JANUARY)
        yield store


@pytest.fixture
def store(shared: Store) -> Store:
    CLOCK.now = NOON
    return shared


def sign(store: Store, name: str, amount: str = "10.00", **terms: Any) -> None:
    """Store a customer with a contract that gives so many dollars."""
    grant = {"grant_id": "g", "unit": "USD", "amount": amount, "effective_at": "2026-01-01T00:00:00Z"}
    plain = {"contract_id": f"k-{name}", "customer_id": name, "rate_card": "acme", "grants": [grant]}
    plain["starts_at"] = "2026-01-01T00:00:00Z"
    customers = [{"customer_id": name, "aliases": [f"old-{name}"]}]
    apply_contracts(
        store, json.dumps({"customers": customers, "contracts": [plain | terms]}), "contracts.yaml"
    )


def ask(
    store: Store, name: str, units: str | None = None, product: str = "calls"
) -> tuple[bool, str, str, str]:
    """Allowed, reason, held and available."""
    answer = told(store, name, units, product)
    return answer.allowed, answer.reason, answer.held, answer.available


def told(store: Store, name: str, units: str | None = None, product: str = "calls") -> Entitlement:
    found = store.standings.get(name, CLOCK.now)
    assert found is not None
    return entitlement(found[0], product, found[1], CLOCK.now, None if units is None else Decimal(units))


def use(store: Store, name: str, units: str) -> None:
    """Use units at 0.10 a minute before the clock's now."""
    at = (CLOCK.now - timedelta(minutes=1)).isoformat()
    assert send(store, event(f"{time.monotonic_ns()}", units, at) | {"customer_id": name}) == ["accepted"]


def hold(store: Store, name: str, hold_id: str, units: str) -> Hold:
    return place_hold(store, name, hold_id, "calls", Decimal(units), HOUR)


def test_usage_shows_within_a_second_and_what_cannot_be_used_has_its_reason(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(store, "u1")
    sign(store, "u2", overage="blocked")
    for name in ("u1", "u2"):
        assert ask(store, name) == (True, "balance", "0", "10")
    use(store, "old-u1", "30")
    store.standings.settle()
    found = store.standings.at_hand("u1", CLOCK.now)
    assert found is not None
    assert ask(store, "u1") == (True, "balance", "0", "7")
    assert ask(store, "u1", "7.01") == (True, "overage", "0", "7")
    assert ask(store, "u2", "10.01") == (False, "no_balance", "0", "10")
    # Whatever the thread does: what is older than that is not answered from memory.
    monkeypatch.setattr(standings, "MOST_STALE", -1)
    use(store, "u2", "100")
    assert ask(store, "u2") == (False, "no_balance", "0", "0")
    assert ask(store, "u2", product="none")[:2] == (False, "no_such_product")
    assert store.standings.get("nobody", CLOCK.now) is None


def test_terms_and_time_change_the_answer(store: Store) -> None:
    ending = {"grant_id": "g", "unit": "USD", "amount": "3", "effective_at": "2026-01-01T00:00:00Z"}
    coming = ending | {"grant_id": "h", "amount": "8", "effective_at": "2026-01-05T13:00:00Z"}
    grants = [ending | {"expires_at": "2026-01-05T12:30:00Z"}, coming]
    sign(store, "t1", grants=grants, ends_at="2026-01-05T14:00:00Z", overage="blocked")
    assert ask(store, "t1") == (True, "balance", "0", "3")
    CLOCK.now = NOON + timedelta(minutes=30)
    assert ask(store, "t1") == (False, "no_balance", "0", "0")
    CLOCK.now = NOON + HOUR
    assert ask(store, "t1") == (True, "balance", "0", "8")
    void_grant(store, "t1", "h", None, "cancelled")
    assert ask(store, "t1") == (False, "no_balance", "0", "0")
    CLOCK.now = NOON + 2 * HOUR
    assert ask(store, "t1")[:2] == (False, "no_contract")


def test_only_grants_that_may_pay_count_and_holds_of_any_product(store: Store) -> None:
    grant = {"unit": "USD", "amount": "5", "effective_at": "2026-01-01T00:00:00Z"}
    scopes: tuple[dict[str, list[str]], ...] = (
        {},
        {"products": ["calls"]},
        {"products": ["other"]},
        {"tags": ["ai"]},
    )
    sign(
        store, "s1", grants=[{"grant_id": f"g{n}", "applies_to": one} | grant for n, one in enumerate(scopes)]
    )
    assert told(store, "s1").remaining == "10"


def test_a_hold_reserves_until_it_is_confirmed_released_or_expires(store: Store) -> None:
    sign(store, "h1")
    first = hold(store, "h1", "job", "6")
    assert (first.state, first.unit, first.expires_at, first.changed) == ("held", "USD", NOON + HOUR, True)
    assert ask(store, "h1") == (True, "balance", "6", "4")
    assert not hold(store, "old-h1", "job", "6").changed
    with pytest.raises(Conflicting, match="hold job is 6 USD for calls; another hold needs another id"):
        hold(store, "h1", "job", "5")
    with pytest.raises(Conflicting, match=r"4.5 USD are more than the 4 that are available: 10 are left, 6"):
        hold(store, "h1", "second", "4.5")
    assert hold(store, "h1", "second", "4").state == "held"
    use(store, "h1", "50")
    done = confirm_hold(store, "h1", "job", Decimal("5"))
    assert (done.state, done.confirmed_units, done.changed) == ("confirmed", Decimal(5), True)
    assert not confirm_hold(store, "h1", "job", Decimal("5")).changed
    with pytest.raises(Conflicting, match="is confirmed"):
        release_hold(store, "h1", "job")
    store.standings.settle()
    assert ask(store, "h1") == (True, "balance", "4", "1")
    CLOCK.now = NOON + HOUR
    assert ask(store, "h1") == (True, "balance", "0", "5")
    with pytest.raises(Conflicting, match="hold second is expired since 2026-01-05T13:00:00Z"):
        confirm_hold(store, "h1", "second", Decimal("1"))
    assert release_hold(store, "h1", "second").state == "expired"
    third = hold(store, "h1", "third", "5")
    assert release_hold(store, "h1", "third").changed
    assert not release_hold(store, "h1", "third").changed
    assert third.unit == "USD"
    assert ask(store, "h1") == (True, "balance", "0", "5")
    with pytest.raises(NotFound):
        release_hold(store, "h1", "none")
    with pytest.raises(NotFound):
        hold(store, "nobody", "x", "1")
    with pytest.raises(Unprocessable, match="no_such_product"):
        place_hold(store, "h1", "x", "none", Decimal(1), HOUR)


def test_threads_never_hold_more_than_is_left_nor_the_same_twice(store: Store) -> None:
    sign(store, "p1")

    def attempt(number: int) -> bool:
        if number % 10 == 0:
            use(store, "p1", "1")
        try:
            return hold(store, "p1", f"job-{number // 2}", "1.5").changed
        except Conflicting:
            return False

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(attempt, range(30)))
    held = told(store, "p1").held
    assert Decimal(held) == sum(made) * Decimal("1.5")
    # 10.00 less 0.10 three times: six times 1.5 at most; whoever came before the usage fits too.
    assert sum(made) == 6


def test_holds_outlive_what_is_in_memory(store: Store) -> None:
    sign(store, "r1")
    hold(store, "r1", "job", "6")
    store.standings.forget()
    assert ask(store, "r1") == (True, "balance", "6", "4")
    again = read_standing(store, "old-r1")
    assert again is not None
    assert {name: one.units for name, one in again.holds.items()} == {"job": 6}
