"""Customers and contracts as they are stored now."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.instants import instant_text, milliseconds
from api.reads.documents import Page, Position, Row, optional_instant_text, page_of
from api.store import Store
from sql import load


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. Events may also come under its `aliases`; cohorts ask about its `attributes`."""

    customer_id: str
    name: str
    attributes: dict[str, str]
    aliases: tuple[str, ...]
    recorded_at: str


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as it is stored. `ends_at` null is open; `document` is all of it in the words of SEMANTICS
    §9."""

    contract_id: str
    customer_id: str
    rate_card: str
    starts_at: str
    ends_at: str | None
    timezone: str
    billing_interval: str
    anchor_day: int
    grace_seconds: int
    document: dict[str, Any]
    recorded_at: str


def list_customers(store: Store, *, limit: int = 100, after: Position | None = None) -> Page[Customer]:
    """List customers by id."""
    rows = store.database.rows(
        load("queries/reads/customers.sql"),
        customer_id="",
        after_customer_id=after[0] if after else "",
        limit=limit + 1,
    )
    return page_of(rows, limit, _customer, lambda row: (row["customer_id"],))


def get_customer(store: Store, customer_id: str) -> Customer | None:
    """Return the customer with this id or alias; None when nobody has it."""
    rows = store.database.rows(
        load("queries/reads/customers.sql"), customer_id=customer_id, after_customer_id="", limit=2
    )
    # An id goes before another customer's alias of the same text.
    rows.sort(key=lambda row: row["customer_id"] != customer_id)
    return _customer(rows[0]) if rows else None


def list_contracts(
    store: Store, *, customer_id: str = "", limit: int = 100, after: Position | None = None
) -> Page[Contract]:
    """List contracts by id, of all customers or of one."""
    rows = store.database.rows(
        load("queries/reads/contracts.sql"),
        contract_id="",
        customer_id=customer_id,
        after_contract_id=after[0] if after else "",
        limit=limit + 1,
    )
    return page_of(rows, limit, _contract, lambda row: (row["contract_id"],))


def get_contract(store: Store, contract_id: str) -> Contract | None:
    """Return a contract; None when there is none with this id."""
    rows = store.database.rows(
        load("queries/reads/contracts.sql"),
        contract_id=contract_id,
        customer_id="",
        after_contract_id="",
        limit=1,
    )
    return _contract(rows[0]) if rows else None


def contract_at(store: Store, customer_id: str, at: datetime) -> dict[str, Any] | None:
    """Return the contract in force at an instant, else the nearest before it, else the first after it."""
    rows = store.database.rows(
        load("queries/reads/contract_at.sql"), customer_id=customer_id, at=milliseconds(at)
    )
    return rows[0] if rows else None


def _customer(row: Row) -> Customer:
    return Customer(
        customer_id=row["customer_id"],
        name=row["name"],
        attributes=dict(row["attributes"]),
        aliases=tuple(row["aliases"]),
        recorded_at=instant_text(row["recorded_at"]),
    )


def _contract(row: Row) -> Contract:
    return Contract(
        contract_id=row["contract_id"],
        customer_id=row["customer_id"],
        rate_card=row["rate_card"],
        starts_at=instant_text(row["starts_at"]),
        ends_at=optional_instant_text(row["ends_at"]),
        timezone=row["timezone"],
        billing_interval=row["billing_interval"],
        anchor_day=row["anchor_day"],
        grace_seconds=row["grace_seconds"],
        # Empty where a kill left it half stored: it has no document until it is applied again.
        document=json.loads(row["document"] or "{}"),
        recorded_at=instant_text(row["recorded_at"]),
    )
