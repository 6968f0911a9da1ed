"""One price down to its numbers: every formula that it needs, with the constants and cells that went into it.

Computed by what the compiler computes prices with, so what is shown is what is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ratecard_compiler.decimals import tidy
from ratecard_compiler.document import Document, PriceDeclaration, ProductDeclaration, Written
from ratecard_compiler.errors import ErrorList, Place, did_you_mean
from ratecard_compiler.expansion import Combination, Valuation
from ratecard_compiler.fields import Fields
from ratecard_compiler.formula_graph import FormulaGraph, build_graph, lookups_in, names_in
from ratecard_compiler.formula_text import formula_with_numbers
from ratecard_compiler.ir import ANY_OTHER, CompiledCard, Price, PriceRow, Product
from ratecard_compiler.node_names import cell_name
from ratecard_compiler.price_finder import ProductPrices, prices_by_product
from ratecard_compiler.prices import amounts_of, published_amount
from ratecard_compiler.reader import read_card
from ratecard_compiler.source import read_yaml
from ratecard_compiler.syntax import Expression, Lookup, Name, Negation, Number
from ratecard_compiler.table_index import Keys
from ratecard_compiler.written_numbers import WrittenNumbers, compile_with_numbers, written_numbers


@dataclass(frozen=True, slots=True)
class NumberUsed:
    """A constant or a table cell. `node` is its name in the words of `set`: `margin`, `model_cost[large]`.

    `asked` are the keys that were looked up, where they are not the row's own: the row has a "*".
    """

    node: str
    value: Decimal
    place: Place
    asked: Keys = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A formula worked out: as written, with numbers for names, and its result of up to 50 digits."""

    name: str
    formula: str
    place: Place
    with_numbers: str
    exact: Decimal
    numbers: tuple[NumberUsed, ...]


@dataclass(frozen=True, slots=True)
class AmountExplained:
    """A number of the price, and what it is published as: 15 decimals, half-even, in the product's unit."""

    step: Step
    published: Decimal
    is_written: bool
    """Whether the card has the number itself, and no formula for it."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A price and where it comes from.

    `dimensions` are the values asked for, `priced_as` those of the price row ("*": any other). `formulas` are what
    the amounts need, each before those that it needs itself. `quantities` are the price's numbers that are no money, as
    the card has them: bounds of tiers, the size of a package, included units.
    """

    rate_card: str
    product: Product
    dimensions: Mapping[str, str]
    priced_as: Mapping[str, str]
    price: Price
    quantities: Mapping[str, Decimal]
    amounts: tuple[AmountExplained, ...]
    formulas: tuple[Step, ...]


def explain_price(
    text: str, product_id: str, values: Mapping[str, str], file_name: str = "ratecard.yaml"
) -> Explanation:
    """Return where the price of a product for some dimension values comes from.

    Dimensions that the price does not depend on may be left out. Raises RateCardErrors, and ValueError for a product,
    a dimension or a combination that the card has no price for.
    """
    card, places = compile_with_numbers(text, file_name)
    product = _product(card, product_id)
    declared = next(one for one in card.model.products if one.product_id == product_id)
    row = _row(product_id, prices_by_product(card)[product_id], values)
    price = declared.price
    if price is None:
        raise AssertionError("a product of a card that compiles has a price")
    names = tuple(declared.dimensions)
    asked = tuple(values.get(name, ANY_OTHER) for name in names)
    amounts, formulas = _steps(card.model, declared, price, (row.dimensions, asked), places)
    return Explanation(
        rate_card=card.rate_card,
        product=product,
        dimensions=dict(zip(names, asked, strict=True)),
        priced_as=dict(zip(names, row.dimensions, strict=True)),
        price=row.price,
        quantities=_quantities(price),
        amounts=amounts,
        formulas=formulas,
    )


@dataclass(frozen=True, slots=True)
class ReadCard:
    """A published card, read but not compiled again: prices are not expanded, which is what takes long."""

    document: Document
    places: WrittenNumbers


def read_published(text: str) -> ReadCard:
    """Read the text of a version that was published. Raises RateCardErrors where this compiler cannot."""
    errors = ErrorList("ratecard.yaml")
    top = read_yaml(text, errors)
    if top is None:
        errors.raise_if_any()
        raise AssertionError("a document that cannot be read has a reason")
    document = read_card(Fields(top, "", errors))
    errors.raise_if_any()
    return ReadCard(document, written_numbers(top))


def explain_row(
    card: ReadCard, product_id: str, priced_as: Mapping[str, str], values: Mapping[str, str]
) -> tuple[tuple[AmountExplained, ...], tuple[Step, ...]]:
    """Return the amounts of a price row that the card has, and the formulas that they need.

    `priced_as` are the dimension values of the row ("*": any other), `values` those that were looked up.
    """
    declared = next(one for one in card.document.products if one.product_id == product_id)
    if declared.price is None:
        raise AssertionError("a product of a card that was published has a price")
    row = tuple(priced_as[name] for name in declared.dimensions)
    asked = tuple(values.get(name, ANY_OTHER) for name in declared.dimensions)
    return _steps(card.document, declared, declared.price, (row, asked), card.places)


def _quantities(price: PriceDeclaration) -> dict[str, Decimal]:
    bounds = {f"tiers[{at}].up_to": tier.up_to for at, tier in enumerate(price.tiers, 1)}
    return {**{name: bound for name, bound in bounds.items() if bound is not None}, **price.quantities}


def _product(card: CompiledCard, product_id: str) -> Product:
    for product in card.products:
        if product.product_id == product_id:
            return product
    known = did_you_mean(product_id, [product.product_id for product in card.products])
    raise ValueError(f"rate card {card.rate_card} has no product {product_id!r}; {known}")


def _row(product_id: str, prices: ProductPrices, values: Mapping[str, str]) -> PriceRow:
    for name in values:
        if name not in prices.names:
            raise ValueError(f"{product_id} has no dimension {name!r}; {did_you_mean(name, prices.names)}")
    for name, listed in zip(prices.names, prices.listed, strict=True):
        if listed and name not in values:
            some = [f"{name}={value}" for value in sorted(listed)[:6]] + ["…"] * (len(listed) > 6)
            one_of = "one of " if len(some) > 1 else ""
            raise ValueError(f"{product_id} is priced by {name}: add {one_of}{', '.join(some)}")
    found = prices.find(values)
    if found is None:
        asked = ", ".join(f"{name}={value}" for name, value in values.items())
        raise ValueError(
            f"{product_id} has no price for {asked}: such usage is kept as unpriced_dimension; "
            'add a row, or a "*" row'
        )
    return found


def _steps(
    document: Document,
    product: ProductDeclaration,
    price: PriceDeclaration,
    priced_and_asked: tuple[Combination, Combination],
    places: WrittenNumbers,
) -> tuple[tuple[AmountExplained, ...], tuple[Step, ...]]:
    combination, asked = priced_and_asked
    errors = ErrorList("ratecard.yaml")
    graph = build_graph(document, errors)
    valuation = Valuation(graph, tuple(product.dimensions), errors, set())
    amounts = amounts_of(price)
    needed = valuation.prepare(amounts)
    valuation.compute(needed, combination)
    worker = _Worker(graph, valuation, combination, asked, places)
    explained: list[AmountExplained] = []
    for written in amounts:
        name = written.path.removeprefix(f"{price.path}.")
        field = name.rpartition(".")[2]
        published = published_amount(field, written, valuation, combination, errors)
        number = written.tree.operand if isinstance(written.tree, Negation) else written.tree
        is_written = isinstance(number, Number)
        explained.append(AmountExplained(worker.step(name, written), published, is_written))
    formulas = tuple(worker.step(name, graph.formulas[name]) for name in reversed(needed))
    return tuple(explained), formulas


@dataclass(frozen=True, slots=True)
class _Worker:
    """Shows steps of one product and combination, whose formulas the valuation has computed."""

    graph: FormulaGraph
    valuation: Valuation
    combination: Combination
    asked: Combination
    places: WrittenNumbers

    def step(self, name: str, written: Written) -> Step:
        tree = written.tree
        exact = self.value(tree, written)
        return Step(
            name=name,
            formula=" ".join(written.node.text.split()),
            place=written.node.place,
            with_numbers=formula_with_numbers(tree, lambda part: self.number(part, written)),
            exact=tidy(exact),
            numbers=(*self.cells(tree), *self.constants(tree)),
        )

    def number(self, part: Name | Lookup, within: Written) -> Decimal:
        """Numbers of the card are shown as they are written (`1.30`), results without zeros that say nothing."""
        value = self.value(part, within)
        return tidy(value) if isinstance(part, Name) and part.name in self.graph.formulas else value

    def value(self, part: Expression, within: Written) -> Decimal:
        value = self.valuation.value(Written(part, within.node, within.path), self.combination)
        if value is None:
            raise AssertionError("a card that compiles has a number for every formula of a price")
        return value

    def constants(self, tree: Expression) -> list[NumberUsed]:
        found: list[NumberUsed] = []
        for name in names_in(tree):
            value = self.graph.constants.get(name)
            if value is not None:
                found.append(NumberUsed(name, value, self.places.constants[name].place))
        return found

    def cells(self, tree: Expression) -> list[NumberUsed]:
        found: dict[tuple[str, Keys], NumberUsed] = {}
        for lookup in lookups_in(tree):
            table = self.graph.tables[lookup.table]
            row = None if table is None else self.valuation.row_of(table, lookup, self.combination)
            if table is None or row is None:
                raise AssertionError("a combination that has a price has a row in every table")
            keys = self.valuation.keys_for(lookup, self.asked)
            place = self.places.cells[lookup.table][row].place
            node = cell_name(lookup.table, row)
            found[lookup.table, keys] = NumberUsed(node, table.rows[row], place, () if keys == row else keys)
        return list(found.values())
