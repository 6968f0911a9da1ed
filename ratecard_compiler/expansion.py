"""The combinations of dimension values that a product has a price for, and what its formulas are worth there.

A look-up binds dimensions to the keys of its table's rows. Combinations are joined look-up by look-up, so a
sparse table of many keys costs its rows, not the product of its columns. A row's "*" stands for every value
that any table of the product lists there, and for "*" itself: every other value (SEMANTICS §4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from ratecard_compiler.document import Written
from ratecard_compiler.errors import ErrorList, did_you_mean
from ratecard_compiler.fields import MAXIMUM_TEXT
from ratecard_compiler.formula_graph import FormulaGraph, lookups_in
from ratecard_compiler.formula_language import evaluate
from ratecard_compiler.limits import Allowance
from ratecard_compiler.syntax import Lookup, Name, Text
from ratecard_compiler.table_index import FALLBACK, Ambiguity, Keys, TableIndex, masked
from ratecard_compiler.tokens import ExpressionError

_MOST_AMBIGUITIES = 20

Combination: TypeAlias = tuple[str, ...]
"""One canonical value a dimension, in the product's order; `_UNBOUND` while nothing has decided it."""

_UNBOUND = ""
_LAST = "\U0010ffff" * (MAXIMUM_TEXT + 1)
"""Comes after every text that a table may have as a key."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a look-up: the position of a dimension in the product, or a literal."""

    dimension: int | None
    literal: str = ""

    def of(self, combination: Combination) -> str:
        """Return the key's value; `_UNBOUND` if its dimension has none yet."""
        return self.literal if self.dimension is None else combination[self.dimension]


@dataclass(frozen=True, slots=True)
class BoundLookup:
    """A look-up of one product: its table, and where its keys come from."""

    table: TableIndex
    keys: tuple[Key, ...]
    written: Written
    offset: int

    def keys_for(self, combination: Combination) -> Keys:
        """Return the keys for a combination."""
        return tuple([key.of(combination) for key in self.keys])


def bind_lookups(
    graph: FormulaGraph,
    amounts: Sequence[Written],
    dimensions: tuple[str, ...],
    product_path: str,
    errors: ErrorList,
    allowance: Allowance,
) -> tuple[BoundLookup, ...]:
    """Return every look-up that the amounts need, directly or through formulas, once each.

    What that takes is taken from the allowance. Raises TooManyCombinationsError.
    """
    needed = graph.needed([written.tree for written in amounts], allowance.take_steps)
    found: dict[tuple[str, tuple[Key, ...]], BoundLookup] = {}
    places = [(written, lookups_in(written.tree)) for written in amounts]
    places += [(graph.formulas[name], graph.lookups[name]) for name in needed]
    for place, lookups in places:
        allowance.take_steps(len(lookups))
        for lookup in lookups:
            table = graph.tables[lookup.table]
            keys = _bound_keys(place, lookup, dimensions, product_path, errors)
            if table is not None and keys is not None:
                found.setdefault((lookup.table, keys), BoundLookup(table, keys, place, lookup.offset))
    return tuple(found.values())


def _bound_keys(
    place: Written, lookup: Lookup, dimensions: tuple[str, ...], product_path: str, errors: ErrorList
) -> tuple[Key, ...] | None:
    keys: list[Key] = []
    for key in lookup.keys:
        if isinstance(key, Text):
            keys.append(Key(None, key.value))
        elif isinstance(key, Name) and key.name in dimensions:
            keys.append(Key(dimensions.index(key.name)))
        elif isinstance(key, Name):
            fact = f"`{product_path}` has no dimension `{key.name}`"
            fix = did_you_mean(key.name, dimensions)
            place.report(ExpressionError("unknown_dimension", key.offset, fact, fix), errors)
    return tuple(keys) if len(keys) == len(lookup.keys) else None


def expand(
    lookups: tuple[BoundLookup, ...], dimension_count: int, errors: ErrorList, allowance: Allowance
) -> tuple[Combination, ...]:
    """Return the combinations for which every look-up finds a row, in a fixed order, "*" last.

    What that takes is taken from the allowance. Raises TooManyCombinationsError. Two rows that fit one combination
    equally well go to the errors.
    """
    listed = _listed_values(lookups, dimension_count)
    found: list[Combination] = [(_UNBOUND,) * dimension_count]
    bound: set[int] = set()
    # The look-up with the most dimensions restricts the most, so it goes first.
    for lookup in sorted(
        lookups, key=lambda one: -len({k.dimension for k in one.keys if k.dimension is not None})
    ):
        found = _joined(found, lookup, bound, listed, errors, allowance)
        bound |= {key.dimension for key in lookup.keys if key.dimension is not None}
    finished = [tuple([value or FALLBACK for value in combination]) for combination in found]
    # As keys of their own the texts sort in half the time and memory of pairs.
    return tuple(
        sorted(finished, key=lambda values: [_LAST if value == FALLBACK else value for value in values])
    )


def _listed_values(lookups: tuple[BoundLookup, ...], dimension_count: int) -> list[tuple[str, ...]]:
    listed: list[dict[str, None]] = [{} for _ in range(dimension_count)]
    for lookup in lookups:
        for position, key in enumerate(lookup.keys):
            if key.dimension is not None:
                listed[key.dimension].update(dict.fromkeys(lookup.table.listed(position)))
    return [(*values, FALLBACK) for values in listed]


def _joined(
    combinations: list[Combination],
    lookup: BoundLookup,
    bound: set[int],
    listed: list[tuple[str, ...]],
    errors: ErrorList,
    allowance: Allowance,
) -> list[Combination]:
    """Return the combinations extended by the dimensions that the look-up binds, where it finds one row."""
    is_bound = [key.dimension is None or key.dimension in bound for key in lookup.keys]
    rows_by_bound: dict[Keys, list[Keys]] = {}
    for row in lookup.table.rows:
        known = tuple([value for value, here in zip(row, is_bound, strict=True) if here])
        rows_by_bound.setdefault(known, []).append(row)
    patterns = {
        tuple([hidden for hidden, here in zip(pattern, is_bound, strict=True) if here])
        for group in lookup.table.patterns
        for pattern in group
    }
    allowance.take_steps(len(lookup.table.rows) * (1 + len(lookup.keys) // 4))
    allowance.take_steps(len(combinations) * len(patterns))
    joined: dict[Combination, None] = {}
    ambiguous: dict[Ambiguity, Combination] = {}
    for combination in combinations:
        known = tuple([k.of(combination) for k, here in zip(lookup.keys, is_bound, strict=True) if here])
        for candidate in _candidates(combination, known, lookup, patterns, rows_by_bound, listed, allowance):
            best = lookup.table.find(lookup.keys_for(candidate))
            if isinstance(best, Ambiguity):
                ambiguous.setdefault(best, candidate)
            elif best is not None:
                joined[candidate] = None
        allowance.check(len(joined))
    _report_ambiguities(lookup, ambiguous, errors)
    return list(joined)


def _candidates(
    combination: Combination,
    known: Keys,
    lookup: BoundLookup,
    patterns: set[tuple[bool, ...]],
    rows_by_bound: Mapping[Keys, list[Keys]],
    listed: list[tuple[str, ...]],
    allowance: Allowance,
) -> dict[Combination, None]:
    """Return the combination with the open dimensions of the look-up set to what some fitting row allows."""
    found: dict[Combination, None] = {}
    for pattern in patterns:
        for row in rows_by_bound.get(masked(known, pattern), ()):
            extended = [combination]
            for value, key in zip(row, lookup.keys, strict=True):
                if key.dimension is not None and not combination[key.dimension]:
                    values = listed[key.dimension] if value == FALLBACK else (value,)
                    allowance.check(len(extended) * len(values))
                    extended = _set(extended, key.dimension, values)
            allowance.take_steps(len(extended) * (1 + len(combination) // 4))
            found.update(dict.fromkeys(extended))
            allowance.check(len(found))
    return found


def _set(combinations: list[Combination], dimension: int, values: tuple[str, ...]) -> list[Combination]:
    """Return the combinations with the dimension set to each value; one set already must agree."""
    return [
        (*combination[:dimension], value, *combination[dimension + 1 :])
        for combination in combinations
        for value in values
        if combination[dimension] in (_UNBOUND, value)
    ]


def _report_ambiguities(
    lookup: BoundLookup, ambiguous: Mapping[Ambiguity, Combination], errors: ErrorList
) -> None:
    for ambiguity, candidate in list(ambiguous.items())[:_MOST_AMBIGUITIES]:
        first, second = (f"[{', '.join(row)}]" for row in (ambiguity.first, ambiguity.second))
        keys = ", ".join(lookup.keys_for(candidate))
        fact = f"rows {first} and {second} of `{lookup.table.name}` fit [{keys}] equally well"
        fix = f"add a row for [{keys}]"
        lookup.written.report(ExpressionError("ambiguous_rows", lookup.offset, fact, fix), errors)


@dataclass(frozen=True, slots=True)
class Rounding:
    """A formula's result, what is published of it, and the share of the result by which they differ."""

    written: Written
    combination: Combination
    value: Decimal
    published: Decimal
    share: Decimal


@dataclass(slots=True)
class Valuation:
    """What the formulas of one product are worth, each computed once for the dimensions it depends on."""

    graph: FormulaGraph
    dimensions: tuple[str, ...]
    errors: ErrorList
    reported: set[tuple[str, int]]
    allowance: Allowance = field(default_factory=Allowance)
    formula_positions: dict[str, tuple[int, ...]] = field(default_factory=dict)
    values: dict[tuple[str, Combination], Decimal | None] = field(default_factory=dict)
    # Of each formula of a price the one that rounding moved the most.
    roundings: dict[str, Rounding] = field(default_factory=dict)

    def prepare(self, amounts: Iterable[Written]) -> tuple[str, ...]:
        """Return the formulas that the amounts need, having noted which dimensions each depends on. Raises
        TooManyCombinationsError."""
        needed = self.graph.needed([written.tree for written in amounts], self.allowance.take_steps)
        for name in needed:
            used = sorted(self.dimensions.index(key) for key in self.graph.keys_of(name))
            self.formula_positions[name] = tuple(used)
        return needed

    def compute(self, needed: tuple[str, ...], combination: Combination) -> None:
        """Compute the needed formulas for one combination, in their order. Raises TooManyCombinationsError."""
        for name in needed:
            key = self._key(name, combination)
            if key not in self.values:
                self.allowance.take_steps(self.graph.sizes[name])
                self.values[key] = self.value(self.graph.formulas[name], combination)

    def value(self, written: Written, combination: Combination) -> Decimal | None:
        """Return what a formula is worth; None if it cannot be computed, which is in the errors once."""

        def resolve(node: Name | Lookup) -> Decimal | None:
            if isinstance(node, Lookup):
                return self._cell(node, combination)
            if node.name in self.graph.constants:
                return self.graph.constants[node.name]
            return self.values[self._key(node.name, combination)]

        try:
            return evaluate(written.tree, resolve)
        except ExpressionError as error:
            if (written.path, error.offset) not in self.reported:
                self.reported.add((written.path, error.offset))
                written.report(error, self.errors, self.named(combination))
            return None

    def named(self, combination: Combination) -> str:
        """Return what a sentence says of the combination that it is about; nothing where there is only one."""
        named = [f"{name} = {value}" for name, value in zip(self.dimensions, combination, strict=True)]
        return f" for {', '.join(named)}" if named else ""

    def _key(self, name: str, combination: Combination) -> tuple[str, Combination]:
        return name, tuple([combination[at] for at in self.formula_positions[name]])

    def _cell(self, lookup: Lookup, combination: Combination) -> Decimal | None:
        table = self.graph.tables[lookup.table]
        row = None if table is None else self.row_of(table, lookup, combination)
        return None if table is None or row is None else table.rows[row]

    def row_of(self, table: TableIndex, lookup: Lookup, combination: Combination) -> Keys | None:
        """Return the row of a table that a look-up finds for a combination; None where it finds none, or two."""
        row = table.find(self.keys_for(lookup, combination))
        return row if isinstance(row, tuple) else None

    def keys_for(self, lookup: Lookup, combination: Combination) -> Keys:
        """Return the keys that a look-up asks for."""
        return tuple(
            [
                combination[self.dimensions.index(key.name)] if isinstance(key, Name) else key.value
                for key in lookup.keys
                if isinstance(key, Name | Text)
            ]
        )
