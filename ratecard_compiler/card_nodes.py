"""What a card says, node by node, and which nodes a price depends on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from ratecard_compiler.canonical import canonical_form
from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.errors import ErrorList
from ratecard_compiler.expansion import BoundLookup, Combination, bind_lookups
from ratecard_compiler.formula_graph import build_graph, names_in
from ratecard_compiler.ir import CompiledCard
from ratecard_compiler.limits import Allowance
from ratecard_compiler.node_names import cell_name
from ratecard_compiler.prices import amounts_of


def card_nodes(card: CompiledCard) -> dict[str, str]:
    """Return every node with what it says: `margin`, `model_cost[large]`, formulas, `meters.tokens`, `units.credit`,
    `products.inference` (its meter and dimensions) and `products.inference.price`."""
    document = card.model
    nodes = {name: decimal_text(value) for name, value in document.constants.items() if value is not None}
    for name, table in document.tables.items():
        if table is not None:
            nodes |= {cell_name(name, row): decimal_text(value) for row, value in table.rows.items()}
    nodes |= {name: _line(text.node.text) for name, text in document.formulas.items() if text is not None}
    form = canonical_form(document)
    nodes |= {f"units.{name}": unit["value"] for name, unit in form["units"].items()}
    nodes |= {f"meters.{name}": _said(meter) for name, meter in form["meters"].items()}
    for product in form["products"]:
        name = f"products.{product['product_id']}"
        nodes[f"{name}.price"] = _said(product["price"])
        nodes[name] = _said(
            {key: value for key, value in product.items() if key not in ("product_id", "price")}
        )
    return nodes


class PriceNodes:
    """The nodes that the prices of a card depend on."""

    def __init__(self, card: CompiledCard) -> None:
        self._shared: dict[str, tuple[str, ...]] = {}
        self._lookups: dict[str, tuple[BoundLookup, ...]] = {}
        units: Mapping[str, str] = {product.product_id: product.unit for product in card.products}
        errors = ErrorList("ratecard.yaml")
        graph = build_graph(card.model, errors)
        for product in card.model.products:
            if product.price is None:
                continue
            amounts = amounts_of(product.price)
            formulas = graph.needed([amount.tree for amount in amounts])
            trees = [*(amount.tree for amount in amounts), *(graph.formulas[name].tree for name in formulas)]
            names = dict.fromkeys(name for tree in trees for name in names_in(tree))
            own = f"products.{product.product_id}"
            unit = units[product.product_id]
            self._shared[product.product_id] = (*names, f"{own}.price", own, f"units.{unit}")
            self._lookups[product.product_id] = bind_lookups(
                graph, amounts, tuple(product.dimensions), product.path, errors, Allowance()
            )

    def of(self, product: str, combination: Combination) -> Iterator[str]:
        """Yield the nodes of one price: what all prices of the product need, and the cells of this one."""
        for lookup in self._lookups[product]:
            row = lookup.table.find(lookup.keys_for(combination))
            if isinstance(row, tuple):
                yield cell_name(lookup.table.name, row)
        yield from self._shared[product]


def _line(text: str) -> str:
    return " ".join(text.split())


def _said(value: object) -> str:
    """What a mapping says, without what it does not say."""
    said = value
    if isinstance(value, dict):
        said = {key: item for key, item in value.items() if item not in (None, [], {}, False)}
    return json.dumps(said, ensure_ascii=False)
