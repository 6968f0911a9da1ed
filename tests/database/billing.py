"""The smallest business: one customer, one contract, units at 0.10."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from api.events import EventLimits, decode_events
from api.operations.activate import activate_version
from api.operations.contracts import apply_contracts
from api.operations.ingest import ingest
from api.operations.publish import publish_rate_card
from api.reads.invoices import get_invoice
from api.scenarios.run import LIMITS
from api.store import Store, utc_now
from tests.sql import statements_of

SQL = statements_of("billing")

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
NOON = "2026-01-05T12:00:00Z"

CARD = """
rate_card: acme
currency: USD
meters:
  calls: {{event_type: call, aggregation: sum, quantity: units, unit: call}}
products:
  calls: {{meter: calls, price: {price}}}
"""
CONTRACTS = """
customers: [{{customer_id: c1, name: Northwind Research}}]
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme
    starts_at: {starts_at}
    ends_at: null
    timezone: UTC
    billing: {{interval: month, anchor_day: 1}}
"""


def card(price: str = '{model: per_unit, unit_amount: "0.10"}') -> str:
    return CARD.format(price=price)


def contracts(starts_at: str = "2026-01-01T00:00:00Z") -> str:
    return CONTRACTS.format(starts_at=starts_at)


def set_up(store: Store) -> None:
    """Publish and activate the card from January on, and store the contract."""
    publish(store, card(), JANUARY)
    apply_contracts(store, contracts(), "contracts.yaml")


def publish(store: Store, text: str, active_from: datetime) -> None:
    """Publish a card and put it in force."""
    version = publish_rate_card(store, text, "card.yaml")
    activate_version(store, version.rate_card, version.rate_card_version, active_from)


def event(event_id: str, units: object = "1", at: str = NOON, **more: str) -> dict[str, Any]:
    """An event of c1."""
    return {
        "event_id": event_id,
        "customer_id": "c1",
        "event_type": "call",
        "event_time": at,
        "properties": {"units": str(units), **more},
    }


def send(store: Store, *events: Mapping[str, Any], limits: EventLimits = LIMITS) -> list[str]:
    """Ingest events in one request; the answers in its order."""
    decoded = decode_events(json.dumps(events).encode(), "application/json", limits, utc_now())
    return [answer.status for answer in ingest(store, decoded)]


def total(store: Store, period: str = "2026-01-01") -> Decimal:
    """The total of a period's draft."""
    invoice = get_invoice(store, f"k1:{period}")
    assert invoice is not None
    return Decimal(invoice.total)


def count(store: Store, table: str) -> int:
    """How many rows a table or view has."""
    found: int = store.database.value(SQL("count"), table=table)
    return found
