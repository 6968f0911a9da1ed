"""A published rate card version: which products an event feeds, with what quantity, and what they cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.oracle.exact import NotCovered, required_decimal
from tests.oracle.expressions import parse
from tests.oracle.formulas import Unpriced, published_number
from tests.oracle.property_values import Properties, dimension_of, holds, quantity_of

MODELS = {"per_unit", "graduated", "graduated_percentage", "volume", "package", "percentage", "flat"}
# Those whose parts add up, and those that are of the whole period.
ADDING_UP = {"sum", "count"}
OF_THE_WHOLE = {"max", "min", "latest", "unique", "average", "weighted_sum"}
# The decimals with which each is published: a percentage has two less, so that amounts have 24.
PRICED_FIELDS = {
    **dict.fromkeys(("unit_amount", "flat_amount", "package_amount", "fixed_amount_per_event"), 15),
    **dict.fromkeys(("min_amount_per_event", "max_amount_per_event", "minimum_spend", "maximum_spend"), 15),
    "rate_percent": 13,
    "free_total_value": 9,
}
EVENT_LIMITS = ("free_events", "free_total_value", "min_amount_per_event", "max_amount_per_event")

DimensionValues = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Product:
    """One product of one card version."""

    product_id: str
    meter: Mapping[str, Any]
    dimensions: Mapping[str, str]
    show: Mapping[str, str]
    price: Mapping[str, Any]
    continuity: str
    pooled: bool
    tags: frozenset[str]

    @property
    def model(self) -> str:
        """The price model's name."""
        return str(self.price["model"])

    @property
    def aggregation(self) -> str:
        """What the meter makes of a period's values."""
        return str(self.meter.get("aggregation", "sum"))

    @property
    def meter_name(self) -> str:
        """The meter's name in the card."""
        return str(self.meter["name"])

    def is_fed_by(self, event_type: str, properties: Properties) -> bool:
        """Whether an event counts for this product: its type, and its properties pass the meter's filter."""
        if event_type != self.meter["event_type"]:
            return False
        condition = self.meter.get("filter")
        return condition is None or holds(parse(condition), properties)

    def quantity(self, properties: Properties) -> Decimal | None:
        """The event's quantity, or None where it is bad."""
        if self.aggregation == "count":
            return Decimal(1)
        if self.aggregation == "unique":
            return Decimal(1) if self.counted(properties) else None
        return quantity_of(parse(self.meter["quantity"]), properties)

    def counted(self, properties: Properties) -> str:
        """The value that `unique` tells from others; '' for other aggregations."""
        return dimension_of(parse(self.meter["quantity"]), properties) if self.aggregation == "unique" else ""

    def values(self, expressions: Mapping[str, str], properties: Properties) -> DimensionValues:
        """The actual values of the dimensions, in the product's order."""
        return tuple((name, dimension_of(parse(text), properties)) for name, text in expressions.items())


def unit_price(price: Mapping[str, Any]) -> Decimal | None:
    """What one unit costs whatever came before it, or None where that depends on it."""
    if price.get("included") not in (None, "0") or price.get("unit_conversion"):
        return None
    if price["model"] == "per_unit":
        return Decimal(price["unit_amount"])
    if price["model"] == "percentage" and not price.get("fixed_amount_per_event"):
        limited = any(price.get(limit) is not None for limit in EVENT_LIMITS)
        return None if limited else Decimal(price["rate_percent"]) / 100
    return None


def goes_by_event(price: Mapping[str, Any]) -> bool:
    """Whether each event's amount depends on the events before it, or has bounds of its own."""
    if price["model"] != "percentage":
        return False
    some_free = bool(price.get("fixed_amount_per_event")) and price.get("included") not in (None, "0")
    return some_free or any(price.get(limit) is not None for limit in EVENT_LIMITS)


@dataclass
class Card:
    """One version of a rate card; the prices found so far are remembered by combination."""

    rate_card: str
    version: int
    document: Mapping[str, Any]
    products: list[Product]
    prices: dict[tuple[str, DimensionValues], Mapping[str, Any] | None] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The card's currency code."""
        return str(self.document["currency"])

    @property
    def rounding(self) -> str:
        """How a line is rounded: half_up (default) or half_even."""
        return str(self.document.get("rounding") or "half_up")

    def unit_value(self, unit: str) -> Decimal:
        """What one of a custom unit is worth in the card's currency."""
        return required_decimal(self.document["units"][unit]["value"])

    def limits(self, product: Product) -> Mapping[str, Any]:
        """The least and greatest amount of the product's lines, those that it has."""
        named = ("minimum_spend", "maximum_spend")
        written = {name: product.price[name] for name in named if product.price.get(name) is not None}
        return dict(_worked_out(self.document, written, {}))

    def price(self, product: Product, dimensions: DimensionValues) -> Mapping[str, Any] | None:
        """The price for one combination with every number worked out, or None where no row prices it."""
        key = (product.product_id, dimensions)
        if key not in self.prices:
            try:
                self.prices[key] = _worked_out(self.document, product.price, dict(dimensions))
            except Unpriced:
                self.prices[key] = None
        return self.prices[key]


def read_card(document: Mapping[str, Any], version: int) -> Card:
    """A card from its parsed text. NotCovered: a price model, an aggregation or a price term that it does
    not know."""
    tags = document.get("tags") or {}
    products = [
        _product(product_id, product, document, frozenset(tag for tag in tags if product_id in tags[tag]))
        for product_id, product in document["products"].items()
    ]
    return Card(document["rate_card"], version, document, products)


def _product(
    product_id: str, product: Mapping[str, Any], document: Mapping[str, Any], tags: frozenset[str]
) -> Product:
    meter, price = document["meters"][product["meter"]] | {"name": product["meter"]}, product["price"]
    if price["model"] not in MODELS:
        raise NotCovered(f"price model {price['model']!r} in a card")
    if meter.get("aggregation", "sum") not in ADDING_UP | OF_THE_WHOLE:
        raise NotCovered(f"aggregation {meter['aggregation']!r} in a card")
    return Product(
        product_id=product_id,
        meter=meter,
        dimensions=_expressions(product.get("dimensions")),
        show=_expressions(product.get("show")),
        price=price,
        continuity=product.get("tier_continuity") or price.get("tier_continuity") or "carry",
        pooled=(product.get("tiers_over") or price.get("tiers_over")) == "product",
        tags=tags,
    )


def _expressions(document: Mapping[str, str] | list[str] | None) -> Mapping[str, str]:
    """Name → expression; a list names properties."""
    return document if isinstance(document, Mapping) else {name: name for name in document or ()}


def _worked_out(card: Mapping[str, Any], value: Any, dimensions: Mapping[str, str]) -> Any:
    """The price again, with every amount a Decimal."""
    if isinstance(value, Mapping):
        return {
            name: published_number(card, entry, dimensions, PRICED_FIELDS[name])
            if name in PRICED_FIELDS and entry is not None
            else _worked_out(card, entry, dimensions)
            for name, entry in value.items()
        }
    if isinstance(value, list):
        return [_worked_out(card, entry, dimensions) for entry in value]
    return value
