"""Currencies: which codes there are, and how many decimals an amount has."""

from collections.abc import Mapping
from functools import cache

from babel.numbers import list_currencies

# Decimals ("minor unit") of the currencies that do not have 2, from ISO 4217, list one. Not those of CLDR: it says how
# much of a currency is in use as cash (0 for IQD, LBP or RSD), not how an amount is invoiced.
_MINOR_UNITS: Mapping[str, int] = {
    "BHD": 3,
    "BIF": 0,
    "CLF": 4,
    "CLP": 0,
    "DJF": 0,
    "GNF": 0,
    "IQD": 3,
    "ISK": 0,
    "JOD": 3,
    "JPY": 0,
    "KMF": 0,
    "KRW": 0,
    "KWD": 3,
    "LYD": 3,
    "OMR": 3,
    "PYG": 0,
    "RWF": 0,
    "TND": 3,
    "UGX": 0,
    "UYI": 0,
    "UYW": 4,
    "VND": 0,
    "VUV": 0,
    "XAF": 0,
    "XOF": 0,
    "XPF": 0,
}


@cache
def known_currencies() -> frozenset[str]:
    """Return the currency codes that a card may be in, withdrawn ones included."""
    return frozenset(list_currencies())


def currency_exponent(currency: str) -> int:
    """Return how many decimals an invoice line in the currency has: 2 for USD, 0 for JPY, 3 for KWD (ISO 4217)."""
    return _MINOR_UNITS.get(currency, 2)
