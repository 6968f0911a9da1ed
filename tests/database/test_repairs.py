"""What must hold when something goes wrong: a clock that goes back, a dictionary that did not load, a store that was
closed for long, an activation in the middle of a reconcile, a billing period that comes back."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from api.events import EventLimits, decode_events
from api.instants import EARLIEST, LATEST
from api.operations.activate import activate_version
from api.operations.contracts import apply_contracts
from api.operations.ingest import ingest
from api.operations.publish import publish_rate_card
from api.operations.reconcile import reconcile
from api.operations.rollup import roll_up
from api.operations.verify import verify
from api.store import Store
from migrations import reload_dictionaries
from sql.client import Database
from tests.conftest import Engine
from tests.sql import statements_of

SQL = statements_of("repairs")

NOW = datetime(2026, 2, 3, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)

CARD = """
rate_card: acme
currency: USD
meters:
  {meter}: {{event_type: call, aggregation: sum, quantity: "{quantity}", unit: call}}
products:
  calls: {{meter: {meter}, price: {{model: per_unit, unit_amount: "{price}"}}}}
"""

CONTRACTS = """
customers: [{{customer_id: c1, name: Northwind Research}}]
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme
    starts_at: 2026-01-01T00:00:00Z
    ends_at: {ends_at}
    timezone: UTC
    billing: {{interval: month, anchor_day: 1}}
"""


class Clock:
    """A clock that is set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def card(price: str, meter: str = "calls", quantity: str = "units") -> str:
    return CARD.format(price=price, meter=meter, quantity=quantity)


def contract(ends_at: str = "null") -> str:
    return CONTRACTS.format(ends_at=ends_at)


def prepare(store: Store) -> None:
    publish_rate_card(store, card("0.10"), "card.yaml")
    activate_version(store, "acme", 1, JANUARY)
    apply_contracts(store, contract(), "contracts.yaml")


def send(store: Store, event_id: str, event_time: str) -> None:
    event = {
        "event_id": event_id,
        "customer_id": "c1",
        "event_type": "call",
        "event_time": event_time,
        "properties": {"units": "1"},
    }
    decoded = decode_events(json.dumps([event]).encode(), "application/json", EventLimits(), store.clock())
    assert [answer.status for answer in ingest(store, decoded)] == ["accepted"]


def billed(store: Store) -> Decimal:
    return Decimal(store.database.value(SQL("billed")))


def contradicted(store: Store) -> list[str]:
    return [result.name for result in verify(store) if result.offending]


@contextmanager
def kept_database(engine: Engine, name: str) -> Iterator[str]:
    try:
        yield name
    finally:
        engine.drop(name)


def test_what_comes_after_a_roll_up_is_billed_though_the_clock_went_back(engine: Engine) -> None:
    clock = Clock(NOW)
    with kept_database(engine, "clock_back") as name:
        with engine.store(clock, name) as store:
            prepare(store)
            send(store, "e1", "2026-01-05T00:00:00Z")
            reconcile(store)
            assert roll_up(store, worthwhile_entries=1) == 1
        clock.at = NOW - timedelta(hours=1)
        with engine.store(clock, name) as store:
            send(store, "e2", "2026-01-05T00:00:00Z")
            assert billed(store) == Decimal("0.20")
            assert contradicted(store) == []


def test_terms_that_failed_to_load_are_loaded_before_anything_is_compared(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.clock = Clock(NOW)
    prepare(store)
    send(store, "e1", "2026-01-05T00:00:00Z")
    publish_rate_card(store, card("0.30"), "card.yaml")
    load = reload_dictionaries

    def load_but_terms(database: Database, names: Sequence[str]) -> None:
        if "terms_dict" in names:
            raise MemoryError
        load(database, tuple(names))

    with monkeypatch.context() as patched:
        patched.setattr("api.store.reload_dictionaries", load_but_terms)
        with pytest.raises(MemoryError):
            activate_version(store, "acme", 2, JANUARY)
        with pytest.raises(MemoryError):
            reconcile(store)
    reconcile(store)
    assert billed(store) == Decimal("0.30")
    assert contradicted(store) == []


def test_a_store_opened_after_two_years_has_the_billing_periods_of_today(engine: Engine) -> None:
    clock = Clock(NOW)
    with kept_database(engine, "two_years") as name:
        with engine.store(clock, name) as store:
            prepare(store)
        clock.at = NOW + timedelta(days=800)
        with engine.store(clock, name) as store:
            send(store, "e1", "2028-04-05T00:00:00Z")
            assert billed(store) == Decimal("0.10")
            assert contradicted(store) == []


def test_a_reconcile_follows_the_rules_of_an_activation_in_its_middle(store: Store) -> None:
    store.clock = Clock(NOW)
    prepare(store)
    send(store, "e1", "2026-01-05T00:00:00Z")
    # Something to repair, so that the day is opened.
    store.database.command(SQL("take_everything_back"))
    activated: list[int] = []

    def activate_once(_done: int, _days: int) -> None:
        if not activated:
            activated.append(2)
            publish_rate_card(store, card("0.30", meter="doubled", quantity="units * 2"), "card.yaml")
            activate_version(store, "acme", 2, JANUARY)

    reconcile(store, EARLIEST, LATEST, activate_once)
    assert activated == [2]
    assert billed(store) == Decimal("0.60")
    assert contradicted(store) == []


def test_a_billing_period_that_comes_back_keeps_its_number(store: Store) -> None:
    store.clock = Clock(NOW)
    prepare(store)
    send(store, "e1", "2026-02-02T00:00:00Z")
    numbers = SQL("period_id")
    before = store.database.value(numbers)
    apply_contracts(store, contract("2026-02-01T00:00:00Z"), "contracts.yaml")
    assert billed(store) == 0
    apply_contracts(store, contract(), "contracts.yaml")
    store.database.command(SQL("merge_periods"))
    assert store.database.value(numbers) == before
    assert billed(store) == Decimal("0.10")
    assert contradicted(store) == []
