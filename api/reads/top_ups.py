"""Credits that were topped up, and top-ups that wait for their payment (SEMANTICS §7)."""

from dataclasses import dataclass

from api.instants import instant_text
from api.reads.documents import Page, Position, Row, optional_instant_text, page_of
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load


@dataclass(frozen=True, slots=True)
class TopUpDocument:
    """A top-up: `amount`, `threshold` and `balance` in its `unit`, exact; `paid` in the contract's currency.

    `state` is granted, pending (waits for its payment) or failed. The grant that comes of it has its id.
    """

    customer_id: str
    top_up_id: str
    contract_id: str
    number: int
    state: str
    unit: str
    threshold: str
    balance: str
    amount: str
    paid: str
    payment: str
    decided_at: str
    granted_at: str | None
    reason: str | None


def list_top_ups(
    store: Store, customer_id: str, *, limit: int = 100, after: Position | None = None
) -> Page[TopUpDocument]:
    """List a customer's top-ups by contract and number."""
    rows = store.database.rows(
        load("queries/reads/top_ups.sql"),
        customer_id=customer_id,
        after_contract_id=after[0] if after else "",
        after_number=after[1] if after else 0,
        limit=limit + 1,
    )
    return page_of(rows, limit, _document, lambda row: (row["contract_id"], row["number"]))


def _document(row: Row) -> TopUpDocument:
    return TopUpDocument(
        customer_id=row["customer_id"],
        top_up_id=row["top_up_id"],
        contract_id=row["contract_id"],
        number=row["number"],
        state=row["state"],
        unit=row["unit"],
        threshold=decimal_text(row["threshold"]),
        balance=decimal_text(row["balance"]),
        amount=decimal_text(row["amount"]),
        paid=decimal_text(row["paid"]),
        payment=row["payment"],
        decided_at=instant_text(row["decided_at"]),
        granted_at=optional_instant_text(row["granted_at"]),
        reason=row["reason"] or None,
    )
