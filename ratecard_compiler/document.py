"""The parsed rate card: what the document says, checked one part at a time, nothing computed yet.

A declaration that could not be read is kept as None under its name, so that what refers to it is not
reported as unknown on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ratecard_compiler.errors import ErrorList, Place
from ratecard_compiler.source import ScalarNode
from ratecard_compiler.syntax import Expression
from ratecard_compiler.tokens import ExpressionError


@dataclass(frozen=True, slots=True)
class Written:
    """An expression as it stands in the file: its tree, its text, and where to point when it is wrong."""

    tree: Expression
    node: ScalarNode
    path: str

    def report(self, error: ExpressionError, errors: ErrorList, add_to_fact: str = "") -> None:
        """Add an error of this expression, at the place of the word that is wrong."""
        place = self.node.place_of(error.offset)
        errors.add(error.code, place, self.path, error.fact + add_to_fact, error.fix)


@dataclass(frozen=True, slots=True)
class UnitDeclaration:
    """A custom unit and its value in the card's currency."""

    unit_id: str
    name: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class TableDeclaration:
    """A table: cells by their keys, in the order of the file. A key "*" is the fallback."""

    name: str
    keys: tuple[str, ...]
    rows: Mapping[tuple[str, ...], Decimal]


@dataclass(frozen=True, slots=True)
class MeterDeclaration:
    """What is measured; `quantity` is None for `count`."""

    name: str
    event_type: str
    filter: Written | None
    aggregation: str
    quantity: Written | None
    unit: str


@dataclass(frozen=True, slots=True)
class TierDeclaration:
    """One tier, its amounts still formulas."""

    up_to: Decimal | None
    amounts: Mapping[str, Written]
    place: Place
    path: str


@dataclass(frozen=True, slots=True)
class UnitConversionDeclaration:
    """See `ir.UnitConversion`."""

    operation: str
    factor: Decimal
    rounding: str
    precision: int


@dataclass(frozen=True, slots=True)
class PriceDeclaration:
    """A price in the words of SEMANTICS §5: formulas in `amounts`, plain numbers in `quantities`."""

    model: str
    amounts: Mapping[str, Written]
    quantities: Mapping[str, Decimal]
    tiers: tuple[TierDeclaration, ...]
    unit_conversion: UnitConversionDeclaration | None
    zero_usage_first_tier_flat: bool
    unit: str | None
    unit_place: Place
    tier_continuity: str | None
    tiers_over: str | None
    place: Place
    path: str


@dataclass(frozen=True, slots=True)
class ProductDeclaration:
    """A product as written; `meter_place` is where an unknown meter is reported."""

    product_id: str
    name: str
    meter: str
    meter_place: Place
    dimensions: Mapping[str, Written | None]
    show: Mapping[str, Written | None]
    price: PriceDeclaration | None
    tier_continuity: str
    tiers_over: str
    place: Place
    path: str


@dataclass(frozen=True, slots=True)
class GatesDeclaration:
    """What is asked of a version before it is activated: by how many percent revenue may move (None: by any), and how
    many days of usage it must have prices for."""

    max_change_percent: Decimal | None = None
    coverage_days: int = 30


@dataclass(frozen=True, slots=True)
class Document:
    """The whole card. Mappings are in the order of the file; `tags` maps a tag to product ids."""

    rate_card: str
    currency: str
    currency_exponent: int
    rounding: str
    units: Mapping[str, UnitDeclaration | None]
    constants: Mapping[str, Decimal | None]
    tables: Mapping[str, TableDeclaration | None]
    formulas: Mapping[str, Written | None]
    meters: Mapping[str, MeterDeclaration | None]
    products: tuple[ProductDeclaration, ...]
    tags: Mapping[str, tuple[str, ...]]
    gates: GatesDeclaration
