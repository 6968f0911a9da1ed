"""Publishing a rate card: an immutable version with its products and prices as rows."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ratecard_compiler import CompiledCard, PriceRow, compile_card
from ratecard_compiler.rating import Shape, shape_of
from sql import load
from sql.fail_points import reach

if TYPE_CHECKING:
    from api.store import Store

ANY_OTHER = "*"
KEY_SEPARATOR = "\x1f"
PRICE_IDS_A_VERSION = 1 << 32


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a card. `created` is False when the same content had been published before."""

    rate_card: str
    version: int
    version_id: int
    content_hash: str
    prices: int
    created: bool


def publish_rate_card(store: "Store", text: str, file_name: str) -> Published:
    """Compile a card and store it as the next version of its name; nothing is in force until it is activated.

    Publishing the same content again returns the version it made then. Raises RateCardErrors.
    """
    card = compile_card(text, file_name)
    with store.exclusive():
        known = store.database.rows(load("queries/version_by_hash.sql"), rate_card=card.rate_card, hash=card.content_hash)
        if known:
            row = known[0]
            return Published(
                card.rate_card, row["version"], row["version_id"], card.content_hash, len(card.prices), False
            )
        numbers = store.database.rows(load("queries/next_version.sql"), rate_card=card.rate_card)[0]
        version_id, version = numbers["version_id"], numbers["version"]
        shape_id = _store_shape(store, shape_of(card))
        store.database.insert("rate_card_products", _product_rows(card, version_id))
        reach("publish.before_prices")
        store.database.insert("price_rows", price_rows(card, version_id))
        store.database.insert("dimension_values", _dimension_values(card, version_id))
        reach("publish.before_version")
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
                    "published_at": store.next_instant(),
                }
            ],
        )
    return Published(card.rate_card, version, version_id, card.content_hash, len(card.prices), True)


def _store_shape(store: "Store", shape: Shape) -> int:
    rows = store.database.rows(load("queries/shape_by_hash.sql"), hash=shape.hash)
    if rows:
        return int(rows[0]["shape_id"])
    shape_id = int(store.database.value(load("queries/next_shape_id.sql")))
    store.database.insert(
        "rating_shapes", [{"shape_id": shape_id, "shape_hash": shape.hash, "rules": shape.to_json()}]
    )
    return shape_id


def _product_rows(card: CompiledCard, version_id: int) -> list[dict[str, Any]]:
    values = {unit.unit_id: unit.value for unit in card.units}
    rules = {rule.product: rule for rule in card.rules}
    return [
        {
            "version_id": version_id,
            "product_number": product.number,
            "product": product.product_id,
            "name": product.name,
            "meter": product.meter,
            "metered_unit": product.metered_unit,
            "unit": product.unit,
            "unit_value": values.get(product.unit, Decimal(1)),
            "model": product.model,
            "tier_continuity": product.tier_continuity,
            "tiers_over": product.tiers_over,
            "tags": list(product.tags),
            "dimension_names": [dimension.name for dimension in rules[product.product_id].dimensions],
            "show_names": [dimension.name for dimension in rules[product.product_id].show],
        }
        for product in card.products
    ]


def price_rows(card: CompiledCard, version_id: int) -> list[dict[str, Any]]:
    """Return the rows of `price_rows` for a version.

    The first ones are the products themselves, without a price: what an unrated entry of a product names.
    """
    numbers = {product.product_id: product.number for product in card.products}
    first = version_id * PRICE_IDS_A_VERSION
    rows = [
        _price_row(first + product.number, version_id, product.number, None) for product in card.products
    ]
    rows += [
        _price_row(first + place, version_id, numbers[price.product], price)
        for place, price in enumerate(card.prices, start=len(card.products) + 1)
    ]
    return rows


def _price_row(price_id: int, version_id: int, number: int, row: PriceRow | None) -> dict[str, Any]:
    price = row.price if row is not None else None
    conversion = price.unit_conversion if price is not None else None
    zero = Decimal(0)
    return {
        "price_id": price_id,
        "version_id": version_id,
        "product_number": number,
        "dimension_key": KEY_SEPARATOR.join(row.dimensions) if row else "",
        "dimensions": list(row.dimensions) if row else [],
        "model": price.model if price else "",
        "per_event": bool(price and price.model == "per_unit" and not conversion and not price.included),
        "unit_amount": price.unit_amount if price else zero,
        "tier_up_to": [tier.up_to for tier in price.tiers] if price else [],
        "tier_unit_amount": [tier.unit_amount for tier in price.tiers] if price else [],
        "tier_flat_amount": [tier.flat_amount for tier in price.tiers] if price else [],
        "package_size": (price and price.package_size) or zero,
        "package_amount": (price and price.package_amount) or zero,
        "free_units": price.free_units if price else zero,
        "included": price.included if price else zero,
        "conversion": conversion.operation if conversion else "none",
        "conversion_factor": conversion.factor if conversion else zero,
        "conversion_rounding": _rounding(conversion.rounding) if conversion else "half_even",
        "conversion_precision": _precision(conversion.rounding, conversion.precision) if conversion else 9,
        "minimum_spend": price.minimum_spend if price else None,
        "maximum_spend": price.maximum_spend if price else None,
        "zero_usage_charged": bool(price and price.zero_usage_first_tier_flat),
    }


def _rounding(rounding: str) -> str:
    # A quotient without a rounding of its own is rounded half-even to 9 decimals (SEMANTICS §2).
    return "half_even" if rounding == "none" else rounding


def _precision(rounding: str, precision: int) -> int:
    return 9 if rounding == "none" else precision


def _dimension_values(card: CompiledCard, version_id: int) -> list[dict[str, Any]]:
    numbers = {product.product_id: product.number for product in card.products}
    named = {
        (numbers[row.product], position, value)
        for row in card.prices
        for position, value in enumerate(row.dimensions, start=1)
        if value != ANY_OTHER
    }
    return [
        {"version_id": version_id, "product_number": number, "position": position, "value": value}
        for number, position, value in sorted(named)
    ]
