"""Decimal text and the bounds of what a number may mean. Nothing here is a binary fraction."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

FORMULA_CONTEXT = Context(
    prec=50,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
"""Formulas are computed with 50 digits (SEMANTICS §2)."""

PRICE_DECIMALS = 15
PERCENT_DECIMALS = PRICE_DECIMALS - 2
"""Of a percentage: a hundredth of it is a unit price."""
QUANTITY_DECIMALS = 9
MAXIMUM_DIGITS = 38
AMOUNT_LIMIT = Decimal(10) ** 14
"""Amounts are below this (SEMANTICS §2)."""
PRICE_LIMIT = AMOUNT_LIMIT
"""Unit prices are below this: one whole unit at a higher price would be out of range already."""
UNIT_VALUE_LIMIT = Decimal(10) ** 9
"""Custom units are worth less than this, so that a period's sums stay within 256 bits."""
QUANTITY_LIMIT = Decimal(10) ** 15
"""Quantities are below this (SEMANTICS §2)."""

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def plain_decimal(text: str) -> Decimal | None:
    """Return the exact value of plain decimal notation (`-12.50`), or None for anything else.

    Exponents, digit separators, a leading `+`, `.5`, `5.`, leading zeros, `NaN`, `Infinity` and hexadecimal
    are not plain, nor is anything of more than 38 digits.
    """
    if not _PLAIN.fullmatch(text) or sum(map(str.isdigit, text)) > MAXIMUM_DIGITS:
        return None
    return Decimal(text)


def not_plain(text: str) -> str:
    """Return what is wrong with a text that `plain_decimal` does not take."""
    return f"has more than {MAXIMUM_DIGITS} digits" if _PLAIN.fullmatch(text) else "is not a plain decimal"


def decimals_of(value: Decimal) -> int:
    """Return how many decimals the value needs, trailing zeros aside."""
    exponent = tidy(value).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def published(value: Decimal, decimals: int = PRICE_DECIMALS) -> Decimal:
    """Round half-even to the decimals of a published price (SEMANTICS §2)."""
    return tidy(value.quantize(Decimal(1).scaleb(-decimals), context=FORMULA_CONTEXT))


def tidy(value: Decimal) -> Decimal:
    """Return the same number without trailing zeros, without an exponent, and without a negative zero."""
    if not value:
        return Decimal(0)
    shortest = value.normalize(FORMULA_CONTEXT)
    exponent = shortest.as_tuple().exponent
    return _whole(shortest) if isinstance(exponent, int) and exponent > 0 else shortest


def _whole(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1), context=FORMULA_CONTEXT)


def decimal_text(value: Decimal) -> str:
    """Return the number in plain digits without zeros that say nothing: `1.50` is `1.5`, `-0` is `0`."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
