"""Revenue of a customer by day: what is recognised, and what it is recognised of (SEMANTICS §7)."""

from dataclasses import dataclass
from datetime import date

from api.reads.documents import Page, Position, Row, page_of
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load


@dataclass(frozen=True, slots=True)
class RevenueEntry:
    """What is recognised on a `day` of the contract's time zone: an exact `amount` in `currency`.

    `category` is usage (net of discounts and credits), prepaid_drawdown, breakage, fee or true_up. `source_id` is the
    invoice line (`invoice_id/line_id`) or the grant (`grant:<grant_id>`) that it is recognised of.
    """

    day: str
    contract_id: str
    category: str
    product: str | None
    rate_card_version: int | None
    grant_id: str | None
    source_id: str
    currency: str
    amount: str


_BEGINNING: Position = ("1970-01-01", "", "", "", "", 0, "")


def list_revenue(
    store: Store,
    customer_id: str,
    *,
    from_day: date,
    to_day: date,
    limit: int = 100,
    after: Position | None = None,
) -> Page[RevenueEntry]:
    """List a customer's revenue entries of `from_day <= day < to_day`, in the order of days.

    Days to come say what is recognised then if nothing else happens: the rest of fees, grants that expire, what
    rounding and minimums add on the last day of a period.
    """
    day, contract_id, source_id, category, product, version, grant_id = after or _BEGINNING
    rows = store.database.rows(
        load("queries/reads/revenue.sql"),
        customer_id=customer_id,
        from_day=from_day,
        to_day=to_day,
        after_day=day,
        after_contract_id=contract_id,
        after_source_id=source_id,
        after_category=category,
        after_product=product,
        after_version=version,
        after_grant_id=grant_id,
        limit=limit + 1,
    )
    return page_of(rows, limit, _entry, _position)


def _position(row: Row) -> Position:
    names = ("contract_id", "source_id", "category", "product", "rate_card_version", "grant_id")
    return (row["day"].isoformat(), *(row[name] for name in names))


def _entry(row: Row) -> RevenueEntry:
    return RevenueEntry(
        day=row["day"].isoformat(),
        contract_id=row["contract_id"],
        category=row["category"],
        product=row["product"] or None,
        rate_card_version=row["rate_card_version"] or None,
        grant_id=row["grant_id"] or None,
        source_id=row["source_id"],
        currency=row["currency"],
        amount=decimal_text(row["amount"]),
    )
