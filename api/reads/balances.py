"""Credit balances: granted − drawn − expired − voided, live (SEMANTICS §7)."""

from dataclasses import dataclass

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
) -> Page[CreditBalance]:
    """List the balances of a customer's grants now, in the order in which they are used."""
    rows = store.database.rows(
        load("queries/reads/balances.sql"),
        customer_id=customer_id,
        as_of=milliseconds(store.clock()),
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
        remaining=decimal_text(row["remaining"]),
        effective_at=instant_text(row["effective_at"]),
        expires_at=optional_instant_text(row["expires_at"]),
        priority=row["priority"],
        source=row["source"],
    )
