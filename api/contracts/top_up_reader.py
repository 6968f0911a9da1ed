"""Nodes → the term of a contract that tops credits up by itself."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from api.contracts.document import Origin, TopUp
from api.contracts.grant_reader import PAID, PRIORITY, amount_range, grant_scope, grant_unit
from api.contracts.text_fields import is_empty
from api.contracts.time_fields import duration
from ratecard_compiler.currencies import currency_exponent, known_currencies
from ratecard_compiler.decimals import decimals_of
from ratecard_compiler.fields import Fields, Range

PAYMENTS = ("none", "external")
LONGEST_CONTRACT_ID = 240
"""The id of a top-up has the contract's id in it."""

_KEYS = (
    "unit",
    "threshold",
    "amount",
    "to",
    "paid",
    "max_per_day",
    "cool_off",
    "priority",
    "expires_after",
    "applies_to",
    "payment",
)
_PER_DAY = Range(Decimal(1_001), 0, minimum=Decimal(1))
_NO_TIME = timedelta(0)


def read_top_up(contract: Fields) -> TopUp | None:
    """Return the term; None if the contract has none, or it lacks a part and what is wrong is in the errors.

    Nothing paid, priority 0, once a day, no time to cool off and no expiry are the defaults.
    """
    node = contract.get("top_up")
    fields = None if node is None or is_empty(node) else contract.mapping("top_up")
    if fields is None:
        return None
    fields.known(_KEYS)
    contract_id = contract.scalar("contract_id")
    if contract_id is not None and len(contract_id.text) > LONGEST_CONTRACT_ID:
        fact = f"an id of a top-up has the contract's in it, which is longer than {LONGEST_CONTRACT_ID} characters"
        place, path = contract.place_of("contract_id"), contract.path_of("contract_id")
        contract.errors.add("invalid_text", place, path, fact, "give the contract a shorter id")
    unit = grant_unit(fields)
    threshold = _units(fields, "threshold", unit)
    if fields.get("threshold") is None:
        fields.missing("threshold", 'write below what balance it tops up: `threshold: "10"`')
    amount, to = _target(fields, unit, threshold)
    paid, priority = fields.decimal("paid", PAID), fields.decimal("priority", PRIORITY)
    per_day = fields.decimal("max_per_day", _PER_DAY)
    cool_off, expires_after = duration(fields, "cool_off", _NO_TIME), _expiry(fields)
    products, tags = grant_scope(fields)
    payment = fields.choice("payment", PAYMENTS, "none")
    if unit is None or threshold is None or (amount is None) == (to is None):
        return None
    return TopUp(
        unit=unit,
        threshold=threshold,
        amount=amount,
        to=to,
        paid=Decimal(0) if paid is None else paid,
        max_per_day=1 if per_day is None else int(per_day),
        cool_off=cool_off,
        priority=0 if priority is None else int(priority),
        expires_after=expires_after,
        products=products,
        tags=tags,
        payment=payment,
        origin=Origin(fields.node.place, fields.path),
    )


def _target(
    fields: Fields, unit: str | None, threshold: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """Return `amount` and `to`, of which a term has one, above the threshold."""
    if fields.get("amount") is None and fields.get("to") is None:
        fields.missing(
            "amount", 'write how many units it adds, `amount: "50"`, or up to how many it fills up, `to`'
        )
    if fields.get("amount") is not None and fields.get("to") is not None:
        fact, fix = "`amount` and `to` both say how much it adds", "keep one of them"
        fields.errors.add("ambiguous_term", fields.place_of("to"), fields.path_of("to"), fact, fix)
    found = {key: _units(fields, key, unit) for key in ("amount", "to")}
    for key, value in found.items():
        if value is not None and threshold is not None and value <= threshold:
            fact = f"`{key}` {value:f} is not above the threshold {threshold:f}: it would top up again, and again"
            fix = "write more than the threshold"
            fields.errors.add("top_up_loops", fields.place_of(key), fields.path_of(key), fact, fix)
    return found["amount"], found["to"]


def _units(fields: Fields, key: str, unit: str | None) -> Decimal | None:
    """Return a number of units above zero; money has no more decimals than its currency."""
    value = fields.decimal(key, amount_range(unit))
    if value is not None and unit is not None and unit in known_currencies():
        allowed = currency_exponent(unit)
        if decimals_of(value) > allowed:
            fact = f"{value:f} {unit} has more than {allowed} decimals"
            fix = f"write an amount with at most {allowed} decimals"
            fields.errors.add("money_too_fine", fields.place_of(key), fields.path_of(key), fact, fix)
    return value


def _expiry(fields: Fields) -> timedelta | None:
    length = duration(fields, "expires_after", _NO_TIME)
    if fields.get("expires_after") is None:
        return None
    if not length and fields.scalar("expires_after") is not None:
        place, path = fields.place_of("expires_after"), fields.path_of("expires_after")
        fact = "what is added would expire as it starts"
        fields.errors.add("end_before_start", place, path, fact, "write a longer time; null means never")
    return length or None
