"""Where the numbers of a card stand in its text: constants and table cells, each with its node.

The document keeps no place a cell, which nearly nobody asks for; those who do read the text once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ratecard_compiler.errors import ErrorList
from ratecard_compiler.fields import Fields
from ratecard_compiler.source import MappingNode, ScalarNode, SequenceNode, read_yaml
from ratecard_compiler.table_index import Keys
from ratecard_compiler.table_reader import written_rows


@dataclass(frozen=True, slots=True)
class WrittenNumbers:
    """The nodes of constants by name, and of cells by table and keys."""

    constants: Mapping[str, ScalarNode]
    cells: Mapping[str, Mapping[Keys, ScalarNode]]


def written_numbers(text: str) -> WrittenNumbers:
    """Return where each number of a card stands. The text is one that compiles."""
    errors = ErrorList("ratecard.yaml")
    top = read_yaml(text, errors)
    if top is None:
        errors.raise_if_any()
        raise AssertionError("a document that cannot be read has a reason")
    card = Fields(top, "", errors)
    constants = card.mapping("constants")
    tables = card.mapping("tables")
    return WrittenNumbers(
        constants={}
        if constants is None
        else {name: node for name, node in constants.node.entries.items() if isinstance(node, ScalarNode)},
        cells={}
        if tables is None
        else {
            name: _cells(Fields(node, f"tables.{name}", errors))
            for name, node in tables.node.entries.items()
            if isinstance(node, MappingNode)
        },
    )


def _cells(table: Fields) -> dict[Keys, ScalarNode]:
    keys = table.get("keys")
    key_count = len(keys.items) if isinstance(keys, SequenceNode) else 0
    return {row: cell for _, row, cell, _ in written_rows(table, key_count)}
