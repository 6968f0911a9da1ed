"""Terms that a contract may name only empty: to leave one out of the bill in silence would bill wrong."""

from __future__ import annotations

from collections.abc import Iterable

from ratecard_compiler.fields import Fields
from ratecard_compiler.source import MappingNode, Node, SequenceNode


def refuse_unsupported(fields: Fields, terms: Iterable[str]) -> None:
    """Report every one of the terms that is there and says something; null, `[]` and `{}` say nothing."""
    for term in terms:
        node = fields.get(term)
        if node is None or is_empty(node):
            continue
        place = fields.node.key_places[term]
        fact = f"`{term}` is not billed yet"
        fix = f"remove `{term}`; a contract is not stored without a term that it has"
        fields.errors.add("unsupported_term", place, fields.path_of(term), fact, fix)


def is_empty(node: Node) -> bool:
    """Return whether a term says nothing."""
    if isinstance(node, SequenceNode):
        return not node.items
    return isinstance(node, MappingNode) and not node.entries
