"""Other numbers in a card's text: constants and table cells, everything else as it was written.

The text is changed in place, so comments and layout stay. What was changed is proven, not believed: the new text
compiles to the old card with just these numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from ratecard_compiler.canonical import content_hash
from ratecard_compiler.compiler import compile_card
from ratecard_compiler.decimals import not_plain, plain_decimal
from ratecard_compiler.document import Document
from ratecard_compiler.errors import did_you_mean
from ratecard_compiler.ir import CompiledCard, Price
from ratecard_compiler.node_names import cell_name, split_name
from ratecard_compiler.source import ScalarNode
from ratecard_compiler.table_index import Keys
from ratecard_compiler.written_numbers import WrittenNumbers, compile_with_numbers

# What YAML counts as the end of a line.
_LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'", re.DOTALL)


class ChangeRefused(ValueError):
    """Numbers that cannot be set, with every reason."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A number of the card: `node` is `margin` or `model_cost[large]`."""

    node: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A published number that another one replaces: `field` is `unit_amount` or `tiers[1].unit_amount`.

    `unit` is what the product is priced in, or `%` for a rate.
    """

    product: str
    dimensions: Mapping[str, str]
    field: str
    unit: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class ChangedCard:
    """A card's new text, compiled too, and what that changes: numbers of the card, and prices in the order of the
    card."""

    text: str
    card: CompiledCard
    numbers: tuple[NumberChange, ...]
    prices: tuple[PriceChange, ...]


def change_numbers(text: str, wanted: Mapping[str, str], file_name: str = "ratecard.yaml") -> ChangedCard:
    """Set numbers of a card that compiles: `{"margin": "1.40", "model_cost[large]": "0.000009"}`.

    Raises ChangeRefused with every node that is not there and every number that is not a plain decimal, and
    RateCardErrors where the card does not compile with the new numbers.
    """
    before, places = compile_with_numbers(text, file_name)
    nodes: dict[tuple[str, Keys | None], tuple[NumberChange, ScalarNode, str]] = {}
    reasons: list[str] = []
    for name, value in wanted.items():
        try:
            key, node = _find(name, before.model, places)
            if key in nodes:
                raise ValueError(f"{name} is given twice; keep one")
            nodes[key] = (_number_change(key, node, value), node, value.strip())
        except ValueError as error:
            reasons.append(str(error))
    if reasons or not nodes:
        raise ChangeRefused(tuple(reasons) or ("no number is given; write NODE=VALUE",))
    if all(change.before == change.after for change, _, _ in nodes.values()):
        raise ChangeRefused(tuple(f"{one.node} is {one.before:f} already" for one, _, _ in nodes.values()))
    changed = _replaced(text, [(node, value) for _, node, value in nodes.values()])
    after = compile_card(changed, file_name)
    if (
        content_hash(_with_numbers(before.model, {key: one[0] for key, one in nodes.items()}))
        != after.content_hash
    ):
        raise ChangeRefused(("the text does not let itself be changed in place; edit it and publish it",))
    return ChangedCard(
        text=changed,
        card=after,
        numbers=tuple(one for one, _, _ in nodes.values()),
        prices=tuple(price_changes(before, after)),
    )


def _find(
    name: str, document: Document, places: WrittenNumbers
) -> tuple[tuple[str, Keys | None], ScalarNode]:
    """Return a number's key and its node. Raises ValueError."""
    node, keys = split_name(name)
    if node in document.constants and keys is None:
        return (node, None), places.constants[node]
    if node in document.formulas:
        raise ValueError(f"{node} is a formula; set the constants and table cells that it needs")
    rows = places.cells.get(node)
    if rows is None:
        known = [*document.constants, *(f"{table}[…]" for table in document.tables)]
        raise ValueError(f"the card has no number {name!r}; {did_you_mean(node, known)}")
    if keys is None:
        raise ValueError(f"{node} is a table; name one cell, such as {cell_name(node, next(iter(rows)))}")
    written = (name.strip()[len(node) + 1 : -1],)
    if written in rows:  # A table of one key needs no quotes, whatever the key holds.
        keys = written
    if keys not in rows:
        nearest = did_you_mean(cell_name(node, keys), (cell_name(node, row) for row in rows))
        raise ValueError(f"{node} has no row {cell_name('', keys)}; {nearest}")
    return (node, keys), rows[keys]


def _number_change(key: tuple[str, Keys | None], node: ScalarNode, value: str) -> NumberChange:
    name, keys = key
    shown = name if keys is None else cell_name(name, keys)
    number, old = plain_decimal(value.strip()), plain_decimal(node.text)
    if number is None:
        raise ValueError(f"{shown}: {value[:60]!r} {not_plain(value.strip())}; write it like 0.0125")
    if old is None:
        raise AssertionError("a card that compiles has numbers where they belong")
    return NumberChange(shown, old, number)


def _replaced(text: str, numbers: list[tuple[ScalarNode, str]]) -> str:
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    spans: list[tuple[int, int, str]] = []
    for node, value in numbers:
        start = starts[node.place.line - 1] + node.place.column - 1
        if node.plain:
            end, written = start + len(node.text), value
        else:
            quoted = _QUOTED.match(text, start)
            if quoted is None:
                place = f"line {node.place.line}, column {node.place.column}"
                raise ChangeRefused((f"the number in {place} is not written on one line; edit the card",))
            end, written = quoted.end(), f"{text[start]}{value}{text[start]}"
        spans.append((start, end, written))
    for start, end, written in sorted(spans, reverse=True):
        text = f"{text[:start]}{written}{text[end:]}"
    return text


def _with_numbers(document: Document, changes: Mapping[tuple[str, Keys | None], NumberChange]) -> Document:
    constants, tables = dict(document.constants), dict(document.tables)
    for (name, keys), change in changes.items():
        table = tables.get(name)
        if keys is None:
            constants[name] = change.after
        elif table is not None:
            tables[name] = replace(table, rows={**table.rows, keys: change.after})
    return replace(document, constants=constants, tables=tables)


def price_changes(before: CompiledCard, after: CompiledCard) -> Iterator[PriceChange]:
    """Yield the published numbers that differ between two cards, of prices that both have."""
    units = {product.product_id: product.unit for product in after.products}
    names = {rule.product: [one.name for one in rule.dimensions] for rule in after.rules}
    old = {(row.product, row.dimensions): row.price for row in before.prices}
    for row in after.prices:
        price = old.get((row.product, row.dimensions))
        if price is None or price == row.price:
            continue
        numbers = dict(numbers_of(price))
        for field, value in numbers_of(row.price):
            if field in numbers and numbers[field] != value:
                dimensions = dict(zip(names[row.product], row.dimensions, strict=True))
                unit = "%" if field.endswith("rate_percent") else units[row.product]
                yield PriceChange(row.product, dimensions, field, unit, numbers[field], value)


_AMOUNTS = (
    "unit_amount",
    "package_amount",
    "flat_amount",
    "rate_percent",
    "fixed_amount_per_event",
    "free_total_value",
    "min_amount_per_event",
    "max_amount_per_event",
    "minimum_spend",
    "maximum_spend",
)


def numbers_of(price: Price) -> Iterator[tuple[str, Decimal]]:
    """Yield the published numbers of a price that may differ between versions."""
    for name in _AMOUNTS:
        value = getattr(price, name)
        if value is not None:
            yield name, value
    for at, tier in enumerate(price.tiers, 1):
        yield f"tiers[{at}].unit_amount", tier.unit_amount
        yield f"tiers[{at}].flat_amount", tier.flat_amount
        yield f"tiers[{at}].rate_percent", tier.rate_percent
