"""The compiled rate card: frozen values, ready to become rows and SQL. Nothing here knows a database."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from ratecard_compiler.document import Document
from ratecard_compiler.errors import CompileError

ANY_OTHER = "*"
"""The canonical dimension value that stands for every value the card does not list."""

ConversionOperation: TypeAlias = Literal["multiply", "divide"]
ConversionRounding: TypeAlias = Literal["none", "ceil", "floor", "half_up", "half_even"]
InvoiceRounding: TypeAlias = Literal["half_up", "half_even"]
TierContinuity: TypeAlias = Literal["carry", "restart"]
TiersOver: TypeAlias = Literal["combination", "product"]


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a tiered price. `up_to` is inclusive, in priced units; None for the last (SEMANTICS §5)."""

    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal
    rate_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class UnitConversion:
    """How a quantity becomes the priced quantity: × or ÷ `factor`, then rounded to `precision` decimals."""

    operation: ConversionOperation
    factor: Decimal
    rounding: ConversionRounding
    precision: int


@dataclass(frozen=True, slots=True)
class Price:
    """One price in the words of SEMANTICS §5; amounts are in the product's unit.

    Fields that the model does not use keep their default. Unit prices are rounded half-even to 15 decimals,
    quantities have at most 9.
    """

    model: str
    unit_amount: Decimal = Decimal(0)
    tiers: tuple[Tier, ...] = ()
    package_size: Decimal | None = None
    package_amount: Decimal | None = None
    free_units: Decimal = Decimal(0)
    flat_amount: Decimal | None = None
    included: Decimal = Decimal(0)
    unit_conversion: UnitConversion | None = None
    minimum_spend: Decimal | None = None
    maximum_spend: Decimal | None = None
    zero_usage_first_tier_flat: bool = False
    rate_percent: Decimal | None = None
    fixed_amount_per_event: Decimal | None = None
    free_events: int | None = None
    free_total_value: Decimal | None = None
    min_amount_per_event: Decimal | None = None
    max_amount_per_event: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """The price of one combination of canonical dimension values, in the product's order."""

    product: str
    dimensions: tuple[str, ...]
    price: Price


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension and its ClickHouse expression over `properties`: a String, never NULL (a null is '')."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class ProductRule:
    """What turns an event into a quantity of a product.

    `filter_sql` is 0 or 1, never NULL (None: every event of the type). `quantity_sql` is a Decimal(38,9), or
    NULL where the event has no usable quantity (`bad_quantity`). `counted_sql` is the value that `unique` tells from
    others, a String; None for other aggregations. No expression can throw on any event.
    """

    product: str
    meter: str
    event_type: str
    aggregation: str
    filter_sql: str | None
    quantity_sql: str
    counted_sql: str | None
    dimensions: tuple[Dimension, ...]
    show: tuple[Dimension, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold. `unit` is the currency code or the custom unit that prices are in; `number` is its place
    in the card, from 1; `metered_unit` is what is counted (`token`)."""

    product_id: str
    name: str
    meter: str
    unit: str
    metered_unit: str
    model: str
    tags: tuple[str, ...]
    tier_continuity: TierContinuity
    tiers_over: TiersOver
    number: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A custom unit; `value` is what one is worth in the card's currency."""

    unit_id: str
    name: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class CompiledCard:
    """A rate card that holds: products, rules and prices for every combination that has one.

    `content_hash` is the SHA-256 (hex) of what the card says: comments, quoting, order of fields and of
    mappings whose order means nothing, and defaults written out, do not change it. `warnings` are what compiles and
    deserves a look, in the order of the file.
    """

    rate_card: str
    currency: str
    currency_exponent: int
    rounding: InvoiceRounding
    units: tuple[Unit, ...]
    products: tuple[Product, ...]
    rules: tuple[ProductRule, ...]
    prices: tuple[PriceRow, ...]
    content_hash: str
    model: Document
    warnings: tuple[CompileError, ...] = ()
