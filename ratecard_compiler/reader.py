"""Nodes → document: each part of the card read and checked on its own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ratecard_compiler.currencies import currency_exponent, known_currencies
from ratecard_compiler.decimals import PRICE_DECIMALS, UNIT_VALUE_LIMIT
from ratecard_compiler.document import (
    Document,
    GatesDeclaration,
    MeterDeclaration,
    PriceDeclaration,
    ProductDeclaration,
    UnitDeclaration,
    Written,
)
from ratecard_compiler.errors import Place, did_you_mean
from ratecard_compiler.fields import (
    CARD_ID,
    NAME,
    PRODUCT_ID,
    Fields,
    Range,
    as_fields,
    as_scalar,
    as_sequence,
    exact_decimal,
    is_name,
    written,
)
from ratecard_compiler.formula_language import FUNCTIONS
from ratecard_compiler.price_reader import (
    AMOUNTS,
    TIER_CONTINUITIES,
    TIERS_OVER,
    read_price,
)
from ratecard_compiler.source import Node, SequenceNode
from ratecard_compiler.syntax import RESERVED
from ratecard_compiler.table_reader import read_tables
from ratecard_compiler.tokens import KEYWORDS

AGGREGATIONS = ("sum", "count", "max", "min", "latest", "unique", "average", "weighted_sum")
"""Every aggregation of SEMANTICS §4."""

_CARD_KEYS = (
    "rate_card",
    "currency",
    "rounding",
    "units",
    "constants",
    "tables",
    "formulas",
    "meters",
    "products",
    "tags",
    "gates",
)
_PRODUCT_KEYS = ("name", "meter", "dimensions", "show", "price", "tier_continuity", "tiers_over")
UNIT_VALUE = Range(UNIT_VALUE_LIMIT, PRICE_DECIMALS, positive=True)
"""What a custom unit may be worth in a card's currency."""

_CHANGE_PERCENT = Range(Decimal(1_000_000), 6, minimum=Decimal(0))
_COVERAGE_DAYS = Range(Decimal(3_651), 0, positive=True)
_DEFAULT_UNIT = "unit"


def read_card(card: Fields) -> Document:
    """Return the document; what is wrong is in the errors of `card`, and the document is then not whole."""
    card.known(_CARD_KEYS)
    for key in ("meters", "products"):
        nested = card.get(key)
        if nested is None:
            card.missing(key, f"a rate card has {key}")
    currency, exponent = _currency(card)
    constants = {name: _constant(card, name, node) for name, node in card.members("constants", NAME)}
    formulas = {name: _formula(card, name, node) for name, node in card.members("formulas", NAME)}
    tables = read_tables(card)
    _check_namespace(card, (constants, tables, formulas))
    return Document(
        rate_card=_rate_card(card),
        currency=currency,
        currency_exponent=exponent,
        rounding=card.choice("rounding", ("half_up", "half_even"), "half_up"),
        units={name: _unit(card, name, node) for name, node in card.members("units", CARD_ID)},
        constants=constants,
        tables=tables,
        formulas=formulas,
        meters={name: _meter(card, name, node) for name, node in card.members("meters", NAME)},
        products=tuple(
            product
            for product_id, node in card.members("products", PRODUCT_ID)
            if (product := _product(card, product_id, node)) is not None
        ),
        tags={name: _tag(card, name, node) for name, node in card.members("tags", NAME)},
        gates=_gates(card),
    )


def _rate_card(card: Fields) -> str:
    name = card.required_text("rate_card", "start with `rate_card: name`")
    if name is not None:
        is_name(name, CARD_ID, card.place_of("rate_card"), "rate_card", card.errors)
    return name or ""


def _currency(card: Fields) -> tuple[str, int]:
    """Return the currency and the decimals of its amounts."""
    currency = card.required_text("currency", "write an ISO 4217 code: `currency: USD`")
    if currency is None:
        return "", 0
    if currency not in (known := known_currencies()):
        fact = f"{currency!r} is not a currency code"
        fix = f"write `{upper}`" if (upper := currency.upper()) in known else "write a code such as `USD`"
        card.errors.add("unknown_currency", card.place_of("currency"), "currency", fact, fix)
        return currency, 0
    return currency, currency_exponent(currency)


def _constant(card: Fields, name: str, node: Node) -> Decimal | None:
    path = f"constants.{name}"
    scalar = as_scalar(node, path, card.errors)
    return None if scalar is None else exact_decimal(scalar, path, card.errors)


def _gates(card: Fields) -> GatesDeclaration:
    gates = card.mapping("gates")
    if gates is None:
        return GatesDeclaration()
    gates.known(("max_change_percent", "coverage_days"))
    days = gates.decimal("coverage_days", _COVERAGE_DAYS)
    percent = gates.decimal("max_change_percent", _CHANGE_PERCENT)
    return GatesDeclaration(percent) if days is None else GatesDeclaration(percent, int(days))


def _formula(card: Fields, name: str, node: Node) -> Written | None:
    path = f"formulas.{name}"
    scalar = as_scalar(node, path, card.errors)
    return None if scalar is None else written(scalar, path, card.errors)


def _check_namespace(card: Fields, parts: tuple[Mapping[str, object], ...]) -> None:
    """Constants, tables and formulas are names of one language, so each name is given once."""
    seen: dict[str, str] = {}
    for part, names in zip(("constants", "tables", "formulas"), parts, strict=True):
        nested = card.node.entries.get(part)
        for name in names:
            place = getattr(nested, "key_places", {}).get(name, Place(1, 1))
            if name in FUNCTIONS or name in KEYWORDS or name in RESERVED:
                fact = f"`{name}` is a word of the formula language"
                card.errors.add("reserved_name", place, f"{part}.{name}", fact, "choose another name")
            if name in seen:
                fact = f"`{name}` is already one of the {seen[name]}"
                card.errors.add("duplicate_name", place, f"{part}.{name}", fact, "rename one of them")
            seen.setdefault(name, part)


def _unit(card: Fields, unit_id: str, node: Node) -> UnitDeclaration | None:
    unit = as_fields(node, f"units.{unit_id}", card.errors)
    if unit is None:
        return None
    unit.known(("name", "value"))
    if unit.get("value") is None:
        unit.missing("value", "write what one unit is worth in the card's currency")
    value = unit.decimal("value", UNIT_VALUE)
    name = unit.text("name")
    return None if value is None else UnitDeclaration(unit_id, name or unit_id, value)


def _meter(card: Fields, name: str, node: Node) -> MeterDeclaration | None:
    meter = as_fields(node, f"meters.{name}", card.errors)
    if meter is None:
        return None
    meter.known(("event_type", "filter", "aggregation", "quantity", "unit"))
    event_type = meter.required_text("event_type", "name the events that the meter counts")
    if meter.get("aggregation") is None:
        meter.missing("aggregation", did_you_mean("", AGGREGATIONS))
    aggregation = meter.choice("aggregation", AGGREGATIONS, "sum")
    filter_expression = meter.expression("filter")
    quantity = meter.expression("quantity")
    if aggregation == "count" and meter.get("quantity") is not None:
        fact = "`count` counts events and has no quantity"
        place = meter.node.key_places["quantity"]
        meter.errors.add("unknown_key", place, meter.path_of("quantity"), fact, "remove it, or write `sum`")
    elif aggregation != "count" and meter.get("quantity") is None:
        meter.missing("quantity", f"write what to {aggregation}")
    unit = meter.text("unit")
    return MeterDeclaration(
        name, event_type or "", filter_expression, aggregation, quantity, unit or _DEFAULT_UNIT
    )


def _product(card: Fields, product_id: str, node: Node) -> ProductDeclaration | None:
    product = as_fields(node, f"products.{product_id}", card.errors)
    if product is None:
        return None
    product.known(_PRODUCT_KEYS)
    meter = product.required_text("meter", "name the meter that counts the product's usage")
    price = _price(product)
    dimensions = _dimensions(product, "dimensions")
    continuity = _either(
        product, price.tier_continuity if price else None, "tier_continuity", TIER_CONTINUITIES
    )
    return ProductDeclaration(
        product_id=product_id,
        name=product.text("name") or product_id,
        meter=meter or "",
        meter_place=product.place_of("meter"),
        dimensions=dimensions,
        show=_show(product, dimensions),
        price=price,
        tier_continuity=continuity,
        tiers_over=_either(product, price.tiers_over if price else None, "tiers_over", TIERS_OVER),
        place=product.node.place,
        path=product.path,
    )


def _either(product: Fields, in_price: str | None, key: str, choices: tuple[str, ...]) -> str:
    """Return a setting that may stand in the product or in its price, but means one thing."""
    in_product = product.choice(key, choices, choices[0]) if product.get(key) is not None else None
    if in_product is not None and in_price is not None and in_product != in_price:
        fact = f"the product says `{in_product}` and its price `{in_price}`"
        product.errors.add("duplicate_name", product.place_of(key), product.path_of(key), fact, "keep one")
    return in_price or in_product or choices[0]


def _dimensions(product: Fields, key: str) -> dict[str, Written | None]:
    """Return name → expression; a list names properties: `[region]` says `{region: region}`."""
    path = product.path_of(key)
    found: dict[str, Written | None] = {}
    if isinstance(listed := product.get(key), SequenceNode):
        return _named_properties(product, listed, path)
    for name, node in product.members(key, NAME):
        scalar = as_scalar(node, f"{path}.{name}", product.errors)
        found[name] = None if scalar is None else written(scalar, f"{path}.{name}", product.errors)
    return found


def _named_properties(product: Fields, listed: SequenceNode, path: str) -> dict[str, Written | None]:
    found: dict[str, Written | None] = {}
    for at, item in enumerate(listed.items, 1):
        here = f"{path}[{at}]"
        scalar = as_scalar(item, here, product.errors)
        if scalar is None or not is_name(scalar.text, NAME, scalar.place, here, product.errors):
            continue
        if scalar.text in found:
            fact = f"`{scalar.text}` is named twice"
            product.errors.add("duplicate_name", scalar.place, here, fact, "keep one of them")
        found[scalar.text] = written(scalar, here, product.errors)
    return found


def _show(product: Fields, dimensions: Mapping[str, Written | None]) -> dict[str, Written | None]:
    shown = _dimensions(product, "show")
    for name, expression in shown.items():
        if name in dimensions:
            path = product.path_of(f"show.{name}")
            fact = f"`{name}` is already a dimension, and dimensions are shown"
            place = expression.node.place if expression is not None else product.place_of("show")
            product.errors.add("duplicate_name", place, path, fact, "remove it from `show`")
    return shown


def _price(product: Fields) -> PriceDeclaration | None:
    if product.get("price") is None:
        product.missing("price", "write `price: {model: per_unit, unit_amount: …}`")
    price = product.mapping("price")
    if price is None:
        return None
    if price.get("model") is None:
        price.missing("model", did_you_mean("", AMOUNTS))
        return None
    model = price.choice("model", AMOUNTS, "")
    if not model:
        return None
    return read_price(price, model)


def _tag(card: Fields, name: str, node: Node) -> tuple[str, ...]:
    path = f"tags.{name}"
    listed = as_sequence(node, path, card.errors)
    products = card.mapping("products")
    known = products.node.entries if products is not None else {}
    found: list[str] = []
    for at, item in enumerate(listed.items if listed else (), 1):
        scalar = as_scalar(item, f"{path}[{at}]", card.errors)
        if scalar is None:
            continue
        if scalar.text not in known:
            fact = f"there is no product {scalar.text!r}"
            fix = did_you_mean(scalar.text, known)
            card.errors.add("unknown_product", scalar.place, f"{path}[{at}]", fact, fix)
        found.append(scalar.text)
    return tuple(found)
