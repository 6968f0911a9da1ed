"""A formula written with the numbers that its names stand for: `0.00001 * 1.30` for `model_cost[model] * margin`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ratecard_compiler.syntax import Call, Expression, Lookup, Name, Negation, Number, Operation, children

_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2}
_TIGHTEST = 3


def formula_with_numbers(tree: Expression, number_of: Callable[[Name | Lookup], Decimal]) -> str:
    """Return the formula with numbers for its names and look-ups, in parentheses where the tree needs them."""
    return _text(tree, number_of, 0)


def _text(tree: Expression, number_of: Callable[[Name | Lookup], Decimal], around: int) -> str:
    """`around` is how tightly what stands around the part binds; 0 is nothing."""
    if isinstance(tree, Number):
        return f"{tree.value:f}"
    if isinstance(tree, Name | Lookup):
        value = number_of(tree)
        return f"({value:f})" if value < 0 and around else f"{value:f}"
    if isinstance(tree, Negation):
        text = f"-{_text(tree.operand, number_of, _TIGHTEST)}"
        return f"({text})" if around else text
    if isinstance(tree, Call):
        return f"{tree.function}({', '.join(_text(part, number_of, 0) for part in children(tree))})"
    if not isinstance(tree, Operation):
        raise TypeError(type(tree))
    binding = _BINDING[tree.operator]
    left = _text(tree.left, number_of, binding)
    # What stands right of an operator that binds as tightly was written in parentheses.
    right = _text(tree.right, number_of, binding + 1)
    text = f"{left} {tree.operator} {right}"
    return f"({text})" if binding < around else text
