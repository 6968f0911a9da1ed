"""Prices: of a version, and those in force for a customer at an instant."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from api.cohorts import cohort_value
from api.instants import instant_text, milliseconds
from api.reads.documents import Page, Position, Row, page_of
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load


@dataclass(frozen=True, slots=True)
class PriceTier:
    """One tier: up to and including `up_to` metered units; null is the last one's."""

    up_to: str | None
    unit_amount: str
    flat_amount: str


@dataclass(frozen=True, slots=True)
class PriceRow:
    """The price of one combination of dimension values, in the product's `unit`; `*` is any value without a
    price of its own. Fields of other price models are null or empty; the `unit_amount` of a percentage is what one unit
    of value costs."""

    product: str
    dimensions: dict[str, str]
    unit: str
    metered_unit: str
    model: str
    unit_amount: str | None
    tiers: tuple[PriceTier, ...]
    package_size: str | None
    package_amount: str | None
    free_units: str | None
    flat_amount: str | None
    fixed_amount_per_event: str | None
    free_events: int | None
    free_total_value: str | None
    min_amount_per_event: str | None
    max_amount_per_event: str | None
    included: str
    minimum_spend: str | None
    maximum_spend: str | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What rates a customer's events at an instant: the contract, the card's version, and the activation that put it in
    force, from when and for which cohort. Without an active version these are null and nothing can be priced."""

    customer_id: str
    at: str
    contract_id: str
    period_start: str
    period_end: str
    timezone: str
    rate_card: str
    rate_card_version: int | None
    activation_id: int | None
    active_from: str | None
    cohort: str | dict[str, Any] | None
    currency: str | None


def terms_at(store: Store, customer_id: str, at: datetime) -> tuple[Terms, int] | None:
    """Return the contract, billing period and rate card version for a customer (or an alias) at an instant, and the
    number of its prices, the version's or those of its variant for the contract's overrides; 0 where none is active.

    None when no contract is in force then.
    """
    rows = store.database.rows(
        load("queries/reads/version_in_force.sql"), customer_id=customer_id, at=milliseconds(at)
    )
    if not rows:
        return None
    row = rows[0]
    active = row["version_id"] != 0
    activation = store.database.rows(
        load("queries/reads/activation_in_force.sql"),
        version_id=row["card_version_id"],
        contract_id=row["contract_id"],
        at=milliseconds(at),
    )
    made = activation[0] if activation else None
    terms = Terms(
        customer_id=customer_id,
        at=instant_text(at),
        contract_id=row["contract_id"],
        period_start=instant_text(row["period_start"]),
        period_end=instant_text(row["period_end"]),
        timezone=row["timezone"],
        rate_card=row["rate_card"],
        rate_card_version=row["rate_card_version"] if active else None,
        activation_id=made["activation_id"] if made else None,
        active_from=instant_text(made["active_from"]) if made else None,
        cohort=cohort_value(made["cohort"]) if made else None,
        currency=row["currency"] if active else None,
    )
    return terms, row["version_id"]


def list_prices(
    store: Store,
    version_id: int,
    *,
    product: str = "",
    limit: int = 100,
    after: Position | None = None,
) -> Page[PriceRow]:
    """List the prices of a version, products in the card's order."""
    rows = store.database.rows(
        load("queries/reads/version_prices.sql"),
        version_id=version_id,
        product=product,
        price_ids=[],
        after_price_id=after[0] if after else 0,
        limit=limit + 1,
    )
    return page_of(rows, limit, price_row, lambda row: (row["price_id"],))


def price_row(row: Row) -> PriceRow:
    """Return a stored price row as a document."""
    model = row["model"]
    package = model == "package"
    return PriceRow(
        product=row["product"],
        dimensions=dict(row["dimensions"]),
        unit=row["unit"],
        metered_unit=row["metered_unit"],
        model=model,
        unit_amount=decimal_text(row["unit_amount"]) if model in ("per_unit", "percentage") else None,
        tiers=tuple(
            PriceTier(
                up_to=None if up_to is None else decimal_text(up_to),
                unit_amount=decimal_text(unit_amount),
                flat_amount=decimal_text(flat_amount),
            )
            for up_to, unit_amount, flat_amount in zip(
                row["tier_up_to"], row["tier_unit_amount"], row["tier_flat_amount"], strict=True
            )
        ),
        package_size=decimal_text(row["package_size"]) if package else None,
        package_amount=decimal_text(row["package_amount"]) if package else None,
        free_units=decimal_text(row["free_units"]) if package else None,
        flat_amount=decimal_text(row["flat_amount"]) if model == "flat" else None,
        fixed_amount_per_event=decimal_text(row["fixed_amount_per_event"]) if model == "percentage" else None,
        free_events=row["free_events"],
        free_total_value=_text(row["free_total_value"]),
        min_amount_per_event=_text(row["min_amount_per_event"]),
        max_amount_per_event=_text(row["max_amount_per_event"]),
        included=decimal_text(row["included"]),
        minimum_spend=_text(row["minimum_spend"]),
        maximum_spend=_text(row["maximum_spend"]),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)
