"""Credit balances and the ledger of their entries, live (SEMANTICS §7)."""

from dataclasses import dataclass
from datetime import datetime

from api.instants import instant_text, milliseconds
from api.reads.documents import Page, Position, Row, optional_instant_text, page_of
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """One grant's balance in its `unit` (a currency or a custom unit), exact and unrounded."""

    customer_id: str
    grant_id: str
    contract_id: str
    unit: str
    granted: str
    drawn: str
    expired: str
    voided: str
    rolled_over: str
    remaining: str
    effective_at: str
    expires_at: str | None
    priority: int
    source: str


def list_balances(
    store: Store,
    customer_id: str,
    *,
    limit: int = 100,
    after: Position | None = None,
    as_of: datetime | None = None,
) -> Page[CreditBalance]:
    """List the balances of a customer's grants at an instant (None: now), in the order in which they are used.

    Usage before the instant counts, whenever it was stored.
    """
    rows = store.database.rows(
        load("queries/reads/balances.sql"),
        customer_id=customer_id,
        as_of=milliseconds(as_of or store.clock()),
        after_place=after[0] if after else 0,
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda row: _balance(customer_id, row), lambda row: (row["place"],))


def _balance(customer_id: str, row: Row) -> CreditBalance:
    return CreditBalance(
        customer_id=customer_id,
        grant_id=row["grant_id"],
        contract_id=row["contract_id"],
        unit=row["unit"],
        granted=decimal_text(row["granted"]),
        drawn=decimal_text(row["drawn"]),
        expired=decimal_text(row["expired"]),
        voided=decimal_text(row["voided"]),
        rolled_over=decimal_text(row["rolled_over"]),
        remaining=decimal_text(row["remaining"]),
        effective_at=instant_text(row["effective_at"]),
        expires_at=optional_instant_text(row["expires_at"]),
        priority=row["priority"],
        source=row["source"],
    )


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """One entry of the credit ledger; `units` are signed. Draws name what drew: product, version and billing period, in
    the step that starts `at`: an hour, or since a grant started or ended in it."""

    at: str
    type: str
    grant_id: str
    contract_id: str
    unit: str
    units: str
    product: str | None
    period_id: int | None
    rate_card_version: int | None
    related_grant_id: str | None
    reason: str | None


_BEGINNING: Position = (0, 0, "", "", 0, 0)


def list_credit_entries(
    store: Store,
    customer_id: str,
    *,
    limit: int = 100,
    after: Position | None = None,
    as_of: datetime | None = None,
) -> Page[CreditEntry]:
    """List the entries of a customer's credits up to an instant (None: now), in time order. The sum of a grant's units
    is its balance then."""
    at, rank, grant_id, product, version, period_id = after or _BEGINNING
    rows = store.database.rows(
        load("queries/reads/credit_ledger.sql"),
        customer_id=customer_id,
        as_of=milliseconds(as_of or store.clock()),
        after_at=at,
        after_rank=rank,
        after_grant_id=grant_id,
        after_product=product,
        after_version=version,
        after_period_id=period_id,
        limit=limit + 1,
    )
    return page_of(rows, limit, _entry, _position)


def _position(row: Row) -> Position:
    names = ("rank", "grant_id", "product", "rate_card_version", "period_id")
    return (milliseconds(row["at"]), *(row[name] for name in names))


def _entry(row: Row) -> CreditEntry:
    return CreditEntry(
        at=instant_text(row["at"]),
        type=row["type"],
        grant_id=row["grant_id"],
        contract_id=row["contract_id"],
        unit=row["unit"],
        units=decimal_text(row["units"]),
        product=row["product"] or None,
        period_id=row["period_id"] or None,
        rate_card_version=row["rate_card_version"] or None,
        related_grant_id=row["related_grant_id"] or None,
        reason=row["reason"] or None,
    )
