"""The language of formulas: what a formula may say, and what it is worth.

Names are constants and formulas, `table[key, …]` is a cell whose keys are dimensions of the product (or
texts in quotes), and the functions are those of `FUNCTIONS`. Values are decimals of 50 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import cast

from ratecard_compiler.decimals import FORMULA_CONTEXT, PRICE_DECIMALS
from ratecard_compiler.errors import did_you_mean
from ratecard_compiler.syntax import (
    ARITHMETIC,
    Call,
    Expression,
    Lookup,
    Name,
    Negation,
    Number,
    Operation,
    Text,
    children,
)
from ratecard_compiler.table_index import TableIndex
from ratecard_compiler.tokens import ExpressionError

FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "min": (2, 20),
    "max": (2, 20),
    "round": (1, 2),
    "ceil": (1, 1),
    "floor": (1, 1),
}
"""Every function of formulas, with the fewest and the most arguments it takes."""


def formula_mistakes(
    tree: Expression, values: Collection[str], tables: Mapping[str, TableIndex | None]
) -> Iterator[ExpressionError]:
    """Yield everything that is wrong with a formula whatever the dimensions' values are.

    `values` are the names of constants and formulas.
    """
    if isinstance(tree, Name):
        yield from _name_mistakes(tree, values, tables)
        return
    if isinstance(tree, Lookup):
        yield from _lookup_mistakes(tree, values, tables)
        return
    if isinstance(tree, Call):
        yield from call_mistakes(tree, FUNCTIONS, PRICE_DECIMALS)
    elif isinstance(tree, Text):
        fact = f"the text {tree.value!r} stands where a number is needed"
        yield ExpressionError("type_mismatch", tree.offset, fact, "texts are only table keys")
    elif not (isinstance(tree, Number | Negation) or _is_arithmetic(tree)):
        fact = "a formula computes a number and has no conditions"
        yield ExpressionError("type_mismatch", tree.offset, fact, "use a table with a row for each case")
    for child in children(tree):
        yield from formula_mistakes(child, values, tables)


def call_mistakes(
    call: Call, functions: Mapping[str, tuple[int, int]], most_decimals: int
) -> Iterator[ExpressionError]:
    """Yield what is wrong with a call's name and arguments (used for property expressions too)."""
    if call.function not in functions:
        fact = f"there is no function `{call.function}`"
        yield ExpressionError("unknown_function", call.offset, fact, did_you_mean(call.function, functions))
        return
    fewest, most = functions[call.function]
    if not fewest <= len(call.arguments) <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        fact = f"the number of arguments of `{call.function}` is {len(call.arguments)}"
        yield ExpressionError("wrong_argument_count", call.offset, fact, f"give it {wanted}")
    elif call.function == "round" and len(call.arguments) == 2:
        decimals = call.arguments[1]
        fits = isinstance(decimals, Number) and decimals.value in range(most_decimals + 1)
        if not fits:
            fact = "the second argument of `round` says how many decimals to keep"
            fix = f"write a whole number from 0 to {most_decimals}"
            yield ExpressionError("type_mismatch", decimals.offset, fact, fix)


def _is_arithmetic(tree: Expression) -> bool:
    return isinstance(tree, Operation) and tree.operator in ARITHMETIC


def _name_mistakes(
    name: Name, values: Collection[str], tables: Mapping[str, object]
) -> Iterator[ExpressionError]:
    if name.name in tables and name.name not in values:
        fact = f"the table `{name.name}` is used without keys"
        yield ExpressionError("wrong_key_count", name.offset, fact, f"write `{name.name}[key]`")
    elif name.name not in values:
        fact = f"there is no constant or formula `{name.name}`"
        fix = did_you_mean(name.name, [*values, *tables])
        yield ExpressionError("unknown_name", name.offset, fact, fix)


def _lookup_mistakes(
    lookup: Lookup, values: Collection[str], tables: Mapping[str, TableIndex | None]
) -> Iterator[ExpressionError]:
    if lookup.table not in tables:
        known = (
            f"`{lookup.table}` is not a table"
            if lookup.table in values
            else f"there is no table `{lookup.table}`"
        )
        yield ExpressionError("unknown_name", lookup.offset, known, did_you_mean(lookup.table, tables))
        return
    for key in lookup.keys:
        if not isinstance(key, Name | Text):
            fact = "a table key is the name of a dimension or a text in quotes"
            yield ExpressionError(
                "type_mismatch", key.offset, fact, "write `table[dimension]` or `table['x']`"
            )
            return
    table = tables[lookup.table]
    if table is None:
        return
    if len(lookup.keys) != table.key_count:
        fact = f"`{lookup.table}` has {table.key_count} keys, not {len(lookup.keys)}"
        yield ExpressionError("wrong_key_count", lookup.offset, fact, f"write {table.key_count} keys")
        return
    for at, key in enumerate(lookup.keys):
        if isinstance(key, Text) and not table.has_key(at, key.value):
            fact = f"`{lookup.table}` has no row for {key.value!r}"
            yield ExpressionError("missing_key", key.offset, fact, did_you_mean(key.value, table.listed(at)))
            return
    literals = tuple(key.value for key in lookup.keys if isinstance(key, Text))
    if len(literals) == table.key_count and table.find(literals) is None:
        fact = f"`{lookup.table}` has no row for [{', '.join(literals)}]"
        yield ExpressionError("missing_key", lookup.offset, fact, "add the row")


Resolve = Callable[[Name | Lookup], Decimal | None]
"""What a name or a look-up is worth for one combination; None if that could not be computed."""


def evaluate(tree: Expression, resolve: Resolve) -> Decimal | None:
    """Return what a formula is worth, with 50 digits; None if something it needs is not known.

    Raises ExpressionError `division_by_zero` or `number_out_of_range`. `round` is half away from zero.
    """
    # Told apart by `is`: millions of nodes are computed for a large card, most of them names and operations.
    kind = type(tree)
    if kind is Name or kind is Lookup:
        return resolve(cast(Name | Lookup, tree))
    if kind is Number:
        return cast(Number, tree).value
    try:
        if kind is Operation:
            return _operated(cast(Operation, tree), resolve)
        parts: list[Decimal] = []
        for child in children(tree):
            value = evaluate(child, resolve)
            if value is None:
                return None
            parts.append(value)
        if isinstance(tree, Negation):
            return FORMULA_CONTEXT.minus(parts[0])
        return _called(cast(Call, tree), parts)
    except (Overflow, InvalidOperation, DivisionByZero):
        fact, fix = "the result has too many digits", "use smaller numbers"
        raise ExpressionError("number_out_of_range", tree.offset, fact, fix) from None


_OPERATIONS: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": FORMULA_CONTEXT.add,
    "-": FORMULA_CONTEXT.subtract,
    "*": FORMULA_CONTEXT.multiply,
    "/": FORMULA_CONTEXT.divide,
}


def _operated(tree: Operation, resolve: Resolve) -> Decimal | None:
    left = evaluate(tree.left, resolve)
    if left is None:
        return None
    right = evaluate(tree.right, resolve)
    if right is None:
        return None
    if tree.operator == "/" and right == 0:
        raise ExpressionError("division_by_zero", tree.offset, "the divisor is 0", "divide by something else")
    return _OPERATIONS[tree.operator](left, right)


def _called(call: Call, parts: list[Decimal]) -> Decimal:
    if call.function == "min":
        return min(parts)
    if call.function == "max":
        return max(parts)
    decimals = int(parts[1]) if len(parts) == 2 else 0
    rounding = {"ceil": ROUND_CEILING, "floor": ROUND_FLOOR, "round": ROUND_HALF_UP}[call.function]
    return parts[0].quantize(Decimal(1).scaleb(-decimals), rounding, FORMULA_CONTEXT)
