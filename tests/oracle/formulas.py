"""The numbers of a rate card: constants, tables with "*", formulas (SEMANTICS §2 and §4)."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from tests.oracle.exact import PLAIN_DECIMAL, UNIT_PRICE_DECIMALS, required_decimal, rounded
from tests.oracle.expressions import Node, parse

FIFTY_DIGITS = Context(prec=50, rounding=ROUND_HALF_EVEN)


class Unpriced(Exception):
    """No row and no "*" for this combination of dimension values."""


def published_number(
    card: Mapping[str, Any], text: str, dimensions: Mapping[str, str], decimals: int = UNIT_PRICE_DECIMALS
) -> Decimal:
    """A price field for one combination of dimension values, with at most so many decimals.

    A plain decimal stands for itself; anything else is an expression, computed with 50 digits and rounded
    half-even once, at the end. Raises Unpriced where a table has neither the row nor "*".
    """
    if PLAIN_DECIMAL.fullmatch(text):
        return rounded(Decimal(text), decimals, "half_even")
    return rounded(_value(card, parse(text), dimensions), decimals, "half_even")


def _value(card: Mapping[str, Any], node: Node, dimensions: Mapping[str, str]) -> Decimal:
    if node.kind == "number":
        return FIFTY_DIGITS.plus(Decimal(node.value))
    if node.kind == "name":
        return _named(card, node.value, dimensions)
    if node.kind == "index":
        return _row(card["tables"][node.value], [_key(key, dimensions) for key in node.arguments])
    values = [_value(card, argument, dimensions) for argument in node.arguments]
    if node.kind == "call":
        return _function(node.value, values)
    if node.value == "negative":
        return FIFTY_DIGITS.minus(values[0])
    operation = {
        "+": FIFTY_DIGITS.add,
        "-": FIFTY_DIGITS.subtract,
        "*": FIFTY_DIGITS.multiply,
        "/": FIFTY_DIGITS.divide,
    }[node.value]
    return operation(values[0], values[1])


def _named(card: Mapping[str, Any], name: str, dimensions: Mapping[str, str]) -> Decimal:
    constants = card.get("constants") or {}
    if name in constants:
        return required_decimal(constants[name])
    return _value(card, parse(card["formulas"][name]), dimensions)


def _key(node: Node, dimensions: Mapping[str, str]) -> str:
    return node.value if node.kind == "text" else dimensions[node.value]


def _row(table: Mapping[str, Any], keys: list[str]) -> Decimal:
    """The most specific row: a value that is named beats "*"."""
    rows = table["rows"]
    listed = [[key, value] for key, value in rows.items()] if isinstance(rows, Mapping) else rows
    matching: list[tuple[int, str]] = []
    for *row_keys, value in listed:
        if all(row_key in ("*", key) for row_key, key in zip(row_keys, keys, strict=True)):
            matching.append((len(keys) - row_keys.count("*"), value))
    if not matching:
        raise Unpriced
    named, value = max(matching, key=lambda row: row[0])
    if sum(1 for row in matching if row[0] == named) > 1:
        raise ValueError(f"two rows are equally specific for {keys}")
    return required_decimal(value)


def _function(name: str, values: list[Decimal]) -> Decimal:
    if name == "min":
        return min(values)
    if name == "max":
        return max(values)
    if name == "round":
        return rounded(values[0], int(values[1]) if len(values) > 1 else 0, "half_up")
    if name in ("ceil", "floor"):
        return rounded(values[0], 0, name)
    raise ValueError(f"unknown function {name!r}")
