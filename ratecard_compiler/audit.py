"""What a card is made of: how many flat prices it replaces, what no price needs, and what it says twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ratecard_compiler.errors import ErrorList, Place
from ratecard_compiler.expansion import bind_lookups
from ratecard_compiler.formula_graph import FormulaGraph, build_graph, lookups_in, names_in
from ratecard_compiler.ir import CompiledCard
from ratecard_compiler.limits import Allowance
from ratecard_compiler.node_names import cell_name
from ratecard_compiler.price_finder import ProductPrices, prices_by_product
from ratecard_compiler.prices import amounts_of
from ratecard_compiler.syntax import Number
from ratecard_compiler.table_index import Keys, TableIndex, masked
from ratecard_compiler.written_numbers import WrittenNumbers


@dataclass(frozen=True, slots=True)
class ProductAudit:
    """A product as a flat price list would have it: one SKU a combination, "*" (any other value) counted as one value.

    `values` are the values of each dimension that the price depends on.
    """

    product: str
    values: Mapping[str, int]
    skus: int


@dataclass(frozen=True, slots=True)
class Unneeded:
    """A constant, a formula, a table or a cell of one that no price needs."""

    node: str
    place: Place


@dataclass(frozen=True, slots=True)
class SaidTwice:
    """A cell that may go: the row that then prices its keys says the same."""

    node: str
    value: Decimal
    place: Place
    same_as: str


@dataclass(frozen=True, slots=True)
class CardAudit:
    """The whole. `skus` is how many flat prices the card replaces, `numbers` how many numbers it writes for them:
    constants, cells, and prices that are a number."""

    products: tuple[ProductAudit, ...]
    skus: int
    numbers: int
    unneeded: tuple[Unneeded, ...]
    said_twice: tuple[SaidTwice, ...]


def audit_card(card: CompiledCard, places: WrittenNumbers) -> CardAudit:
    """Audit a compiled card; `places` are where its numbers stand."""
    graph = build_graph(card.model, ErrorList("ratecard.yaml"))
    prices = prices_by_product(card)
    products = tuple(_product(product.product_id, prices[product.product_id]) for product in card.products)
    return CardAudit(
        products=products,
        skus=len(card.prices),
        numbers=_numbers_written(card),
        unneeded=tuple(_unneeded(card, graph, prices, places)),
        said_twice=tuple(_said_twice(graph, places)),
    )


def _product(product_id: str, prices: ProductPrices) -> ProductAudit:
    values = {
        name: len({combination[at] for combination in prices.rows})
        for at, (name, listed) in enumerate(zip(prices.names, prices.listed, strict=True))
        if listed
    }
    return ProductAudit(product_id, values, len(prices.rows))


def _numbers_written(card: CompiledCard) -> int:
    cells = sum(len(table.rows) for table in card.model.tables.values() if table is not None)
    prices = (product.price for product in card.model.products if product.price is not None)
    plain = sum(isinstance(amount.tree, Number) for price in prices for amount in amounts_of(price))
    return len(card.model.constants) + cells + plain


def _unneeded(
    card: CompiledCard, graph: FormulaGraph, prices: Mapping[str, ProductPrices], places: WrittenNumbers
) -> Iterator[Unneeded]:
    trees = [
        amount.tree
        for product in card.model.products
        if product.price is not None
        for amount in amounts_of(product.price)
    ]
    formulas = graph.needed(trees)
    trees += [graph.formulas[name].tree for name in formulas]
    constants = {name for tree in trees for name in names_in(tree)}
    tables = {lookup.table for tree in trees for lookup in lookups_in(tree)}
    for name in card.model.constants:
        if name not in constants:
            yield Unneeded(name, places.constants[name].place)
    cells = _cells_needed(card, graph, prices)
    for name, table in graph.tables.items():
        if table is None:
            continue
        if name not in tables:
            yield Unneeded(name, next(iter(places.cells[name].values())).place)
            continue
        for row in table.rows:
            if row not in cells.get(name, ()):
                yield Unneeded(cell_name(name, row), places.cells[name][row].place)
    for name, formula in graph.formulas.items():
        if name not in formulas:
            yield Unneeded(name, formula.node.place)


def _cells_needed(
    card: CompiledCard, graph: FormulaGraph, prices: Mapping[str, ProductPrices]
) -> dict[str, set[Keys]]:
    """Return the rows that the look-ups of some price find, by table."""
    needed: dict[str, set[Keys]] = {}
    for product in card.model.products:
        if product.price is None:
            continue
        names = tuple(product.dimensions)
        lookups = bind_lookups(
            graph, amounts_of(product.price), names, product.path, ErrorList("ratecard.yaml"), Allowance()
        )
        for lookup in lookups:
            rows = needed.setdefault(lookup.table.name, set())
            for combination in prices[product.product_id].rows:
                found = lookup.table.find(lookup.keys_for(combination))
                if isinstance(found, tuple):
                    rows.add(found)
    return needed


def _said_twice(graph: FormulaGraph, places: WrittenNumbers) -> Iterator[SaidTwice]:
    for name, table in graph.tables.items():
        for row in () if table is None else table.rows:
            if (
                table is not None
                and (general := _without(table, row))
                and table.rows[general] == table.rows[row]
            ):
                place = places.cells[name][row].place
                yield SaidTwice(cell_name(name, row), table.rows[row], place, cell_name(name, general))


def _without(table: TableIndex, row: Keys) -> Keys | None:
    """Return the one row that fits a row's keys best when the row is gone; None where none does, or two do."""
    for equally_specific in table.patterns:
        hits = {
            hit for pattern in equally_specific if (hit := masked(row, pattern)) in table.rows and hit != row
        }
        if hits:
            return hits.pop() if len(hits) == 1 else None
    return None
