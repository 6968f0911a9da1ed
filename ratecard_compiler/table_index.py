"""Finding the row of a table that fits best: the most specific row wins (SEMANTICS §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TypeAlias

from ratecard_compiler.document import TableDeclaration

FALLBACK = "*"
Keys: TypeAlias = tuple[str, ...]
Pattern: TypeAlias = tuple[bool, ...]
"""Which positions of a row are "*"."""


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Two rows that fit equally well."""

    first: Keys
    second: Keys


@dataclass(frozen=True, slots=True)
class TableIndex:
    """A table ready for look-ups; `patterns` are grouped by how many keys are "*", fewest first."""

    name: str
    key_count: int
    rows: Mapping[Keys, Decimal]
    patterns: tuple[tuple[Pattern, ...], ...]
    values: tuple[Mapping[str, None], ...]

    def listed(self, position: int) -> Iterator[str]:
        """Yield the keys that rows name at a position, "*" aside, in the order of the file."""
        return (value for value in self.values[position] if value != FALLBACK)

    def has_key(self, position: int, value: str) -> bool:
        """Tell whether some row names the key at a position, or has "*" there."""
        return value in self.values[position] or FALLBACK in self.values[position]

    def find(self, keys: Keys) -> Keys | Ambiguity | None:
        """Return the most specific row that fits, None if no row does."""
        for equally_specific in self.patterns:
            hits = [row for pattern in equally_specific if (row := masked(keys, pattern)) in self.rows]
            if len(hits) > 1:
                return Ambiguity(hits[0], hits[1])
            if hits:
                return hits[0]
        return None


def masked(keys: Keys, pattern: Pattern) -> Keys:
    """Return the keys with "*" where the pattern has it."""
    if True not in pattern:
        return keys
    return tuple(FALLBACK if hidden else key for key, hidden in zip(keys, pattern, strict=True))


def index_table(table: TableDeclaration) -> TableIndex:
    """Prepare a table for look-ups."""
    found = {tuple([key == FALLBACK for key in row]) for row in table.rows}
    ordered = sorted(found, key=lambda pattern: (sum(pattern), pattern))
    grouped = tuple(tuple(group) for _, group in groupby(ordered, key=sum))
    values = tuple(dict.fromkeys(row[at] for row in table.rows) for at in range(len(table.keys)))
    return TableIndex(table.name, len(table.keys), table.rows, grouped, values)
