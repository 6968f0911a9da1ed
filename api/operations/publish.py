"""Publishing a rate card: an immutable version with its products and prices as rows."""

from dataclasses import dataclass

from api.compiled import compiled_card
from api.errors import Conflicting, Unprocessable
from api.gates import meters_text
from api.operations.overrides import store_variants, variants_of_version
from api.operations.remarks import NO_REMARK, Remark
from api.operations.trail import Change, record_change
from api.reads.card_warnings import CardWarning, card_warnings
from api.reads.rate_cards import list_versions, version_id_of
from api.store import Store
from migrations import deploy_features
from ratecard_compiler import CompiledCard
from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.rating import Shape, shape_of
from ratecard_compiler.rows import dimension_value_rows, price_rows, product_rows
from sql import load
from sql.fail_points import reach


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a card. `created` is False when the same content had been published before. `warnings` are what
    compiles and deserves a look."""

    rate_card: str
    rate_card_version: int
    content_hash: str
    prices: int
    created: bool
    warnings: tuple[CardWarning, ...] = ()


def publish_rate_card(
    store: Store, text: str, file_name: str, parent: int | None = None, remark: Remark = NO_REMARK
) -> Published:
    """Compile a card and store it as the next version of its name; nothing is in force until it is activated.

    `parent` is the number of the version that it was made from. Publishing the same content again returns the version
    it made then, with its parent and remark. Raises RateCardErrors; Unprocessable for a parent that is not published;
    Conflicting when the card's earlier versions have another currency, since an invoice has one, or where the
    overrides of a contract do not fit.
    """
    card = compiled_card(text, file_name)
    with store.publishing():
        known = store.database.rows(
            load("queries/version_by_hash.sql"), rate_card=card.rate_card, hash=card.content_hash
        )
        if parent is not None and version_id_of(store, card.rate_card, parent) is None:
            raise Unprocessable("unknown_parent", f"rate card {card.rate_card!r} has no version {parent}")
        if known:
            return _published(card, known[0]["version"], created=False)
        check_currency(store, card)
        numbers = store.database.rows(load("queries/next_version.sql"), rate_card=card.rate_card)[0]
        version_id, version = numbers["version_id"], numbers["version"]
        variants = variants_of_version(store, card, version_id)
        # Usage comes in while this is stored and loaded: nothing in force points at it.
        store.database.insert("rate_card_products", product_rows(card, version_id))
        reach("publish.before_prices")
        store.database.insert("price_rows", price_rows(card, version_id))
        store.database.insert("dimension_values", dimension_value_rows(card, version_id))
        latest = max([version_id, *store_variants(store, variants)])
        with store.exclusive():
            _store_version(store, card, version_id, version, text, parent, remark)
        store.load_prices(latest)
    return _published(card, version, created=True)


def _published(card: CompiledCard, version: int, *, created: bool) -> Published:
    return Published(
        rate_card=card.rate_card,
        rate_card_version=version,
        content_hash=card.content_hash,
        prices=len(card.prices),
        created=created,
        warnings=card_warnings(card),
    )


def _limit_text(card: CompiledCard) -> str:
    limit = card.model.gates.max_change_percent
    return "" if limit is None else decimal_text(limit)


def _store_version(
    store: Store,
    card: CompiledCard,
    version_id: int,
    version: int,
    text: str,
    parent: int | None,
    remark: Remark,
) -> None:
    shape_id = _store_shape(store, shape_of(card))
    deploy_features(store.database)
    reach("publish.before_version")
    if version == 1:
        # Contracts may have named the card before it was there: their invoices get a currency.
        store.outdate_dictionaries("periods_dict")
    published_at = record_change(store, _change(store, card, version, parent), remark)
    # Last: a version counts once this row is there.
    store.database.insert(
        "rate_card_versions",
        [
            {
                "version_id": version_id,
                "rate_card": card.rate_card,
                "version": version,
                "content_hash": card.content_hash,
                "document": text,
                "currency": card.currency,
                "currency_exponent": card.currency_exponent,
                "rounding": card.rounding,
                "shape_id": shape_id,
                "meters": meters_text(card),
                "max_change_percent": _limit_text(card),
                "parent": parent or 0,
                "author": remark.author,
                "note": remark.note,
                "published_at": published_at,
            }
        ],
    )
    store.refresh_dictionaries()


def check_currency(store: Store, card: CompiledCard) -> None:
    """Raise Conflicting where the card's earlier versions have another currency: an invoice has one."""
    for row in store.database.rows(load("queries/reads/card_currencies.sql"), rate_cards=[card.rate_card]):
        if row["currency"] != card.currency:
            raise Conflicting(
                "currency_changed",
                f"rate card {card.rate_card!r} is in {row['currency']} since version {row['since_version']}, "
                f"this one is in {card.currency}; an invoice has one currency: "
                f"give the card in {card.currency} a name of its own",
            )


def _change(store: Store, card: CompiledCard, version: int, parent: int | None) -> Change:
    latest = list_versions(store, card.rate_card, limit=1).items
    before = (
        {"rate_card_version": latest[0].rate_card_version, "content_hash": latest[0].content_hash}
        if latest
        else None
    )
    after = {
        "rate_card_version": version,
        "content_hash": card.content_hash,
        "parent": parent,
        "prices": len(card.prices),
    }
    return Change(
        "publish",
        rate_card=card.rate_card,
        rate_card_version=version,
        content_hash=card.content_hash,
        before=before,
        after=after,
    )


def _store_shape(store: Store, shape: Shape) -> int:
    rows = store.database.rows(load("queries/shape_by_hash.sql"), hash=shape.hash)
    if rows:
        return int(rows[0]["shape_id"])
    shape_id = int(store.database.value(load("queries/next_shape_id.sql")))
    store.database.insert(
        "rating_shapes", [{"shape_id": shape_id, "shape_hash": shape.hash, "rules": shape.to_json()}]
    )
    return shape_id
