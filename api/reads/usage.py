"""Usage over time, by product and any dimensions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from api.instants import instant_text, milliseconds
from api.reads.contracts import contract_at
from api.reads.documents import Page, Position, Row, page_of
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import render

Grain = Literal["hour", "day", "month"]

# How far back usage is read when nobody says from when, by grain.
DEFAULT_SPANS: Mapping[Grain, timedelta] = {
    "hour": timedelta(days=2),
    "day": timedelta(days=31),
    "month": timedelta(days=366),
}


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Usage of one product in one hour, day or month from `start` on. `amount` is exact, in `unit`;
    `dimensions` has those that were asked for, '' where the product has no such dimension."""

    start: str
    product: str
    rate_card_version: int
    dimensions: dict[str, str]
    quantity: str
    events: int
    unit: str
    amount: str
    currency: str


def usage_timezone(store: Store, customer_id: str, at: datetime) -> str:
    """Return the time zone that a customer's days are in: the contract's at an instant, UTC without one."""
    contract = contract_at(store, customer_id, at)
    return "UTC" if contract is None else str(contract["timezone"])


def list_usage(
    store: Store,
    customer_id: str,
    *,
    by: Grain,
    start: datetime,
    end: datetime,
    timezone: str,
    group_by: Sequence[str] = (),
    product: str = "",
    limit: int = 100,
    after: Position | None = None,
) -> Page[UsageRow]:
    """List rated usage in `[start, end)` by hour, day or month, product, version and the dimensions of
    `group_by`.

    Days and months begin at local midnight in `timezone`. Usage is kept by hours of UTC: `start` and `end`
    count in whole hours, and where the zone's offset has half hours, the hour around midnight belongs to the
    day in which it begins; billing periods are cut exactly.
    """
    after_start, after_product, after_version, *after_values = after or (0, "", 0)
    rows = store.database.rows(
        render("queries/reads/usage.sql.j2", by=by),
        customer_id=customer_id,
        start=milliseconds(start),
        end=milliseconds(end),
        timezone=timezone,
        group_by=list(group_by),
        product=product,
        after_start=after_start,
        after_product=after_product,
        after_version=after_version,
        after_values=[str(value) for value in after_values],
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda row: _usage_row(row, group_by), _position)


def _position(row: Row) -> Position:
    seconds = milliseconds(row["start"]) // 1000
    return (seconds, row["product"], row["rate_card_version"], *row["group_values"])


def _usage_row(row: Row, group_by: Sequence[str]) -> UsageRow:
    return UsageRow(
        start=instant_text(row["start"]),
        product=row["product"],
        rate_card_version=row["rate_card_version"],
        dimensions=dict(zip(group_by, row["group_values"], strict=True)),
        quantity=decimal_text(row["quantity"]),
        events=row["events"],
        unit=row["unit"],
        amount=decimal_text(row["amount"]),
        currency=row["currency"],
    )
