"""What a property expression is: a number, a text or a condition. A bare property is whatever its context
needs, and text where nothing decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from ratecard_compiler.syntax import (
    ARITHMETIC,
    Call,
    Complement,
    Expression,
    Lookup,
    Membership,
    Name,
    Negation,
    Number,
    Operation,
    Text,
)
from ratecard_compiler.tokens import ExpressionError

Kind: TypeAlias = Literal["number", "text", "condition"]

FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "min": (2, 20),
    "max": (2, 20),
    "round": (1, 2),
    "ceil": (1, 1),
    "floor": (1, 1),
    "if": (3, 3),
    "coalesce": (2, 20),
}
"""Every function of property expressions, with the fewest and the most arguments it takes."""

NAMES: Mapping[Kind, str] = {"number": "a number", "text": "a text", "condition": "a condition"}


def kind_of(tree: Expression) -> Kind | None:
    """Return what an expression is by itself; None for a property, and for what is built of properties only.

    ExpressionError `type_mismatch` if its alternatives differ.
    """
    if isinstance(tree, Number | Negation):
        return "number"
    if isinstance(tree, Text):
        return "text"
    if isinstance(tree, Complement | Membership):
        return "condition"
    if isinstance(tree, Operation):
        return "number" if tree.operator in ARITHMETIC else "condition"
    if isinstance(tree, Call):
        if tree.function == "if":
            return common_kind(tree.arguments[1:3])
        return common_kind(tree.arguments) if tree.function == "coalesce" else "number"
    if isinstance(tree, Lookup):
        fact = "tables are for formulas; an expression sees only the event"
        raise ExpressionError("type_mismatch", tree.offset, fact, "look the table up in the product's price")
    return None


def common_kind(trees: Iterable[Expression]) -> Kind | None:
    """Return what all the expressions are; None if nothing decides it."""
    found: Kind | None = None
    for tree in trees:
        kind = kind_of(tree)
        if kind is not None and found is not None and kind != found:
            raise mismatch(tree, kind, found)
        found = found or kind
    return found


def mismatch(tree: Expression, found: Kind, wanted: Kind) -> ExpressionError:
    """Return the error for an expression that is one thing where another is needed."""
    fact = f"this is {NAMES[found]} where {NAMES[wanted]} is needed"
    fixes = {
        "number": "write a number without quotes, or arithmetic",
        "text": "put a text in quotes",
        "condition": "write a comparison such as `status = 'ok'`",
    }
    return ExpressionError("type_mismatch", tree.offset, fact, fixes[wanted])


def require(tree: Expression, wanted: Kind) -> None:
    """Check that an expression is, or can be read as, what its context needs."""
    kind = kind_of(tree)
    if kind is not None and kind != wanted:
        raise mismatch(tree, kind, wanted)
    if kind is None and wanted == "condition":
        name = tree.name if isinstance(tree, Name) else "property"
        fact = "a property is not a condition"
        raise ExpressionError("type_mismatch", tree.offset, fact, f"compare it: `{name} = 'true'`")
