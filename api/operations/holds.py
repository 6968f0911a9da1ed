"""Reserving credits for work that is not done yet, and saying what it came to.

A hold is decided while every other writer is kept out, from the balance and the holds as they are then: it is never
granted twice, nor beyond what is left. Its states are records, so holds outlive the process.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from api.errors import Conflicting, NotFound, Unprocessable
from api.instants import instant_text
from api.reads.entitlements import entitlement, live_holds
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load

HELD, CONFIRMED, RELEASED, EXPIRED = "held", "confirmed", "released", "expired"
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold of `units` of `unit` until `expires_at`, exclusive; `changed` is false where it was so already.

    `state` is held, confirmed (`confirmed_units` is what the work came to), released or expired.
    """

    customer_id: str
    hold_id: str
    product: str
    unit: str
    units: Decimal
    state: str
    confirmed_units: Decimal | None
    held_at: datetime
    expires_at: datetime
    changed: bool


def place_hold(
    store: Store, name: str, hold_id: str, product: str, units: Decimal, expires_in: timedelta
) -> Hold:
    """Reserve units of the product's unit for a customer, by id or alias. The same again is the same hold.

    Raises NotFound, Unprocessable for a product that the customer cannot use, and Conflicting for more than is
    available, whether or not the contract allows overage, or for an id that another hold has.
    """
    with store.exclusive():
        customer_id = _customer(store, name)
        now = store.clock()
        earlier = _stored(store, customer_id, hold_id, now)
        if earlier is not None:
            same = (earlier.product, earlier.units) == (product, units)
            if same and earlier.expires_at - earlier.held_at == expires_in:
                return earlier
            fact = f"hold {hold_id} is {decimal_text(earlier.units)} {earlier.unit} for {earlier.product}"
            raise Conflicting("hold_exists", f"{fact}; another hold needs another id")
        unit = _reserve(store, customer_id, product, units, now)
        hold = Hold(
            customer_id, hold_id, product, unit, units, HELD, None, now, now + expires_in, changed=True
        )
        _record(store, hold, now)
    return hold


def confirm_hold(store: Store, name: str, hold_id: str, units: Decimal) -> Hold:
    """End a hold with what the work came to; its usage is an event of its own. The same again changes nothing.

    Raises NotFound, and Conflicting for a hold that has ended otherwise.
    """
    return _end(store, name, hold_id, CONFIRMED, units)


def release_hold(store: Store, name: str, hold_id: str) -> Hold:
    """End a hold that is not needed. Doing it again changes nothing; neither does releasing an expired one.

    Raises NotFound, and Conflicting for a hold that was confirmed.
    """
    return _end(store, name, hold_id, RELEASED, None)


def _end(store: Store, name: str, hold_id: str, state: str, units: Decimal | None) -> Hold:
    with store.exclusive():
        customer_id = _customer(store, name)
        now = store.clock()
        hold = _stored(store, customer_id, hold_id, now)
        if hold is None:
            raise NotFound("not_found", f"The customer {customer_id} has no hold {hold_id}.")
        if (hold.state, hold.confirmed_units) == (state, units):
            return hold
        if hold.state == EXPIRED and state == RELEASED:
            return hold
        if hold.state != HELD:
            since = f" since {instant_text(hold.expires_at)}" if hold.state == EXPIRED else ""
            raise Conflicting("hold_has_ended", f"hold {hold_id} is {hold.state}{since}")
        ended = replace(hold, state=state, confirmed_units=units, changed=True)
        _record(store, ended, now)
    return ended


def _reserve(store: Store, customer_id: str, product: str, units: Decimal, now: datetime) -> str:
    """Return the product's unit if so many are available now."""
    found = store.standings.exact(customer_id)
    if found is None:
        raise NotFound("not_found", f"There is no customer {customer_id!r}.")
    standing, as_of = found
    answer = entitlement(standing, product, as_of, now)
    if answer.unit is None or not (answer.allowed or answer.reason == "no_balance"):
        fact = f"the customer cannot use {product} ({answer.reason})"
        raise Unprocessable("cannot_be_used", f"{fact}; see GET …/entitlements/{product}")
    if units > Decimal(answer.available):
        fact = f"{decimal_text(units)} {answer.unit} are more than the {answer.available} that are available"
        raise Conflicting(
            "hold_exceeds_balance", f"{fact}: {answer.remaining} are left, {answer.held} are held"
        )
    return answer.unit


def _customer(store: Store, name: str) -> str:
    found = store.standings.get(name, store.clock())
    if found is None:
        raise NotFound("not_found", f"There is no customer {name!r}.")
    return found[0].customer_id


def _stored(store: Store, customer_id: str, hold_id: str, now: datetime) -> Hold | None:
    rows: list[dict[str, Any]] = store.database.rows(
        load("queries/hold.sql"), customer_id=customer_id, hold_id=hold_id
    )
    if not rows:
        return None
    hold = Hold(**rows[0], changed=False)
    return replace(hold, state=EXPIRED) if hold.state == HELD and hold.expires_at <= now else hold


def _record(store: Store, hold: Hold, now: datetime) -> None:
    names = ("customer_id", "hold_id", "product", "unit", "units", "state", "confirmed_units", "held_at")
    row = {name: getattr(hold, name) for name in (*names, "expires_at")}
    store.database.insert("hold_records", [{**row, "recorded_at": store.next_instant()}])
    store.standings.hold(hold.customer_id, live_holds(store, hold.customer_id, now))
