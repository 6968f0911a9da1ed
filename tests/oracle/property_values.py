"""What an expression says about one event's properties, or about one customer's attributes (SEMANTICS §4).

A property is text. It is a number where the expression needs a number; missing or unparsable is null, and
null travels: arithmetic and comparison with null are null, `and`/`or` know three values, a filter takes null
as false.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from tests.oracle.exact import (
    QUANTITY_DECIMALS,
    NotCovered,
    decimal_or_none,
    plain,
    rounded,
    within_quantity_bounds,
)
from tests.oracle.expressions import COMPARISONS, Node

Properties = Mapping[str, str]
ARITHMETIC = {"+", "-", "*", "/", "negative"}
NUMERIC_FUNCTIONS = {"min", "max", "ceil", "floor", "round"}
CHOICES = {"if", "coalesce"}


def quantity_of(node: Node, properties: Properties) -> Decimal | None:
    """The quantity of an event, or None where it is bad: null, more than 9 decimals, 1e15 or above."""
    value = number(node, properties)
    return None if value is None else within_quantity_bounds(value)


def dimension_of(node: Node, properties: Properties) -> str:
    """The dimension's value; a missing one is the empty string."""
    if _is_truth(node):
        raise NotCovered("a dimension that is true or false")
    value = text(node, properties)
    return "" if value is None else value


def holds(node: Node, properties: Properties) -> bool:
    """Whether a filter lets the event pass; null does not."""
    return truth(node, properties) is True


def number(node: Node, properties: Properties) -> Decimal | None:
    """The value of `node` where a number is wanted."""
    if node.kind == "number":
        return Decimal(node.value)
    if node.kind == "name":
        return decimal_or_none(properties.get(node.value))
    if node.kind == "call" and node.value in CHOICES:
        return _chosen_number(node, properties)
    if node.kind == "call" and node.value in NUMERIC_FUNCTIONS:
        return _function(node, properties)
    if node.kind == "operator" and node.value in ARITHMETIC:
        return _arithmetic(node, properties)
    raise ValueError(f"not a number: {node}")


def text(node: Node, properties: Properties) -> str | None:
    """The value of `node` where text is wanted; a number becomes its plain notation."""
    if _is_number(node):
        value = number(node, properties)
        return None if value is None else plain(value)
    if node.kind == "text":
        return node.value
    if node.kind == "name":
        return properties.get(node.value)
    if node.kind == "call" and node.value == "if":
        condition, yes, no = node.arguments
        return text(yes if holds(condition, properties) else no, properties)
    if node.kind == "call" and node.value == "coalesce":
        values = (text(argument, properties) for argument in node.arguments)
        return next((value for value in values if value is not None), None)
    raise ValueError(f"not text: {node}")


def truth(node: Node, properties: Properties) -> bool | None:
    """The value of `node` where true or false is wanted: True, False or None."""
    if node.kind != "operator":
        raise NotCovered(f"true or false from {node}")
    if node.value == "not":
        inside = truth(node.arguments[0], properties)
        return None if inside is None else not inside
    if node.value in ("and", "or"):
        sides = {truth(argument, properties) for argument in node.arguments}
        decisive = node.value == "or"
        if decisive in sides:
            return decisive
        return None if None in sides else not decisive
    if node.value == "in":
        return _member(node, properties)
    if node.value in COMPARISONS:
        left, right = _same_kind(node.arguments, properties)
        return None if left is None or right is None else _compare(node.value, left, right)
    raise ValueError(f"not true or false: {node}")


def _chosen_number(node: Node, properties: Properties) -> Decimal | None:
    if node.value == "if":
        condition, yes, no = node.arguments
        return number(yes if holds(condition, properties) else no, properties)
    values = (number(argument, properties) for argument in node.arguments)
    return next((value for value in values if value is not None), None)


def _function(node: Node, properties: Properties) -> Decimal | None:
    values = [number(argument, properties) for argument in node.arguments]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    if node.value == "min":
        return min(known)
    if node.value == "max":
        return max(known)
    if node.value == "round":
        return rounded(known[0], int(known[1]) if len(known) > 1 else 0, "half_up")
    return rounded(known[0], 0, node.value)


def _arithmetic(node: Node, properties: Properties) -> Decimal | None:
    values = [number(argument, properties) for argument in node.arguments]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    if node.value == "negative":
        return -known[0]
    left, right = known
    if node.value == "+":
        return left + right
    if node.value == "-":
        return left - right
    if node.value == "*":
        return left * right
    # A quotient is rounded where it arises, half-even to 9 decimals; there is none by zero.
    return None if right == 0 else rounded(Fraction(left) / Fraction(right), QUANTITY_DECIMALS, "half_even")


def _is_number(node: Node) -> bool:
    """Whether the expression is a number by itself; a bare property is not, it takes what its partner is."""
    if node.kind == "call" and node.value in CHOICES:
        branches = node.arguments[1:] if node.value == "if" else node.arguments
        return any(_is_number(branch) for branch in branches)
    arithmetic = node.kind == "operator" and node.value in ARITHMETIC
    return node.kind == "number" or arithmetic or (node.kind == "call" and node.value in NUMERIC_FUNCTIONS)


def _is_truth(node: Node) -> bool:
    return node.kind == "operator" and node.value not in ARITHMETIC


def _same_kind(nodes: tuple[Node, ...], properties: Properties) -> list[Decimal | None] | list[str | None]:
    if any(_is_number(node) for node in nodes):
        return [number(node, properties) for node in nodes]
    return [text(node, properties) for node in nodes]


def _member(node: Node, properties: Properties) -> bool | None:
    value, *items = _same_kind(node.arguments, properties)
    if value is None:
        return None
    if value in items:
        return True
    return None if None in items else False


def _compare(sign: str, left: Decimal | str, right: Decimal | str) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        order = (left > right) - (left < right)
    else:
        order = (Decimal(left) > Decimal(right)) - (Decimal(left) < Decimal(right))
    return {
        "=": order == 0,
        "!=": order != 0,
        "<": order < 0,
        "<=": order <= 0,
        ">": order > 0,
        ">=": order >= 0,
    }[sign]
