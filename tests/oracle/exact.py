"""Exact numbers: parsing, rounding, sharing and printing, without a binary float anywhere (SEMANTICS §2)."""

import re
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext
from fractions import Fraction
from functools import wraps
from math import floor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

PLAIN_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
QUANTITY_DECIMALS = 9
QUANTITY_BOUND = Decimal(10) ** 15
AMOUNT_BOUND = Decimal(10) ** 14
UNIT_PRICE_DECIMALS = 15

# Exponents of ISO 4217 that are not 2.
CURRENCY_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


class NotCovered(Exception):
    """The scenario uses a rule which the oracle does not know; it refuses rather than give a wrong number."""


def exactly(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` where an operation that would have to round raises `decimal.Inexact` instead."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(Context(prec=500, traps=[Inexact, Overflow, InvalidOperation, DivisionByZero])):
            return function(*args, **kwargs)

    return run


def decimal_or_none(text: object) -> Decimal | None:
    """The number that a property's text says, or None: not plain decimal notation, more than 9 decimals,
    or not below 1e15 in magnitude (SEMANTICS §2)."""
    if not isinstance(text, str) or not PLAIN_DECIMAL.fullmatch(text):
        return None
    if len(text.partition(".")[2]) > QUANTITY_DECIMALS:
        return None
    return within_quantity_bounds(Decimal(text))


def within_quantity_bounds(value: Decimal) -> Decimal | None:
    """`value` if it is a lawful quantity: at most 9 decimals, below 1e15 in magnitude; else None."""
    scaled = Fraction(value) * 10**QUANTITY_DECIMALS
    return value if abs(value) < QUANTITY_BOUND and scaled.denominator == 1 else None


def required_decimal(value: Any) -> Decimal:
    """A number of a document, given as text in plain decimal notation or as a Decimal; else ValueError."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not PLAIN_DECIMAL.fullmatch(value):
        raise ValueError(f"not a decimal: {value!r}")
    return Decimal(value)


def rounded(value: Decimal | Fraction, decimals: int, mode: str) -> Decimal:
    """`value` with `decimals` decimals; `mode` is half_up (away from zero), half_even, ceil or floor."""
    scaled = Fraction(value) * 10**decimals
    if mode == "half_even":
        whole = round(scaled)
    elif mode == "half_up":
        whole = floor(abs(scaled) + Fraction(1, 2)) * (1 if scaled >= 0 else -1)
    elif mode == "floor":
        whole = floor(scaled)
    elif mode == "ceil":
        whole = -floor(-scaled)
    else:
        raise NotCovered(f"rounding {mode!r}")
    return Decimal(whole).scaleb(-decimals, Context(prec=500))


def largest_remainder(total: Decimal, exact: Sequence[Decimal | Fraction], decimals: int) -> list[Decimal]:
    """Share the rounded `total` over `exact` amounts: each is cut down to the currency's unit, and the units
    that are left go to the largest remainders, ties to the earlier row (SEMANTICS §2)."""
    scaled = [Fraction(amount) * 10**decimals for amount in exact]
    units = [floor(amount) for amount in scaled]
    left = int(Fraction(total) * 10**decimals) - sum(units)
    by_remainder = sorted(range(len(units)), key=lambda row: (units[row] - scaled[row], row))
    if not 0 <= left <= len(units):
        raise ValueError(f"{total} is not the rounded sum of {exact}")
    for row in by_remainder[:left]:
        units[row] += 1
    return [Decimal(unit).scaleb(-decimals, Context(prec=500)) for unit in units]


def plain(value: Decimal) -> str:
    """Plain notation without trailing zeros: "1500", "0.02", "0"."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def currency_decimals(currency: str) -> int:
    """How many decimals an amount of the currency has: 2 for USD, 0 for JPY, 3 for KWD."""
    return CURRENCY_DECIMALS.get(currency, 2)


def money(value: Decimal, decimals: int) -> str:
    """A rounded amount with all the currency's decimals: "8.61", JPY "9"; never "-0.00"."""
    shown = rounded(value, decimals, "half_even")
    if shown != value:
        raise ValueError(f"{value} is not rounded to {decimals} decimals")
    return f"{abs(shown) if shown == 0 else shown:.{decimals}f}"
