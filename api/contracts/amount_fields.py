"""Fields that several terms of a contract have: money, instants within the contract, proration, truths."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from api.instants import instant_text
from ratecard_compiler.fields import Fields, Range

Bounds = tuple[datetime | None, datetime | None]
"""When a contract starts and ends; None: not known, or open."""


def within_contract(fields: Fields, key: str, at: datetime, bounds: Bounds) -> None:
    """Report an instant at which the contract is not in force, so that no invoice could hold what is due then."""
    starts_at, ends_at = bounds
    if starts_at is not None and at < starts_at:
        fact = f"the contract starts at {instant_text(starts_at)}"
    elif ends_at is not None and at >= ends_at:
        fact = f"the contract ends at {instant_text(ends_at)}"
    else:
        return
    fix = "write an instant within the contract, so that an invoice holds it"
    fields.errors.add("outside_contract", fields.place_of(key), fields.path_of(key), fact, fix)


def required_amount(fields: Fields, key: str, example: str, bounds: Range) -> Decimal | None:
    """Return a number that must be there."""
    if fields.get(key) is None:
        fields.missing(key, f'write `{key}: "{example}"`')
    return fields.decimal(key, bounds)


def prorated(fields: Fields) -> bool:
    """Return whether a part of an interval costs its part: `prorate` is `none` (the default) or `exact`, or a truth."""
    return fields.choice("prorate", ("none", "exact", "true", "false"), "none") in ("exact", "true")


def truth(fields: Fields, key: str) -> bool:
    """Return whether a field is true; false if it is not there."""
    return fields.choice(key, ("true", "false"), "false") == "true"
