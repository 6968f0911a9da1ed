"""What a card says, in one form: the content hash counts meaning, not writing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.document import (
    Document,
    GatesDeclaration,
    MeterDeclaration,
    PriceDeclaration,
    ProductDeclaration,
    TableDeclaration,
    UnitDeclaration,
    Written,
)


def content_hash(document: Document) -> str:
    """Return the SHA-256 (hex) of what the card says.

    Comments, quoting, the order of fields and of constants, tables, rows, formulas, meters, units and tags,
    trailing zeros, and defaults written out make no difference. The order of products, of dimensions and of
    tiers does: invoices show it.
    """
    text = json.dumps(canonical_form(document), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def canonical_form(document: Document) -> dict[str, Any]:
    """Return the card as JSON values; what has an order is a list, numbers are text."""
    return {
        "rate_card": document.rate_card,
        "currency": document.currency,
        "rounding": document.rounding,
        "units": {name: _unit(unit) for name, unit in document.units.items() if unit is not None},
        "constants": _numbers({k: v for k, v in document.constants.items() if v is not None}),
        "tables": {name: _table(table) for name, table in document.tables.items() if table is not None},
        "formulas": _texts(document.formulas),
        "meters": canonical_meters(document),
        "products": [_product(product) for product in document.products],
        "tags": {tag: sorted(set(products)) for tag, products in document.tags.items()},
        **_gates(document.gates),
    }


def canonical_meters(document: Document) -> dict[str, dict[str, str | None]]:
    """Return what each meter counts."""
    return {name: _meter(meter) for name, meter in document.meters.items() if meter is not None}


def _gates(gates: GatesDeclaration) -> dict[str, Any]:
    """Nothing where a card says nothing of its gates: it has the hash that it had before there were any."""
    percent = gates.max_change_percent
    said: dict[str, Any] = {} if percent is None else {"max_change_percent": decimal_text(percent)}
    if gates.coverage_days != GatesDeclaration().coverage_days:
        said["coverage_days"] = gates.coverage_days
    return {"gates": said} if said else {}


def _numbers(values: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: decimal_text(value) for name, value in values.items()}


def _texts(values: Mapping[str, Written | None]) -> dict[str, str]:
    return {name: value.node.text.strip() for name, value in values.items() if value is not None}


def _ordered(values: Mapping[str, Written | None]) -> list[list[str]]:
    return [[name, text] for name, text in _texts(values).items()]


def _unit(unit: UnitDeclaration) -> dict[str, str]:
    return {"name": unit.name, "value": decimal_text(unit.value)}


def _table(table: TableDeclaration) -> dict[str, Any]:
    rows = sorted([*keys, decimal_text(value)] for keys, value in table.rows.items())
    return {"keys": list(table.keys), "rows": rows}


def _meter(meter: MeterDeclaration) -> dict[str, str | None]:
    return {
        "event_type": meter.event_type,
        "filter": None if meter.filter is None else meter.filter.node.text.strip(),
        "aggregation": meter.aggregation,
        "quantity": None if meter.quantity is None else meter.quantity.node.text.strip(),
        "unit": meter.unit,
    }


def _product(product: ProductDeclaration) -> dict[str, Any]:
    return {
        "product_id": product.product_id,
        "name": product.name,
        "meter": product.meter,
        "dimensions": _ordered(product.dimensions),
        "show": _ordered(product.show),
        "price": None if product.price is None else _price(product.price),
        "tier_continuity": product.tier_continuity,
        "tiers_over": product.tiers_over,
    }


def _price(price: PriceDeclaration) -> dict[str, Any]:
    conversion = price.unit_conversion
    return {
        "model": price.model,
        "amounts": _amounts(price.amounts),
        "quantities": _numbers(price.quantities),
        "tiers": [
            {"up_to": None if tier.up_to is None else decimal_text(tier.up_to), **_amounts(tier.amounts)}
            for tier in price.tiers
        ],
        "unit_conversion": None
        if conversion is None
        else [
            conversion.operation,
            decimal_text(conversion.factor),
            conversion.rounding,
            conversion.precision,
        ],
        "zero_usage_first_tier_flat": price.zero_usage_first_tier_flat,
        "unit": price.unit,
    }


def _amounts(amounts: Mapping[str, Written]) -> dict[str, str]:
    return _texts(dict(amounts))
