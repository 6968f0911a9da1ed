"""Nodes → one credit grant."""

from __future__ import annotations

import re
from decimal import Decimal

from babel.numbers import list_currencies

from api.contracts.document import Grant, Origin, Recurrence, Rollover
from api.contracts.grant_terms import INTERVALS, ROLLED_OVER, TOP_UP
from api.contracts.text_fields import is_empty, names, required_identifier
from api.contracts.time_fields import instant, required_instant
from ratecard_compiler.decimals import AMOUNT_LIMIT, PRICE_DECIMALS, QUANTITY_DECIMALS
from ratecard_compiler.fields import CARD_ID, NAME, PRODUCT_ID, Fields, Range, is_name

SOURCES = ("purchase", "bonus", "promotion", "commit", "top_up", "rollover")
"""Where a grant comes from (SEMANTICS §7)."""

_KEYS = (
    "grant_id",
    "unit",
    "amount",
    "paid",
    "priority",
    "effective_at",
    "expires_at",
    "voided_at",
    "applies_to",
    "source",
    "recurrence",
    "rollover",
)
_CURRENCY_AMOUNT = Range(AMOUNT_LIMIT, PRICE_DECIMALS, positive=True)
_CUSTOM_AMOUNT = Range(AMOUNT_LIMIT, QUANTITY_DECIMALS, positive=True)
PAID = Range(AMOUNT_LIMIT, PRICE_DECIMALS, minimum=Decimal(0))
PRIORITY = Range(Decimal(10) ** 9, 0)
_COUNT = Range(Decimal(10_001), 0, minimum=Decimal(1))
_FRACTION = Range(Decimal(2), QUANTITY_DECIMALS, positive=True)
_MONTHS = Range(Decimal(1_201), 0, minimum=Decimal(1))
# An id that a recurrence or a rollover of another grant may have, or a top-up.
_GIVEN_ID = re.compile(
    rf".*(@\d{{4}}-\d{{2}}-\d{{2}}|{re.escape(ROLLED_OVER)})|{re.escape(TOP_UP)}.*-[1-9]\d*",
    re.ASCII | re.DOTALL,
)


def read_grant(fields: Fields) -> Grant | None:
    """Return the grant; None if it lacks a part, and what is wrong is in the errors.

    Nothing paid and priority 0 are the defaults. `amount` has at most 9 decimals in a custom unit, 15 in a
    currency. Whether the contract's card has the unit is not decided here (`card_checks`), nor whether it has
    the products and the tags: a later version of the card may.
    """
    fields.known(_KEYS)
    grant_id = grant_identifier(fields, "grant_id", "g1")
    unit = grant_unit(fields)
    amount = grant_amount(fields, unit)
    paid = fields.decimal("paid", PAID)
    priority = grant_priority(fields)
    effective_at = required_instant(fields, "effective_at")
    expires_at, voided_at = instant(fields, "expires_at"), instant(fields, "voided_at")
    products, tags = grant_scope(fields)
    source = fields.choice("source", SOURCES, "purchase")
    if effective_at is not None and expires_at is not None and expires_at <= effective_at:
        place, path = fields.place_of("expires_at"), fields.path_of("expires_at")
        fact = "the grant expires before it starts, or as it starts"
        fields.errors.add("end_before_start", place, path, fact, "write a later end; null means never")
    if grant_id is None or unit is None or amount is None or effective_at is None:
        return None
    return Grant(
        grant_id=grant_id,
        unit=unit,
        amount=amount,
        paid=Decimal(0) if paid is None else paid,
        priority=priority,
        effective_at=effective_at,
        expires_at=expires_at,
        voided_at=voided_at,
        products=products,
        tags=tags,
        source=source,
        recurrence=_recurrence(fields),
        rollover=_rollover(fields, unit),
        origin=Origin(fields.node.place, fields.path),
    )


def grant_identifier(fields: Fields, key: str, example: str) -> str | None:
    """Return the id of a grant, or of a commit that is one."""
    grant_id = required_identifier(fields, key, example)
    if grant_id is not None and _GIVEN_ID.fullmatch(grant_id):
        fact = f"`{grant_id}` is an id that a recurrence or rollover of another grant, or a top-up, may have"
        fields.errors.add(
            "invalid_name", fields.place_of(key), fields.path_of(key), fact, "choose another id"
        )
    return grant_id


def _recurrence(fields: Fields) -> Recurrence | None:
    terms = _terms(fields, "recurrence", ("interval", "count", "until"))
    if terms is None:
        return None
    if terms.get("interval") is None:
        terms.missing("interval", f"write one of {', '.join(INTERVALS)}")
    interval = terms.choice("interval", INTERVALS, "month")
    count, until = terms.decimal("count", _COUNT), instant(terms, "until")
    if count is not None and until is not None:
        fact, fix = "`count` and `until` both say when the recurrence ends", "keep one of them"
        terms.errors.add("ambiguous_term", terms.place_of("until"), terms.path_of("until"), fact, fix)
    return Recurrence(interval, None if count is None else int(count), until)


def _rollover(fields: Fields, unit: str | None) -> Rollover | None:
    terms = _terms(fields, "rollover", ("fraction", "max", "months"))
    if terms is None:
        return None
    fraction, months = terms.decimal("fraction", _FRACTION), terms.decimal("months", _MONTHS)
    most = terms.decimal("max", amount_range(unit))
    if fraction is not None and fraction > 1:
        fact, fix = "more than all that is left would be rolled over", 'write at most "1"'
        terms.errors.add(
            "number_out_of_range", terms.place_of("fraction"), terms.path_of("fraction"), fact, fix
        )
    if terms.get("months") is None:
        terms.missing("months", "write how long what is rolled over lasts: `months: 1`")
    if fields.get("expires_at") is None:
        fact, fix = "the grant never expires, so nothing is rolled over", "give the grant an `expires_at`"
        fields.errors.add(
            "rollover_without_end", fields.place_of("rollover"), fields.path_of("rollover"), fact, fix
        )
    return Rollover(Decimal(1) if fraction is None else fraction, most, 1 if months is None else int(months))


def _terms(fields: Fields, key: str, keys: tuple[str, ...]) -> Fields | None:
    """Return the fields of a term; None where it says nothing."""
    node = fields.get(key)
    if node is None or is_empty(node):
        return None
    terms = fields.mapping(key)
    if terms is not None:
        terms.known(keys)
    return terms


def grant_unit(fields: Fields) -> str | None:
    """Return a currency's code or the name of a custom unit."""
    if fields.get("unit") is None:
        fields.missing("unit", "write a currency such as `USD`, or a unit of the rate card")
        return None
    node = fields.scalar("unit")
    if node is None:
        return None
    is_currency = node.text in list_currencies()
    if is_currency or is_name(node.text, CARD_ID, node.place, fields.path_of("unit"), fields.errors):
        return node.text
    return None


def grant_amount(fields: Fields, unit: str | None) -> Decimal | None:
    """Return how many units are granted."""
    if fields.get("amount") is None:
        fields.missing("amount", 'write how many units are granted: `amount: "50"`')
        return None
    return fields.decimal("amount", amount_range(unit))


def amount_range(unit: str | None) -> Range:
    """Return what a number of units above zero may be: 9 decimals in a custom unit, 15 in a currency."""
    # Custom units have small letters only (as in rate cards), currencies capitals only.
    is_custom = unit is not None and unit == unit.lower()
    return _CUSTOM_AMOUNT if is_custom else _CURRENCY_AMOUNT


def grant_priority(fields: Fields) -> int:
    """Return the place in the order of use, low first."""
    priority = fields.decimal("priority", PRIORITY)
    return 0 if priority is None else int(priority)


def grant_scope(fields: Fields) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return products and tags of `applies_to`."""
    scope = fields.mapping("applies_to")
    if scope is None:
        return (), ()
    scope.known(("products", "tags"))
    return names(scope, "products", PRODUCT_ID), names(scope, "tags", NAME)
