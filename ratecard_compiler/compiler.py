"""The compiler's passes, in their order: read, connect, price, rule, hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ratecard_compiler.canonical import content_hash
from ratecard_compiler.document import Document, PriceDeclaration
from ratecard_compiler.errors import ErrorList, did_you_mean
from ratecard_compiler.fields import Fields
from ratecard_compiler.formula_graph import FormulaGraph, build_graph
from ratecard_compiler.ir import (
    CompiledCard,
    InvoiceRounding,
    Price,
    Product,
    TierContinuity,
    TiersOver,
    Unit,
)
from ratecard_compiler.limits import check_sizes
from ratecard_compiler.price_reader import AMOUNTS, read_price
from ratecard_compiler.prices import compile_prices, price_without_card
from ratecard_compiler.reader import read_card
from ratecard_compiler.rules import compile_rules
from ratecard_compiler.source import START, MappingNode, nodes_of, read_yaml


def compile_card(text: str, file_name: str = "ratecard.yaml") -> CompiledCard:
    """Compile a rate card.

    Raises RateCardErrors with everything that is wrong with it, in the order of the file; `file_name` is only
    what errors call the file.
    """
    return compile_source(text, file_name)[0]


def compile_source(text: str, file_name: str) -> tuple[CompiledCard, MappingNode]:
    """Compile a rate card as `compile_card` does, and keep its nodes, which know where everything is written."""
    errors = ErrorList(file_name)
    top = read_yaml(text, errors)
    if top is None:
        errors.raise_if_any()
        raise AssertionError("a document that cannot be read has a reason")
    fields = Fields(top, "", errors)
    check_sizes(fields)
    errors.raise_if_any()
    document = read_card(fields)
    graph = build_graph(document, errors)
    prices = compile_prices(document, graph, errors)
    rules = compile_rules(document, errors)
    products = _products(document, errors)
    errors.raise_if_any()
    card = CompiledCard(
        rate_card=document.rate_card,
        currency=document.currency,
        currency_exponent=document.currency_exponent,
        rounding=cast(InvoiceRounding, document.rounding),
        units=tuple(Unit(u.unit_id, u.name, u.value) for u in document.units.values() if u is not None),
        products=products,
        rules=rules,
        prices=prices,
        content_hash=content_hash(document),
        model=document,
        warnings=tuple(sorted(errors.warnings, key=lambda one: (one.line, one.column))),
    )
    return card, top


def declared_units(text: str) -> frozenset[str]:
    """Return the custom units that a published card's text declares, whether or not a product is priced in them."""
    top = read_yaml(text, ErrorList("ratecard.yaml"))
    units = None if top is None else top.entries.get("units")
    return frozenset(units.entries) if isinstance(units, MappingNode) else frozenset()


def compile_price(model: str, price: Mapping[str, Any], file_name: str = "price") -> Price:
    """Compile one price in the words of SEMANTICS §5, of any model, outside a card.

    Numbers are text, whole numbers or Decimal. Raises RateCardErrors as for a card; ValueError for a binary
    fraction or another thing that is not a price.
    """
    errors = ErrorList(file_name)
    node = nodes_of(price)
    if model not in AMOUNTS:
        fact = f"{model!r} is not a price model"
        errors.add("unknown_choice", START, "model", fact, did_you_mean(model, AMOUNTS))
    if not isinstance(node, MappingNode):
        errors.add("wrong_type", START, "", "the price is not a mapping", "write the fields of a price")
    errors.raise_if_any()
    declared = read_price(Fields(cast(MappingNode, node), "", errors), model)
    errors.raise_if_any()
    built = price_without_card(declared, FormulaGraph({}, {}, {}, (), frozenset(), {}), errors)
    errors.raise_if_any()
    return built


def _products(document: Document, errors: ErrorList) -> tuple[Product, ...]:
    tags: dict[str, list[str]] = {}
    for tag, members in document.tags.items():
        for product_id in members:
            tags.setdefault(product_id, []).append(tag)
    products: list[Product] = []
    for number, product in enumerate(document.products, 1):
        if product.price is None:
            continue
        meter = document.meters.get(product.meter)
        products.append(
            Product(
                product_id=product.product_id,
                name=product.name,
                meter=product.meter,
                unit=_unit_of(product.price, document, errors),
                metered_unit=meter.unit if meter is not None else "",
                model=product.price.model,
                tags=tuple(sorted(set(tags.get(product.product_id, ())))),
                tier_continuity=cast(TierContinuity, product.tier_continuity),
                tiers_over=cast(TiersOver, product.tiers_over),
                number=number,
            )
        )
    return tuple(products)


def _unit_of(price: PriceDeclaration, document: Document, errors: ErrorList) -> str:
    """Return the unit that a price is in: one of the card's own if the price names it, else the currency."""
    if price.unit is None or price.unit == document.currency:
        return document.currency
    if price.unit not in document.units:
        fact = f"there is no unit {price.unit!r}"
        fix = did_you_mean(price.unit, [*document.units, document.currency])
        errors.add("unknown_unit", price.unit_place, f"{price.path}.unit", fact, fix)
    return price.unit
