"""Cohorts as they are stored → what the view of their contracts is made of (SEMANTICS §6).

A `where` is written in the language of filters, over a customer's attributes for an event's properties: a missing
attribute is null, and null is not true.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from ratecard_compiler.formula_graph import names_in
from ratecard_compiler.property_sql import filter_sql
from ratecard_compiler.syntax import parse

SHARES = 2**64
"""A customer's share is one of so many numbers: the first eight bytes of the SHA-256 of its id."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CohortCondition:
    """Whom a cohort holds: the field that belongs to its kind. `customers` has none, they are read where they are
    stored."""

    kind: str
    where: str = ""
    starts_at_milliseconds: int = 0
    shares_below: int = 0


def condition_sql(expression: str) -> str:
    """Return SQL over the map `properties` that is 1 where the condition is true, else 0; never NULL, and no
    attribute can make it throw. ExpressionError for what is no condition."""
    return filter_sql(parse(expression))


def attributes_of(expression: str) -> tuple[str, ...]:
    """Return the attributes that a condition asks about. ExpressionError for what is no condition."""
    return names_in(parse(expression))


def cohort_condition(cohort: str) -> CohortCondition:
    """Return the condition of a stored cohort: JSON with one key, checked when it was stored."""
    [(kind, value)] = json.loads(cohort).items()
    if kind == "where":
        return CohortCondition(kind, where=condition_sql(value))
    if kind == "contracts_starting_from":
        since = datetime.fromisoformat(value) - _EPOCH
        return CohortCondition(kind, starts_at_milliseconds=since // timedelta(milliseconds=1))
    if kind == "percent":
        # Whole numbers below the bound, even where it is none itself: so 100 percent is everyone.
        return CohortCondition(kind, shares_below=-(-Fraction(value) * SHARES // 100))
    return CohortCondition(kind)
