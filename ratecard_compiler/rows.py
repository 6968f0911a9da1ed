"""A compiled card as rows of the tables `rate_card_products`, `price_rows` and `dimension_values`."""

from decimal import Decimal
from typing import Any

from ratecard_compiler.bounds import greatest_unit_price, tier_unit_amount, unit_amount
from ratecard_compiler.decimals import QUANTITY_DECIMALS
from ratecard_compiler.ir import ANY_OTHER, CompiledCard, Price, PriceRow, ProductRule
from ratecard_compiler.settlement import (
    charged_without_usage,
    follows_from_events,
    follows_from_unit_price,
)

KEY_SEPARATOR = "\x1f"
PRICE_IDS_A_VERSION = 1 << 32


def product_rows(card: CompiledCard, version_id: int) -> list[dict[str, Any]]:
    """Return the rows of `rate_card_products` for a version."""
    values = {unit.unit_id: unit.value for unit in card.units}
    rules = {rule.product: rule for rule in card.rules}
    return [
        {
            "version_id": version_id,
            "product_number": product.number,
            "product": product.product_id,
            "name": product.name,
            "meter": product.meter,
            "aggregation": rules[product.product_id].aggregation,
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

    The first ones are the products themselves, without a price: what an unrated entry of a product names, and what a
    line without usage is of.
    """
    numbers = {product.product_id: product.number for product in card.products}
    rules = {rule.product: rule for rule in card.rules}
    prices = {row.product: row.price for row in card.prices}
    first = version_id * PRICE_IDS_A_VERSION
    products = [
        _product_row(rules[product.product_id], prices.get(product.product_id)) for product in card.products
    ]
    rows = [
        {"price_id": first + number, "version_id": version_id, "product_number": number, **row}
        for number, row in enumerate(products, start=1)
    ]
    rows += [
        {
            "price_id": first + place,
            "version_id": version_id,
            "product_number": numbers[row.product],
            **_price_row(row, rules[row.product]),
        }
        for place, row in enumerate(card.prices, start=len(card.products) + 1)
    ]
    return rows


def _product_row(rule: ProductRule, price: Price | None) -> dict[str, Any]:
    """The product itself: no price, but the limits of its lines; it stands for a product of many combinations."""
    limits = Price(
        model="",
        minimum_spend=price.minimum_spend if price else None,
        maximum_spend=price.maximum_spend if price else None,
    )
    standing = bool(rule.dimensions) and charged_without_usage(limits)
    return {"dimension_key": "", "dimensions": [], **price_columns(limits), "standing": standing}


def _price_row(row: PriceRow, rule: ProductRule) -> dict[str, Any]:
    return {
        "dimension_key": KEY_SEPARATOR.join(row.dimensions),
        "dimensions": list(row.dimensions),
        **price_columns(row.price, rule.aggregation),
        # Of many combinations none is charged that has no usage.
        "standing": not rule.dimensions and charged_without_usage(row.price),
    }


def price_columns(price: Price, aggregation: str = "sum") -> dict[str, Any]:
    """Return what a row of `price_rows` says of a price itself; amounts in the price's unit."""
    conversion = price.unit_conversion
    zero = Decimal(0)
    # A quotient without a rounding of its own is rounded half-even to 9 decimals (SEMANTICS §2).
    unrounded = conversion is None or conversion.rounding == "none"
    return {
        "model": price.model,
        "per_event": follows_from_unit_price(price, aggregation),
        "from_events": follows_from_events(price, aggregation),
        "unit_amount": unit_amount(price),
        "greatest_unit_price": greatest_unit_price(price),
        "tier_up_to": [tier.up_to for tier in price.tiers],
        "tier_unit_amount": [tier_unit_amount(price, tier) for tier in price.tiers],
        "tier_flat_amount": [tier.flat_amount for tier in price.tiers],
        "package_size": price.package_size or zero,
        "package_amount": price.package_amount or zero,
        "free_units": price.free_units,
        "included": price.included,
        "conversion": conversion.operation if conversion else "none",
        "conversion_factor": conversion.factor if conversion else zero,
        "conversion_rounding": "half_even" if unrounded or conversion is None else conversion.rounding,
        "conversion_precision": QUANTITY_DECIMALS
        if unrounded or conversion is None
        else conversion.precision,
        "flat_amount": price.flat_amount or zero,
        "fixed_amount_per_event": price.fixed_amount_per_event or zero,
        "free_events": price.free_events,
        "free_total_value": price.free_total_value,
        "min_amount_per_event": price.min_amount_per_event,
        "max_amount_per_event": price.max_amount_per_event,
        "minimum_spend": price.minimum_spend,
        "maximum_spend": price.maximum_spend,
        "zero_usage_charged": price.zero_usage_first_tier_flat,
    }


def dimension_value_rows(card: CompiledCard, version_id: int) -> list[dict[str, Any]]:
    """Return the rows of `dimension_values`: every value that has prices of its own."""
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
