"""Usage that has no price, with the reason and how to mend it (SEMANTICS §3). It is stored, visible and not
billed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from api.instants import instant_text, milliseconds
from api.reads.documents import Page, Position, Row, page_of
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load

UnratedReason = Literal[
    "unknown_customer",
    "no_contract",
    "no_rate_card",
    "no_matching_product",
    "bad_quantity",
    "unpriced_dimension",
    "amount_out_of_range",
    "not_entitled",
]

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "unknown_customer": (
        "No customer has this id or alias.",
        "Apply contracts with the customer, or name the id as an alias of one.",
    ),
    "no_contract": (
        "The customer has no contract in force at the event's time.",
        "Apply a contract that covers that time.",
    ),
    "no_rate_card": (
        "No version of the contract's rate card is active at the event's time.",
        "Activate a version from that time or earlier.",
    ),
    "no_matching_product": (
        "No product of the rate card version takes this event: its type or its filters do not match.",
        "Publish a version with a meter for it and activate it from the event's time.",
    ),
    "bad_quantity": (
        "The product's quantity is missing in the event, is no plain decimal number, or is out of bounds.",
        "Amend the event's properties.",
    ),
    "unpriced_dimension": (
        'The product has no price for these dimension values, and no "*" row.',
        "Publish a version that prices them and activate it from the event's time, or amend the event.",
    ),
    "amount_out_of_range": (
        "Quantity × unit price is 10^14 or more.",
        "Check the quantity and the price; amend the event or publish a corrected version.",
    ),
    "not_entitled": (
        "The contract does not entitle the customer to this product.",
        "Change the contract.",
    ),
}
"""Every reason: what it means, and what mends it."""


@dataclass(frozen=True, slots=True)
class UnratedSummary:
    """How many events, or events and products, have no price for one reason. `product` is '' where the
    reason is the event's own."""

    reason: str
    product: str
    entries: int
    customers: int
    first_event_time: str
    last_event_time: str
    meaning: str
    fix: str


@dataclass(frozen=True, slots=True)
class UnratedEvent:
    """One event, or event and product, that has no price."""

    customer_id: str
    event_id: str
    event_type: str
    event_time: str
    product: str
    quantity: str
    reason: str
    recorded_at: str


def summarise_unrated(
    store: Store, *, customer_id: str = "", limit: int = 100, after: Position | None = None
) -> Page[UnratedSummary]:
    """Count unrated usage by reason and product."""
    rows = store.database.rows(
        load("queries/reads/unrated_summary.sql"),
        customer_id=customer_id,
        after_reason=after[0] if after else "",
        after_product=after[1] if after else "",
        limit=limit + 1,
    )
    return page_of(rows, limit, _summary, lambda row: (row["unrated"], row["product"]))


def count_unrated(store: Store) -> dict[str, int]:
    """Return the number of unrated entries by reason, as a scenario's `unrated` has it (SEMANTICS §9)."""
    counts: dict[str, int] = {}
    for item in summarise_unrated(store, limit=1_000_000).items:
        counts[item.reason] = counts.get(item.reason, 0) + item.entries
    return counts


def list_unrated(
    store: Store,
    *,
    customer_id: str = "",
    reason: str = "",
    limit: int = 100,
    after: Position | None = None,
) -> Page[UnratedEvent]:
    """List events without a price by event time."""
    after_time, after_customer_id, after_event_id, after_product = after or (0, "", "", "")
    rows = store.database.rows(
        load("queries/reads/unrated_events.sql"),
        customer_id=customer_id,
        reason=reason,
        after_time=after_time,
        after_customer_id=after_customer_id,
        after_event_id=after_event_id,
        after_product=after_product,
        limit=limit + 1,
    )
    return page_of(rows, limit, _unrated_event, _place)


def _summary(row: Row) -> UnratedSummary:
    meaning, fix = REASONS[row["unrated"]]
    return UnratedSummary(
        reason=row["unrated"],
        product=row["product"],
        entries=row["entries"],
        customers=row["customers"],
        first_event_time=instant_text(row["first_event_time"]),
        last_event_time=instant_text(row["last_event_time"]),
        meaning=meaning,
        fix=fix,
    )


def _unrated_event(row: Row) -> UnratedEvent:
    return UnratedEvent(
        customer_id=row["customer_id"],
        event_id=row["event_id"],
        event_type=row["event_type"],
        event_time=instant_text(row["event_time"]),
        product=row["product"],
        quantity=decimal_text(row["quantity"]),
        reason=row["unrated"],
        recorded_at=instant_text(row["recorded_at"]),
    )


def _place(row: Row) -> Position:
    return (milliseconds(row["event_time"]), row["customer_id"], row["event_id"], row["product"])
