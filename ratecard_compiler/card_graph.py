"""What a card's prices depend on, as a graph: constants, tables, formulas and products, and who uses whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.document import Document, Written
from ratecard_compiler.formula_graph import lookups_in, names_in
from ratecard_compiler.ir import CompiledCard
from ratecard_compiler.node_names import cell_name
from ratecard_compiler.prices import amounts_of

MOST_CELLS = 1_000
CELLS_SHOWN = 20
KINDS = ("constants", "tables", "formulas", "products")


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node: `kind` is one of `KINDS`, `says` what stands there (a number, a formula, the keys of a table). `cells`
    are a table's nodes with their numbers, as `set` and `diff` name them: the first thousand."""

    kind: str
    name: str
    says: str
    cells: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        """The node's path in the card: `tables.model_cost`."""
        return f"{self.kind}.{self.name}"


@dataclass(frozen=True, slots=True)
class CardGraph:
    """Nodes in the order of the card, and edges from the path of what is used to the path of what uses it."""

    rate_card: str
    currency: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[str, str], ...]


def card_graph(card: CompiledCard) -> CardGraph:
    """Return the graph of a compiled card."""
    document = card.model
    edges: dict[tuple[str, str], None] = {}
    for name, formula in document.formulas.items():
        if formula is not None:
            edges.update(dict.fromkeys((used, f"formulas.{name}") for used in _used(document, [formula])))
    for product in document.products:
        if product.price is not None:
            used_here = _used(document, amounts_of(product.price))
            edges.update(dict.fromkeys((used, product.path) for used in used_here))
    return CardGraph(card.rate_card, card.currency, tuple(_nodes(card)), tuple(edges))


def _used(document: Document, formulas: Iterable[Written]) -> Iterator[str]:
    for written in formulas:
        for lookup in lookups_in(written.tree):
            yield f"tables.{lookup.table}"
        for name in names_in(written.tree):
            yield f"constants.{name}" if name in document.constants else f"formulas.{name}"


def _nodes(card: CompiledCard) -> Iterator[GraphNode]:
    document = card.model
    for name, value in document.constants.items():
        yield GraphNode("constants", name, f"{value:f}")
    for name, table in document.tables.items():
        if table is not None:
            rows = f"{len(table.rows):,} row{'' if len(table.rows) == 1 else 's'}"
            cells = tuple(
                (cell_name(name, keys), decimal_text(value))
                for keys, value in islice(table.rows.items(), MOST_CELLS)
            )
            yield GraphNode("tables", name, f"[{', '.join(table.keys)}], {rows}", cells)
    for name, formula in document.formulas.items():
        if formula is not None:
            yield GraphNode("formulas", name, " ".join(formula.node.text.split()))
    for product in card.products:
        yield GraphNode(
            "products", product.product_id, f"{product.model} in {product.unit} per {product.metered_unit}"
        )


def graph_text(graph: CardGraph) -> str:
    """Return the graph as lines for people: each node, what it needs (←) and what needs it (→)."""
    needs: dict[str, list[str]] = {}
    needed_by: dict[str, list[str]] = {}
    for used, user in graph.edges:
        needs.setdefault(user, []).append(used.partition(".")[2])
        needed_by.setdefault(used, []).append(user.partition(".")[2])
    lines = [f"rate card {graph.rate_card}, {graph.currency}"]
    for kind in KINDS:
        nodes = [node for node in graph.nodes if node.kind == kind]
        if nodes:
            lines += ["", kind]
        for node in nodes:
            between = {"constants": " = ", "formulas": " = ", "products": ": "}.get(kind, "")
            lines.append(f"  {node.name}{between}{node.says}")
            lines += [f"      {cell} = {number}" for cell, number in node.cells[:CELLS_SHOWN]]
            if len(node.cells) > CELLS_SHOWN:
                lines.append("      …")
            if node.path in needs:
                lines.append(f"    ← {', '.join(needs[node.path])}")
            if kind != "products":
                lines.append(f"    → {', '.join(needed_by.get(node.path, ['nothing']))}")
    return "\n".join(lines)


_SHAPES = {
    "constants": ("([", "])"),
    "tables": ("[(", ")]"),
    "formulas": ("[", "]"),
    "products": ("[[", "]]"),
}


def graph_mermaid(graph: CardGraph) -> str:
    """Return the graph as a Mermaid flowchart, which GitHub, GitLab and many editors draw."""
    # Names of the card may be words of Mermaid, so nodes are numbered.
    numbers = {node.path: f"n{number}" for number, node in enumerate(graph.nodes, 1)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        left, right = _SHAPES[node.kind]
        between = "" if node.kind == "tables" else "<br/>" if node.kind == "products" else " = "
        label = f"{_mermaid(node.name)}{between}{_mermaid(node.says)}"
        lines.append(f'  {numbers[node.path]}{left}"{label}"{right}')
    lines += [f"  {numbers[used]} --> {numbers[user]}" for used, user in graph.edges]
    return "\n".join(lines)


def _mermaid(text: str) -> str:
    """Characters that mean something in a label, as Mermaid's entities."""
    return "".join(f"#{ord(one)};" if one in '"#&<>;`\\|' or not one.isprintable() else one for one in text)
