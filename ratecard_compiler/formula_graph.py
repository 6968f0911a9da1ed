"""Constants, tables and formulas as one graph: which formula needs which, in an order to compute them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from ratecard_compiler.document import Document, Written
from ratecard_compiler.errors import ErrorList
from ratecard_compiler.formula_language import formula_mistakes
from ratecard_compiler.limits import MOST_DIMENSIONS
from ratecard_compiler.syntax import Expression, Lookup, Name, children, size_of
from ratecard_compiler.table_index import TableIndex, index_table
from ratecard_compiler.tokens import ExpressionError

_MOST_CYCLES = 20


@dataclass(frozen=True, slots=True)
class FormulaGraph:
    """The card's numbers. Formulas that hold are in `order`, each after those it needs.

    What could not be read, is wrong, or needs something that is, is in `broken`: reported where it is
    wrong, and not reported again where it is used. `keys` are the dimensions that a formula's result depends on,
    `needs` the formulas that it names, `sizes` how many nodes its tree has, `positions` its place in the order.
    """

    constants: Mapping[str, Decimal | None]
    tables: Mapping[str, TableIndex | None]
    formulas: Mapping[str, Written]
    order: tuple[str, ...]
    broken: frozenset[str]
    keys: Mapping[str, frozenset[str]]
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lookups: Mapping[str, tuple[Lookup, ...]] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    positions: Mapping[str, int] = field(default_factory=dict)

    def needed(
        self, trees: Iterable[Expression], take_steps: Callable[[int], None] = lambda steps: None
    ) -> tuple[str, ...]:
        """Return the formulas that the trees need, directly or not, in an order that computes each once.

        `take_steps` is told how much work that is, before it is done.
        """
        wanted: set[str] = set()
        waiting = [name for tree in trees for name in names_in(tree)]
        while waiting:
            name = waiting.pop()
            if name in self.formulas and name not in wanted:
                wanted.add(name)
                take_steps(1 + len(self.needs[name]))
                waiting.extend(self.needs[name] - wanted)
        positions = self.positions
        return tuple(sorted(wanted, key=positions.__getitem__))

    def keys_of(self, name: str) -> frozenset[str]:
        """Return the dimensions that a formula's result depends on."""
        return self.keys[name]

    def is_broken(self, tree: Expression) -> bool:
        """Tell whether something that the tree uses directly is broken."""
        return any(name in self.broken for name in names_in(tree)) or any(
            self.tables.get(lookup.table) is None for lookup in lookups_in(tree)
        )


def build_graph(document: Document, errors: ErrorList) -> FormulaGraph:
    """Check every formula, find cycles, and return the graph of those that hold."""
    tables = {name: None if table is None else index_table(table) for name, table in document.tables.items()}
    values = dict.fromkeys([*document.constants, *document.formulas])
    broken = {name for name, value in document.constants.items() if value is None}
    broken |= {name for name, formula in document.formulas.items() if formula is None}
    formulas = {name: formula for name, formula in document.formulas.items() if formula is not None}
    for name, formula in formulas.items():
        if report_mistakes(formula, values, tables, errors):
            broken.add(name)
    names = {name: frozenset(names_in(formula.tree)) for name, formula in formulas.items()}
    needs = {name: frozenset(used for used in names[name] if used in formulas) for name in formulas}
    order = _order(formulas, needs, broken, errors)
    lookups = {name: lookups_in(formula.tree) for name, formula in formulas.items()}
    keys: dict[str, frozenset[str]] = {}
    for name in order:
        if not broken.isdisjoint(names[name]):
            broken.add(name)
            keys[name] = frozenset()
            continue
        own = (key.name for lookup in lookups[name] for key in lookup.keys if isinstance(key, Name))
        keys[name] = frozenset(own).union(*(keys.get(used, frozenset()) for used in needs[name]))
        if len(keys[name]) > MOST_DIMENSIONS:
            _report_too_many_keys(name, len(keys[name]), formulas[name], errors)
            broken.add(name)
            # What uses it is broken too: sets that only grow would fill the memory.
            keys[name] = frozenset()
    return FormulaGraph(
        constants=document.constants,
        tables=tables,
        formulas=formulas,
        order=order,
        broken=frozenset(broken),
        keys=keys,
        needs=needs,
        lookups=lookups,
        sizes={name: size_of(formula.tree) for name, formula in formulas.items()},
        positions={name: at for at, name in enumerate(order)},
    )


def _report_too_many_keys(name: str, count: int, formula: Written, errors: ErrorList) -> None:
    fact = f"`{name}` depends on {count} dimensions, and a product has at most {MOST_DIMENSIONS}"
    fix = "look up fewer dimensions, in this formula or in those that it uses"
    formula.report(ExpressionError("expression_too_complex", 0, fact, fix), errors)


def report_mistakes(
    formula: Written, values: Collection[str], tables: Mapping[str, TableIndex | None], errors: ErrorList
) -> bool:
    """Add what is wrong with a formula to the errors, and tell whether anything was."""
    mistakes = tuple(formula_mistakes(formula.tree, values, tables))
    for mistake in mistakes:
        formula.report(mistake, errors)
    return bool(mistakes)


def _order(
    formulas: Mapping[str, Written],
    graph: Mapping[str, frozenset[str]],
    broken: set[str],
    errors: ErrorList,
) -> tuple[str, ...]:
    needs = dict(graph)
    for _ in range(_MOST_CYCLES):
        try:
            return tuple(TopologicalSorter(needs).static_order())
        except CycleError as error:
            # graphlib lists the cycle from what is needed to what needs it, its first node again at the end.
            cycle: list[str] = list(error.args[1])[::-1]
            _report_cycle(cycle, formulas, errors)
            broken.update(cycle)
            for name in cycle:
                needs[name] = frozenset()
    broken.update(needs)
    return tuple(needs)


def _report_cycle(cycle: list[str], formulas: Mapping[str, Written], errors: ErrorList) -> None:
    ring = cycle[:-1]
    start = min(range(len(ring)), key=lambda at: formulas[ring[at]].node.place)
    turned = ring[start:] + ring[:start]
    named = " → ".join([*turned, turned[0]])
    formula = formulas[turned[0]]
    at = next((name.offset for name in _name_nodes(formula.tree) if name.name == (*turned, turned[0])[1]), 0)
    fact = f"the formula needs itself: {named}"
    formula.report(ExpressionError("cycle", at, fact, "take one of them out of the ring"), errors)


def names_in(tree: Expression) -> tuple[str, ...]:
    """Return the constants and formulas that a tree names; the keys of look-ups are not among them."""
    return tuple(dict.fromkeys(node.name for node in _name_nodes(tree)))


def lookups_in(tree: Expression) -> tuple[Lookup, ...]:
    """Return the look-ups of a tree."""
    if isinstance(tree, Lookup):
        return (tree,)
    return tuple(found for child in children(tree) for found in lookups_in(child))


def _name_nodes(tree: Expression) -> Iterator[Name]:
    if isinstance(tree, Name):
        yield tree
    elif not isinstance(tree, Lookup):
        for child in children(tree):
            yield from _name_nodes(child)
