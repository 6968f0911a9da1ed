"""Where the numbers of a card stand in its text: constants and table cells, each with its node.

The document keeps no place a cell, which nearly nobody asks for; those who do look at the nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ratecard_compiler.compiler import compile_source
from ratecard_compiler.errors import ErrorList
from ratecard_compiler.fields import Fields
from ratecard_compiler.ir import CompiledCard
from ratecard_compiler.source import MappingNode, ScalarNode, SequenceNode
from ratecard_compiler.table_index import Keys
from ratecard_compiler.table_reader import written_rows


@dataclass(frozen=True, slots=True)
class WrittenNumbers:
    """The nodes of constants by name, and of cells by table and keys."""

    constants: Mapping[str, ScalarNode]
    cells: Mapping[str, Mapping[Keys, ScalarNode]]


def compile_with_numbers(text: str, file_name: str) -> tuple[CompiledCard, WrittenNumbers]:
    """Compile a card, and say where its numbers stand. Raises RateCardErrors."""
    card, top = compile_source(text, file_name)
    return card, written_numbers(top)


def written_numbers(top: MappingNode) -> WrittenNumbers:
    """Return where each number of a card stands. The card is one that compiles."""
    errors = ErrorList("ratecard.yaml")
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
