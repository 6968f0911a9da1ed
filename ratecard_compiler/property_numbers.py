"""Exact numbers in SQL: every value carries how wide it can get, so nothing on the engine can wrap or throw.

The engine wraps products silently, truncates quotients and casts, compares decimals of different scales
wrongly, and throws where a cast does not fit. Here each operation knows the widest result it can have, gives
it a type that holds it (Decimal128 up to 38 digits, Decimal256 up to 76), and brings operands to one scale
before they are compared. Also what stands under a NULL stays within its width, because the engine computes
it too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from sqlglot import exp

from ratecard_compiler.decimals import QUANTITY_DECIMALS, decimal_text, decimals_of

PROPERTY_DIGITS = 15
"""Digits before the point of a number in a property: |x| < 1e15 (SEMANTICS §2)."""
MAXIMUM_DIGITS = 76
_NARROW_DIGITS = 38
_QUANTITY_TYPE = f"Decimal({_NARROW_DIGITS}, {QUANTITY_DECIMALS})"
_NUMBER_PATTERN = rf"^-?0*[0-9]{{1,{PROPERTY_DIGITS}}}(\.[0-9]{{1,{QUANTITY_DECIMALS}}})?$"


class TooWideError(Exception):
    """A result can need more than 76 digits."""


@dataclass(frozen=True, slots=True)
class NumberSql:
    """A decimal expression: |value| < 10^digits, `scale` decimals, Decimal256 if `wide`.

    `parts` counts what the SQL is made of; `literal` is the value if it is written in the card.
    """

    sql: exp.Expr
    digits: int
    scale: int
    wide: bool
    nullable: bool
    parts: int
    literal: Decimal | None = None


def call(function: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a call of an engine function, under exactly this name."""
    return exp.Anonymous(this=function, expressions=[free(argument) for argument in arguments])


def free(node: exp.Expr) -> exp.Expr:
    """Return the node, or a copy of it where it is part of something already: a node has one parent. Copying all
    of them takes the square of their number."""
    return node if node.parent is None else node.copy()


def binary(operator: type[exp.Binary], left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return `left operator right` with parentheses wherever one side is more than a single value.

    sqlglot's own operators print a - (b - c) as a - b - c.
    """
    return operator(this=_single(left), expression=_single(right))


def negated(operand: exp.Expr, operator: type[exp.Unary]) -> exp.Expr:
    """Return the operand under a unary operator (minus or NOT)."""
    return operator(this=_single(operand))


def _single(node: exp.Expr) -> exp.Expr:
    loose = isinstance(node, exp.Binary | exp.Unary | exp.In | exp.Connector)
    return exp.Paren(this=free(node)) if loose and not isinstance(node, exp.Paren) else free(node)


def text_literal(text: str) -> exp.Expr:
    """Return a text literal, escaped for the engine."""
    return exp.Literal.string(text)


def decimal_literal(value: Decimal, scale: int, wide: bool) -> exp.Expr:
    """Return an exact decimal literal: a bare `0.02` would make everything around it a binary fraction."""
    return call(_cast_name(wide), text_literal(decimal_text(value)), exp.Literal.number(scale))


def number(value: Decimal) -> NumberSql:
    """Return a number that is written in the card."""
    digits, scale = max(0, abs(value).adjusted() + 1) if value else 0, decimals_of(value)
    wide = _is_wide(digits, scale)
    return NumberSql(decimal_literal(value, scale, wide), digits, scale, wide, False, 1, value)


def property_number(text: exp.Expr) -> NumberSql:
    """Return a property's text as a number: NULL unless it is plain decimal notation, below 1e15 in
    magnitude and written with at most 9 decimals.

    The engine's own parser takes `1e3`, `1.2.3`, `.` and `+1`, and cuts off the tenth decimal, so it is
    trusted with nothing but whole numbers of up to 15 characters that start with a digit or a minus; they
    are the usual case, and this way a third cheaper than one regular expression on every value. The rest is
    matched, and what does not match is parsed as '', so that nothing out of range stands under the NULL.
    """
    whole = call("toInt64OrNull", text)
    short = binary(exp.LTE, call("length", text), exp.Literal.number(PROPERTY_DIGITS))
    unsigned = binary(exp.GTE, text, text_literal("-"))
    usual = binary(exp.And, binary(exp.And, call("isNotNull", whole), short), unsigned)
    matched = call("if", call("match", text, text_literal(_NUMBER_PATTERN)), text, text_literal(""))
    scale = exp.Literal.number(QUANTITY_DECIMALS)
    fast, exact = call("toDecimal128", whole, scale), call("toDecimal128OrNull", matched, scale)
    return NumberSql(call("if", usual, fast, exact), PROPERTY_DIGITS, QUANTITY_DECIMALS, False, True, 20)


def negate(operand: NumberSql) -> NumberSql:
    """Return −operand."""
    if operand.literal is not None:
        return number(-operand.literal)
    return replace(operand, sql=negated(operand.sql, exp.Neg), parts=operand.parts + 1)


def add(left: NumberSql, right: NumberSql, subtract: bool) -> NumberSql:
    """Return left ± right, exactly."""
    digits, scale = max(left.digits, right.digits) + 1, max(left.scale, right.scale)
    wide = _is_wide(digits, scale) or left.wide or right.wide
    first, second = rescaled(left, scale, wide), rescaled(right, scale, wide)
    sql = binary(exp.Sub if subtract else exp.Add, first, second)
    return _result(sql, digits, scale, wide, (left, right))


def multiply(left: NumberSql, right: NumberSql) -> NumberSql:
    """Return left × right, exactly: the engine adds the scales."""
    digits, scale = left.digits + right.digits, left.scale + right.scale
    wide = _is_wide(digits, scale) or left.wide or right.wide
    sql = binary(exp.Mul, rescaled(left, left.scale, wide), rescaled(right, right.scale, wide))
    return _result(sql, digits, scale, wide, (left, right))


def divide(left: NumberSql, right: NumberSql) -> NumberSql:
    """Return left ÷ right rounded half-even to 9 decimals, once; NULL where right is 0.

    The quotient is computed in whole numbers, cut off after `kept` decimals, then rounded. `kept` is large
    enough that a quotient above a tie stays above it after the cut: its distance from a tie is at least
    1 / (2 × |divisor's digits as a whole number| × 10^9).
    """
    divisor_digits = right.digits + right.scale
    kept = divisor_digits + QUANTITY_DECIMALS + 1 + max(0, left.scale - right.scale - QUANTITY_DECIMALS)
    shift = kept + right.scale - left.scale
    smallest = right.literal.adjusted() if right.literal is not None else -right.scale
    digits = max(0, left.digits - smallest) + 1
    dividend_digits = left.digits + left.scale + shift
    widest = max(dividend_digits, digits + kept, divisor_digits)
    _check_digits(widest)
    big = left.wide or right.wide or widest > _NARROW_DIGITS - 1
    integer, result = ("Int256", f"Decimal(76, {kept})") if big else ("Int128", f"Decimal(38, {kept})")
    dividend = binary(exp.Mul, _whole(left, big), call(f"to{integer}", text_literal("1" + "0" * shift)))
    divisor = _whole(right, big)
    if right.literal is None:
        divisor = call("nullIf", divisor, call(f"to{integer}", exp.Literal.number(0)))
    quotient = call("intDivOrZero", dividend, divisor)
    rounded = call(
        "roundBankers",
        call("reinterpret", quotient, text_literal(result)),
        exp.Literal.number(QUANTITY_DECIMALS),
    )
    wide = _is_wide(digits, QUANTITY_DECIMALS)
    sql = call(_cast_name(wide), rounded, exp.Literal.number(QUANTITY_DECIMALS))
    found = _result(sql, digits, QUANTITY_DECIMALS, wide, (left, right))
    return replace(found, nullable=left.nullable or right.nullable or right.literal is None)


def _whole(operand: NumberSql, big: bool) -> exp.Expr:
    """Return the operand's digits as a whole number: value × 10^scale."""
    own = call("reinterpret", operand.sql, text_literal("Int256" if operand.wide else "Int128"))
    return call("toInt256", own) if big and not operand.wide else own


def round_to(function: str, operand: NumberSql, decimals: int) -> NumberSql:
    """Return `ceil`, `floor` or `round` (half away from zero) to so many decimals."""
    if operand.scale <= decimals:
        return operand
    arguments = [operand.sql] if decimals == 0 else [operand.sql, exp.Literal.number(decimals)]
    digits = operand.digits + 1
    # One digit more can need the wider type while rounding, before the decimals are dropped.
    wide = operand.wide or _is_wide(digits, operand.scale)
    if wide and not operand.wide:
        arguments[0] = rescaled(operand, operand.scale, True)
    sql = call(_cast_name(wide), call(function, *arguments), exp.Literal.number(decimals))
    return replace(_result(sql, digits, decimals, wide, (operand,)), literal=None)


def least_or_greatest(function: str, operands: tuple[NumberSql, ...]) -> NumberSql:
    """Return the smallest or largest; NULL if any is (the engine's own functions skip NULLs)."""
    aligned, digits, scale, wide = _aligned(operands)
    chosen = call(function, *aligned)
    nullable = [call("isNull", one.sql) for one in operands if one.nullable]
    if nullable:
        missing = nullable[0]
        for other in nullable[1:]:
            missing = binary(exp.Or, missing, other)
        chosen = call("if", missing, exp.null(), chosen)
    found = _result(chosen, digits, scale, wide, operands)
    return replace(found, parts=2 * found.parts)


def either(condition: exp.Expr, yes: NumberSql, no: NumberSql, parts: int) -> NumberSql:
    """Return `yes` where the condition holds, else `no`."""
    aligned, digits, scale, wide = _aligned((yes, no))
    found = _result(call("if", condition, *aligned), digits, scale, wide, (yes, no))
    return replace(found, parts=found.parts + parts)


def first_present(operands: tuple[NumberSql, ...]) -> NumberSql:
    """Return the first that is not NULL."""
    aligned, digits, scale, wide = _aligned(operands)
    found = _result(call("coalesce", *aligned), digits, scale, wide, operands)
    return replace(found, nullable=all(one.nullable for one in operands))


def comparable(left: NumberSql, right: NumberSql) -> tuple[exp.Expr, exp.Expr]:
    """Return both at one scale and of one type; the engine compares nothing else reliably."""
    aligned, _, _, _ = _aligned((left, right))
    return aligned[0], aligned[1]


def quantity(value: NumberSql) -> exp.Expr:
    """Return the value as a Decimal(38,9), NULL where |value| ≥ 1e15 or more than 9 decimals are needed."""
    if value.digits <= PROPERTY_DIGITS and value.scale <= QUANTITY_DECIMALS and not value.wide:
        return rescaled(value, QUANTITY_DECIMALS, False)
    narrow = value.scale == QUANTITY_DECIMALS and not value.wide
    # A cast that does not fit is NULL; one that drops decimals is found by casting back.
    kept = value.sql if narrow else call("accurateCastOrNull", value.sql, text_literal(_QUANTITY_TYPE))
    limit = decimal_literal(Decimal(10) ** PROPERTY_DIGITS, QUANTITY_DECIMALS, False)
    usable = binary(exp.LT, call("abs", kept), limit)
    if value.scale > QUANTITY_DECIMALS:
        _check_digits(_NARROW_DIGITS - QUANTITY_DECIMALS + value.scale)
        again = call("toDecimal256", kept, exp.Literal.number(value.scale))
        usable = binary(exp.And, usable, binary(exp.EQ, again, rescaled(value, value.scale, True)))
    return call("if", usable, kept, exp.null())


def rescaled(value: NumberSql, scale: int, wide: bool) -> exp.Expr:
    """Return the value with another scale (not a smaller one) or the wider type."""
    if value.literal is not None:
        return decimal_literal(value.literal, scale, wide)
    if value.scale == scale and value.wide == wide:
        return value.sql
    return call(_cast_name(wide), value.sql, exp.Literal.number(scale))


def _aligned(operands: tuple[NumberSql, ...]) -> tuple[list[exp.Expr], int, int, bool]:
    digits, scale = max(one.digits for one in operands), max(one.scale for one in operands)
    wide = _is_wide(digits, scale) or any(one.wide for one in operands)
    return [rescaled(one, scale, wide) for one in operands], digits, scale, wide


def _result(sql: exp.Expr, digits: int, scale: int, wide: bool, operands: tuple[NumberSql, ...]) -> NumberSql:
    nullable = any(one.nullable for one in operands)
    return NumberSql(sql, digits, scale, wide, nullable, 1 + sum(one.parts for one in operands))


def _is_wide(digits: int, scale: int) -> bool:
    _check_digits(digits + scale)
    return digits + scale > _NARROW_DIGITS


def _check_digits(digits: int) -> None:
    if digits > MAXIMUM_DIGITS:
        raise TooWideError


def _cast_name(wide: bool) -> str:
    return "toDecimal256" if wide else "toDecimal128"
