"""Rate cards, their versions, products and activations."""

from dataclasses import dataclass
from typing import Any

from api.cohorts import cohort_value
from api.instants import instant_text, milliseconds
from api.reads.documents import Page, Position, Row, page_of
from api.reads.gate_documents import ForcedGate, forced_gates
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load

_NO_BOUND = 2**63


@dataclass(frozen=True, slots=True)
class RateCard:
    """A rate card: how many versions it has and which is the latest."""

    rate_card: str
    currency: str
    versions: int
    latest_version: int
    latest_published_at: str


@dataclass(frozen=True, slots=True)
class RateCardProduct:
    """A product of a version. `unit` is what it is priced in, worth `unit_value` in the card's currency;
    `metered_unit` is what is counted."""

    product: str
    name: str
    meter: str
    metered_unit: str
    unit: str
    unit_value: str
    model: str
    tier_continuity: str
    tiers_over: str
    tags: tuple[str, ...]
    dimensions: tuple[str, ...]
    show: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateCardVersionSummary:
    """An immutable version. `prices` is how many combinations it prices; `parent` the number of the version that it
    was made from, where that was told."""

    rate_card: str
    rate_card_version: int
    content_hash: str
    currency: str
    rounding: str
    prices: int
    parent: int | None
    author: str
    note: str
    published_at: str


@dataclass(frozen=True, slots=True)
class RateCardVersion:
    """An immutable version with its products and the text that was published."""

    rate_card: str
    rate_card_version: int
    content_hash: str
    currency: str
    rounding: str
    prices: int
    parent: int | None
    author: str
    note: str
    published_at: str
    products: tuple[RateCardProduct, ...]
    document: str


@dataclass(frozen=True, slots=True)
class PublishedNames:
    """What any version of any rate card has."""

    products: tuple[str, ...]
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Activation:
    """A version put in force for events from `active_from` on, for the contracts that its cohort holds; the latest
    start wins, then the later activation. `state` is `scheduled` until it starts, then `in_force`, and `superseded`
    once another for everyone or for the same cohort has taken its place. `forced` are the gates that refused the
    version and did not keep it from being activated."""

    activation_id: int
    rate_card: str
    rate_card_version: int
    active_from: str
    cohort: str | dict[str, str | list[str]]
    state: str
    author: str
    note: str
    forced: tuple[ForcedGate, ...]
    recorded_at: str


def published_names(store: Store) -> PublishedNames:
    """Return the names of all products, and of all dimensions that price them or are shown."""
    (row,) = store.database.rows(load("queries/reads/published_names.sql"))
    return PublishedNames(tuple(row["products"]), tuple(row["dimensions"]))


def list_rate_cards(store: Store, *, limit: int = 100, after: Position | None = None) -> Page[RateCard]:
    """List rate cards by id."""
    rows = store.database.rows(
        load("queries/reads/rate_cards.sql"),
        rate_card="",
        after_rate_card=after[0] if after else "",
        limit=limit + 1,
    )
    return page_of(rows, limit, _rate_card, lambda row: (row["rate_card"],))


def list_versions(
    store: Store, rate_card: str, *, limit: int = 100, after: Position | None = None
) -> Page[RateCardVersionSummary]:
    """List a card's versions, the latest first."""
    rows = _versions(store, rate_card, before=after[0] if after else _NO_BOUND, limit=limit + 1)
    return page_of(
        rows,
        limit,
        lambda row: RateCardVersionSummary(**_version(row)),
        lambda row: (row["rate_card_version"],),
    )


def get_version(store: Store, rate_card: str, version: int) -> RateCardVersion | None:
    """Return a version with its products and document; None when there is no such version."""
    rows = _versions(store, rate_card, version=version, with_document=True)
    if not rows:
        return None
    products = store.database.rows(
        load("queries/reads/rate_card_products.sql"), version_id=rows[0]["version_id"]
    )
    return RateCardVersion(
        **_version(rows[0]),
        products=tuple(_product(product) for product in products),
        document=rows[0]["document"],
    )


def version_id_of(store: Store, rate_card: str, version: int) -> int | None:
    """Return the number over all cards of a card's version; None when there is no such version."""
    rows = _versions(store, rate_card, version=version)
    return int(rows[0]["version_id"]) if rows else None


def list_activations(
    store: Store, rate_card: str, *, limit: int = 100, after: Position | None = None
) -> Page[Activation]:
    """List a card's activations, the latest made first."""
    rows = store.database.rows(
        load("queries/reads/activations.sql"),
        rate_card=rate_card,
        before_activation_id=after[0] if after else _NO_BOUND,
        now=milliseconds(store.clock()),
        limit=limit + 1,
    )
    return page_of(rows, limit, _activation, lambda row: (row["activation_id"],))


def _versions(
    store: Store,
    rate_card: str,
    *,
    version: int = 0,
    before: int | str = _NO_BOUND,
    limit: int = 1,
    with_document: bool = False,
) -> list[dict[str, Any]]:
    return store.database.rows(
        load("queries/reads/rate_card_versions.sql"),
        rate_card=rate_card,
        version=version,
        before_version=before,
        limit=limit,
        with_document=with_document,
    )


def _rate_card(row: Row) -> RateCard:
    return RateCard(
        rate_card=row["rate_card"],
        currency=row["currency"],
        versions=row["versions"],
        latest_version=row["latest_version"],
        latest_published_at=instant_text(row["latest_published_at"]),
    )


def _activation(row: Row) -> Activation:
    return Activation(
        activation_id=row["activation_id"],
        rate_card=row["rate_card"],
        rate_card_version=row["rate_card_version"],
        active_from=instant_text(row["active_from"]),
        cohort=cohort_value(row["cohort"]),
        state=row["state"],
        author=row["author"],
        note=row["note"],
        forced=forced_gates(row["forced"]),
        recorded_at=instant_text(row["recorded_at"]),
    )


def _version(row: Row) -> dict[str, Any]:
    return {
        "rate_card": row["rate_card"],
        "rate_card_version": row["rate_card_version"],
        "content_hash": row["content_hash"],
        "currency": row["currency"],
        "rounding": row["rounding"],
        "prices": row["prices"],
        "parent": row["parent"] or None,
        "author": row["author"],
        "note": row["note"],
        "published_at": instant_text(row["published_at"]),
    }


def _product(row: Row) -> RateCardProduct:
    return RateCardProduct(
        product=row["product"],
        name=row["name"],
        meter=row["meter"],
        metered_unit=row["metered_unit"],
        unit=row["unit"],
        unit_value=decimal_text(row["unit_value"]),
        model=row["model"],
        tier_continuity=row["tier_continuity"],
        tiers_over=row["tiers_over"],
        tags=tuple(row["tags"]),
        dimensions=tuple(row["dimension_names"]),
        show=tuple(row["show_names"]),
    )
