"""What a rate card would become if it were published, and what would change against the latest version."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from api.reads.card_warnings import CardWarning, card_warnings
from api.reads.rate_cards import get_version, list_versions
from api.store import Store
from ratecard_compiler import CompiledCard, RateCardErrors, compile_card
from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.number_changes import PriceChange, price_changes
from sql import load

MOST_CHANGES = 1_000


@dataclass(frozen=True, slots=True)
class PriceChangeAnswer:
    """A published number of a price, in the product's `unit`; `*` is any value without a price of its own."""

    product: str
    dimensions: dict[str, str]
    field: str
    unit: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionComparison:
    """A card beside a published version: how many prices (combinations of dimension values) one has and the other has
    not, how many both have and differ, and the numbers that differ, the first 1,000 of them."""

    rate_card_version: int
    prices_added: int
    prices_removed: int
    prices_changed: int
    changes: tuple[PriceChangeAnswer, ...]


@dataclass(frozen=True, slots=True)
class CardValidation:
    """A rate card that compiles; nothing was stored. Publishing it makes `rate_card_version`, or finds that version
    with the same content (`created` false). `latest` compares it with the latest version; null where there is none, or
    none that this version of Runrate compiles. `warnings` are what compiles and deserves a look."""

    rate_card: str
    currency: str
    content_hash: str
    products: int
    prices: int
    rate_card_version: int
    created: bool
    latest: VersionComparison | None
    warnings: tuple[CardWarning, ...]


def validate_card(store: Store, card: CompiledCard) -> CardValidation:
    """Return what publishing a compiled card would make."""
    known = store.database.rows(
        load("queries/version_by_hash.sql"), rate_card=card.rate_card, hash=card.content_hash
    )
    next_version = store.database.rows(load("queries/next_version.sql"), rate_card=card.rate_card)[0]
    return CardValidation(
        rate_card=card.rate_card,
        currency=card.currency,
        content_hash=card.content_hash,
        products=len(card.products),
        prices=len(card.prices),
        rate_card_version=(known[0] if known else next_version)["version"],
        created=not known,
        latest=_comparison(store, card),
        warnings=card_warnings(card),
    )


def change_answers(changes: Iterable[PriceChange]) -> tuple[PriceChangeAnswer, ...]:
    """Return price changes as documents."""
    return tuple(
        PriceChangeAnswer(
            one.product,
            dict(one.dimensions),
            one.field,
            one.unit,
            decimal_text(one.before),
            decimal_text(one.after),
        )
        for one in changes
    )


def _comparison(store: Store, card: CompiledCard) -> VersionComparison | None:
    latest = list_versions(store, card.rate_card, limit=1).items
    found = get_version(store, card.rate_card, latest[0].rate_card_version) if latest else None
    if found is None:
        return None
    try:
        before = compile_card(found.document)
    except RateCardErrors:
        return None
    old = {(row.product, row.dimensions): row.price for row in before.prices}
    new = {(row.product, row.dimensions): row.price for row in card.prices}
    return VersionComparison(
        rate_card_version=found.rate_card_version,
        prices_added=len(new.keys() - old.keys()),
        prices_removed=len(old.keys() - new.keys()),
        prices_changed=sum(old[key] != new[key] for key in new.keys() & old.keys()),
        changes=change_answers(islice(price_changes(before, card), MOST_CHANGES)),
    )
