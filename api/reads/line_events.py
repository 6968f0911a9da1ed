"""The events behind an invoice line, each with its exact amount (SEMANTICS §8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from api.instants import instant_text, milliseconds
from api.reads.documents import Page, Position, Row, page_of
from api.reads.invoices import find_period
from api.store import Store
from migrations.features import needed_features
from ratecard_compiler.decimals import decimal_text
from sql import load, render

Entry = Literal["event", "carried", "without_usage"]

_NO_EVENT = {"event_id": None, "customer_id": None, "event_type": None}


@dataclass(frozen=True, slots=True)
class LineEvent:
    """One event of a usage line; or, where `entry` says so, what no event of the period made: the level that a
    `weighted_sum` had before it, or what is charged without usage.

    `amount` is exact, in the invoice's currency: the entries of a line add up to the line's `exact_amount`.
    `unit_amount` is the same in the product's `unit`. Where the price depends on position (tiers, packages),
    `unit_price` is null and the amount is what this event adds to the cost of those before it.
    """

    entry: Entry
    event_id: str | None
    customer_id: str | None
    event_type: str | None
    event_time: str
    dimensions: dict[str, str]
    show: dict[str, str]
    quantity: str
    unit: str
    unit_price: str | None
    unit_amount: str
    amount: str


def list_line_events(
    store: Store, invoice_id: str, line_id: str, *, limit: int = 100, after: Position | None = None
) -> Page[LineEvent] | None:
    """List the events of a usage line by event time; None when there is no such invoice or usage line."""
    kind, _, rest = line_id.partition(":")
    product, _, version = rest.rpartition(":")
    if (
        kind != "usage"
        or not product
        or not (version.isascii() and version.isdecimal() and len(version) < 10)
    ):
        return None
    period = find_period(store, invoice_id)
    if period is None:
        return None
    after_time, after_key = after or (0, "0")
    rows = event_amounts(
        store,
        period,
        product,
        int(version),
        after_time=int(after_time),
        after_key=int(after_key),
        limit=limit + 1,
    )
    if not rows and after is None:
        return None
    names = _names(store, rows[:limit])
    return page_of(
        rows,
        limit,
        lambda row: _line_event({**row, **names.get((row["event_time"], row["event_key"]), _NO_EVENT)}),
        lambda row: (milliseconds(row["event_time"]), str(row["event_key"])),
    )


def event_amounts(
    store: Store,
    period: Row,
    product: str,
    version: int,
    *,
    event_key: int = 0,
    after_time: int = 0,
    after_key: int = 0,
    limit: int = 1,
) -> list[dict[str, Any]]:
    """Return events of a product in a billing period with exact amounts: at a version, or (0) at whichever each is
    billed; of one event, or a page."""
    features = needed_features(store.database, product)
    return store.database.rows(
        render("queries/reads/event_amounts.sql.j2", database=store.database.name, features=features),
        period_id=period["period_id"],
        product=product,
        version=version,
        event_key=event_key,
        after_time=after_time,
        after_key=after_key,
        limit=limit,
    )


def _names(store: Store, rows: Sequence[Row]) -> dict[tuple[datetime, int], dict[str, Any]]:
    named = store.database.rows(
        load("queries/reads/event_names.sql"),
        event_times=[milliseconds(row["event_time"]) for row in rows],
        event_keys=[row["event_key"] for row in rows],
    )
    return {(row["event_time"], row["event_key"]): row for row in named}


def _entry(row: Row) -> Entry:
    if row["event_id"] is not None:
        return "event"
    return "carried" if row["quantity"] else "without_usage"


def _line_event(row: Row) -> LineEvent:
    return LineEvent(
        entry=_entry(row),
        event_id=row["event_id"],
        customer_id=row["customer_id"],
        event_type=row["event_type"],
        event_time=instant_text(row["event_time"]),
        dimensions=dict(row["dimensions"]),
        show=dict(row["show"]),
        quantity=decimal_text(row["quantity"]),
        unit=row["unit"],
        unit_price=None if row["unit_price"] is None else decimal_text(row["unit_price"]),
        unit_amount=decimal_text(row["exact_unit_amount"]),
        amount=decimal_text(row["exact_amount"]),
    )
