"""The shape of an event's trace: what came, what the ledger says, and why it costs what it costs."""

from dataclasses import dataclass
from typing import Literal

from api.reads.formulas import FormulaStep
from api.reads.overridden_prices import AppliedOverride
from api.reads.prices import PriceRow


@dataclass(frozen=True, slots=True)
class EventRevision:
    """The event as it came, or as an amendment left it. `status`: current, amended (replaced by a later
    revision), voided, or conflict (another content had the identity first; kept, never billed)."""

    revision: int
    status: Literal["current", "amended", "voided", "conflict"]
    event_type: str
    event_time: str
    properties: dict[str, str]
    recorded_at: str


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of the rating ledger. `sign` 1 adds it, -1 takes an earlier one back. `unit_price` and
    `amount`, in `unit`, are null where the price depends on position (tiers, packages)."""

    recorded_at: str
    reason: str
    sign: int
    event_time: str
    invoice_id: str | None
    product: str | None
    rate_card: str | None
    rate_card_version: int | None
    dimensions: dict[str, str]
    quantity: str
    unit: str | None
    unit_price: str | None
    amount: str | None
    unrated: str


@dataclass(frozen=True, slots=True)
class StepDraw:
    """What a grant paid of the product's usage in the event's step, all of its events together: an hour, or since
    `step_start` where a grant started or ended in it. Negative: what came back."""

    step_start: str
    grant_id: str
    units: str
    unit: str


@dataclass(frozen=True, slots=True)
class RatedProduct:
    """How one product rates the event: quantity × unit price = `unit_amount` in `unit`, worth `amount` in
    `currency`; both exact. Where the price depends on position, `unit_price` is null and the amount is what
    this event adds to the cost of the period's units before it. Where an override of the contract made the price,
    `override` says which and `list_price` what it follows or replaces; else both are null. `formulas` are what the
    list price was made of, down to the card's numbers; empty where the card has the price in numbers, or is longer than
    200,000 bytes."""

    product: str
    product_name: str
    contract_id: str
    invoice_id: str
    line_id: str
    period_start: str
    period_end: str
    rate_card: str
    rate_card_version: int
    active_from: str | None
    price: PriceRow
    list_price: PriceRow | None
    override: AppliedOverride | None
    formulas: tuple[FormulaStep, ...]
    dimensions: dict[str, str]
    show: dict[str, str]
    quantity: str
    metered_unit: str
    unit_price: str | None
    unit: str
    unit_amount: str
    amount: str
    currency: str
    credits: tuple[StepDraw, ...]
    text: str


@dataclass(frozen=True, slots=True)
class UnratedProduct:
    """Why the event, or the event and product, has no price, and what mends it."""

    product: str | None
    reason: str
    meaning: str
    fix: str


@dataclass(frozen=True, slots=True)
class EventTrace:
    """Everything about one event. `customer_id` is the customer that is billed, null when nobody is known by
    the id that was sent; `explanation` says in sentences what the rest says in fields."""

    event_id: str
    sent_customer_id: str
    customer_id: str | None
    customer_name: str | None
    event_type: str
    event_time: str
    recorded_at: str
    status: Literal["current", "voided", "conflict"]
    properties: dict[str, str]
    revisions: tuple[EventRevision, ...]
    rated: tuple[RatedProduct, ...]
    unrated: tuple[UnratedProduct, ...]
    ledger: tuple[LedgerEntry, ...]
    explanation: tuple[str, ...]
