"""An audit of a rate card as it is answered. Loads no engine: the command line audits files by itself."""

from dataclasses import dataclass

from ratecard_compiler.audit import CardAudit
from ratecard_compiler.decimals import decimal_text


@dataclass(frozen=True, slots=True)
class UnusedPrice:
    """A price of the card that no event had; `*` is any value without a price of its own."""

    product: str
    dimensions: dict[str, str]


@dataclass(frozen=True, slots=True)
class UnpricedCombination:
    """Dimension values that events had and the card has no price for."""

    product: str
    dimensions: dict[str, str]
    events: int
    customers: int
    quantity: str
    first_event_time: str
    last_event_time: str


@dataclass(frozen=True, slots=True)
class CardUsage:
    """What the ledger says about a card, of events from `since` on, whatever version rated them.

    `events` counts an event once for each product that it was rated for. Of `unpriced` combinations there are at most
    10,000, those with the most events.
    """

    since: str
    events: int
    unused: tuple[UnusedPrice, ...]
    unpriced: tuple[UnpricedCombination, ...]


@dataclass(frozen=True, slots=True)
class ProductAnswer:
    """A product as a flat price list would have it: one SKU a combination; `values` counts those of each dimension."""

    product: str
    values: dict[str, int]
    skus: int


@dataclass(frozen=True, slots=True)
class UnneededAnswer:
    """A constant, formula, table or cell that no price needs."""

    node: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SaidTwiceAnswer:
    """A table row that may go: the row `same_as` then gives the same number."""

    node: str
    value: str
    same_as: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class AuditAnswer:
    """What the card is made of: it replaces `skus` flat prices by `numbers` numbers. `usage` is null where nobody
    asked a store."""

    rate_card: str
    skus: int
    numbers: int
    products: tuple[ProductAnswer, ...]
    unneeded: tuple[UnneededAnswer, ...]
    said_twice: tuple[SaidTwiceAnswer, ...]
    usage: CardUsage | None


def audit_answer(rate_card: str, audit: CardAudit, usage: CardUsage | None) -> AuditAnswer:
    """Return an audit as it is sent."""
    return AuditAnswer(
        rate_card=rate_card,
        skus=audit.skus,
        numbers=audit.numbers,
        products=tuple(ProductAnswer(one.product, dict(one.values), one.skus) for one in audit.products),
        unneeded=tuple(UnneededAnswer(one.node, *one.place) for one in audit.unneeded),
        said_twice=tuple(
            SaidTwiceAnswer(one.node, decimal_text(one.value), one.same_as, *one.place)
            for one in audit.said_twice
        ),
        usage=usage,
    )
