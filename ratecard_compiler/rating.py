"""From the rules of cards to the rating expression.

A *shape* is all that the expression depends on: per product its number, event type, filter, quantity and
dimension expressions, and whether it has "*" rows. Versions that differ in prices only have the same shape, so
changing a price changes no SQL.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache

from ratecard_compiler.ir import ANY_OTHER, CompiledCard, Dimension, ProductRule
from ratecard_compiler.shared_parts import Part, SharedParts, shared_parts
from sql import render

SEPARATOR = "\\x1F"  # U+001F, as ClickHouse writes it in a string

# An event type that feeds so many products has their common parts computed once. They are computed for events of every
# type then, which is not worth it for a few products.
SHARED_FROM = 4


@dataclass(frozen=True, slots=True)
class ShapeRule:
    """One product's part of a shape; every text is a ClickHouse expression over a usage event."""

    number: int
    event_type: str
    filter_sql: str | None
    quantity_sql: str
    dimensions_sql: tuple[str, ...]
    show_sql: tuple[str, ...]
    fallback: bool
    """Whether any of its prices is for `*`, so that values without prices of their own are looked up again."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The rules of one or more rate card versions."""

    rules: tuple[ShapeRule, ...]

    def to_json(self) -> str:
        """Return the shape as stable JSON, the form in which it is stored and hashed."""
        return json.dumps([asdict(rule) for rule in self.rules], sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Shape":
        """Read what `to_json` wrote."""
        return cls(
            tuple(
                ShapeRule(
                    number=rule["number"],
                    event_type=rule["event_type"],
                    filter_sql=rule["filter_sql"],
                    quantity_sql=rule["quantity_sql"],
                    dimensions_sql=tuple(rule["dimensions_sql"]),
                    show_sql=tuple(rule["show_sql"]),
                    fallback=rule["fallback"],
                )
                for rule in json.loads(text)
            )
        )

    @property
    def hash(self) -> str:
        """SHA-256 of the shape, hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Entry:
    number: str
    quantity: str
    key: str
    shown: str


@dataclass(frozen=True, slots=True)
class _Branch:
    condition: str
    entries: tuple[_Entry, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Every expression of it."""
        return tuple(text for entry in self.entries for text in astuple(entry))

    @property
    def shares(self) -> bool:
        """Whether its entries name the parts that they have in common."""
        return len(self.entries) >= SHARED_FROM

    def sharing(self, parts: SharedParts) -> "_Branch":
        """Return it with the parts by their names, if it names them."""
        if not self.shares:
            return self
        return _Branch(
            self.condition, tuple(_Entry(*map(parts.named_in, astuple(entry))) for entry in self.entries)
        )


# Keeps the expression well-formed before any card is published.
_NO_RULES = _Branch("0", (_Entry("toUInt16(0)", "CAST(NULL, 'Nullable(Decimal(38, 9))')", "''", "''"),))


def shape_of(card: CompiledCard) -> Shape:
    """Return the shape of a compiled card."""
    numbers = {product.product_id: product.number for product in card.products}
    with_fallback = {row.product for row in card.prices if ANY_OTHER in row.dimensions}
    return Shape(
        tuple(_shape_rule(numbers[rule.product], rule, rule.product in with_fallback) for rule in card.rules)
    )


def rating_expression(
    shapes: Mapping[int, Shape], *, database: str, source: str, as_version: tuple[int, int] | None = None
) -> str:
    """Return the SELECT that rates the events of `source` under the given shapes (by shape id): each under the version
    in force for it, or all under one version and shape (`as_version`).

    Its columns are those of the table `rated_usage`, in order. Sources: SEMANTICS §3 (unrated reasons and their
    precedence), §4 (fallback rows) and ARCHITECTURE "Rating".
    """
    branches, parts = _branches_and_parts(tuple(sorted(shapes.items())))
    rules = [rule for shape in shapes.values() for rule in shape.rules]
    return render(
        "objects/rating.sql.j2",
        branches=(_NO_RULES, *branches),
        parts=parts,
        fallback=any(rule.fallback for rule in rules),
        show=any(rule.show_sql for rule in rules),
        filters=any(rule.filter_sql is not None for rule in rules),
        database=database,
        source=source,
        as_version=as_version,
    )


def _shape_rule(number: int, rule: ProductRule, fallback: bool) -> ShapeRule:
    return ShapeRule(
        number=number,
        event_type=rule.event_type,
        filter_sql=rule.filter_sql,
        quantity_sql=rule.quantity_sql,
        dimensions_sql=_texts(rule.dimensions),
        # Ledger entries keep the value that `unique` counts behind the dimension values.
        show_sql=_texts(rule.show) if rule.counted_sql is None else (rule.counted_sql,),
        fallback=fallback,
    )


def _texts(dimensions: tuple[Dimension, ...]) -> tuple[str, ...]:
    return tuple(dimension.sql for dimension in dimensions)


@lru_cache(maxsize=8)
def _branches_and_parts(
    shapes: tuple[tuple[int, Shape], ...],
) -> tuple[tuple[_Branch, ...], tuple[tuple[Part, ...], ...]]:
    """Return the branches of all shapes, and the parts that they name. Activations and every reconcile ask for the same
    ones; those of hundreds of products take a second."""
    branches = [branch for shape_id, shape in shapes for branch in _branches(shape_id, shape)]
    parts = shared_parts(text for one in branches if one.shares for text in one.texts)
    return tuple(one.sharing(parts) for one in branches), parts.layers


def _branches(shape_id: int, shape: Shape) -> list[_Branch]:
    """One branch an event type: all products that a type feeds are rated side by side."""
    by_type: dict[str, list[ShapeRule]] = {}
    for rule in shape.rules:
        by_type.setdefault(rule.event_type, []).append(rule)
    return [
        _Branch(
            f"shape_id = {shape_id} AND event_type = {_string(event_type)}",
            tuple(_entry(rule) for rule in rules),
        )
        for event_type, rules in by_type.items()
    ]


def _entry(rule: ShapeRule) -> _Entry:
    number = f"toUInt16({rule.number})"
    key = _joined(rule.dimensions_sql)
    # Display values follow the dimension values; the leading separator tells "one empty value" from "nothing to say".
    shown = (
        f"concat('{SEPARATOR}', {_joined(rule.dimensions_sql + rule.show_sql)})" if rule.show_sql else "''"
    )
    return _Entry(
        number=number if rule.filter_sql is None else f"if({rule.filter_sql}, {number}, toUInt16(0))",
        quantity=f"CAST({rule.quantity_sql}, 'Nullable(Decimal(38, 9))')",
        key=key,
        shown=shown,
    )


def _joined(values_sql: tuple[str, ...]) -> str:
    """Join dimension values by U+001F. In a joined key that character inside a value becomes U+001E, which no card
    can name, so two different combinations never share a key."""
    if not values_sql:
        return "''"
    clean = [f"replaceAll({value}, '{SEPARATOR}', '\\x1E')" for value in values_sql]
    between = f", '{SEPARATOR}', "
    return clean[0] if len(clean) == 1 else f"concat({between.join(clean)})"


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
