"""Nodes → what a contract adds to its usage on invoices: fees, discounts, the minimum and commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from api.contracts.amount_fields import Bounds, prorated, required_amount, truth, within_contract
from api.contracts.commit_reader import read_commits
from api.contracts.document import (
    ALWAYS,
    NO_CHARGES,
    Charges,
    Discount,
    Fee,
    Minimum,
    Origin,
    PostpaidCommit,
    PrepaidCommit,
    Quantity,
)
from api.contracts.text_fields import mappings, names, required_identifier
from api.contracts.time_fields import instant, required_instant
from api.instants import instant_text
from ratecard_compiler.decimals import AMOUNT_LIMIT, PRICE_DECIMALS, QUANTITY_DECIMALS, decimal_text
from ratecard_compiler.fields import NAME, PRODUCT_ID, Fields, Range

CHARGE_TERMS = ("fees", "discounts", "minimum", "commits")
"""The terms of a contract that this reads."""

MOST_CHARGES = 1_000
"""Each is a row in every billing period."""

INTERVALS = ("once", "month", "quarter", "year")
QUANTITY_LIMIT = Decimal(10) ** 9

_FEE_KEYS = (
    "fee_id", "name", "amount", "interval", "in_advance", "prorate", "from", "to", "at", "quantity", "quantities",
)  # fmt: skip
_DISCOUNT_KEYS = ("name", "percent", "amount", "products", "tags", "from", "to")
_AMOUNT = Range(AMOUNT_LIMIT, PRICE_DECIMALS, minimum=Decimal(0))
_DISCOUNT_AMOUNT = Range(AMOUNT_LIMIT, PRICE_DECIMALS, positive=True)
_PERCENT = Range(Decimal(1000), QUANTITY_DECIMALS, positive=True)
_QUANTITY = Range(QUANTITY_LIMIT, QUANTITY_DECIMALS, minimum=Decimal(0))


def read_charges(fields: Fields, bounds: Bounds) -> Charges:
    """Return the fees, discounts, minimum and commits of a contract. What is wrong is in the errors."""
    if not any(fields.get(term) for term in CHARGE_TERMS):
        return NO_CHARGES
    for term in CHARGE_TERMS:
        _not_too_many(fields, term)
    fees = [fee for fee in (_fee(item, bounds) for item in mappings(fields, "fees")) if fee]
    discounts = [found for found in map(_discount, mappings(fields, "discounts")) if found is not None]
    prepaid, postpaid = read_commits(fields, bounds)
    _distinct(fields, "fee", ((fee.fee_id, fee.origin) for fee in fees))
    _distinct(fields, "commit", _commit_ids(prepaid, postpaid))
    return Charges(tuple(fees), tuple(discounts), _minimum(fields), prepaid, postpaid)


def _not_too_many(fields: Fields, term: str) -> None:
    count = sum(1 for _ in mappings(fields, term)) if term != "minimum" else 0
    if count > MOST_CHARGES:
        fact = f"there are {count} {term}, {MOST_CHARGES} are allowed"
        fields.errors.add(
            "too_many_entries", fields.place_of(term), fields.path_of(term), fact, "write fewer"
        )


def _commit_ids(
    prepaid: Sequence[PrepaidCommit], postpaid: Sequence[PostpaidCommit]
) -> Iterable[tuple[str, Origin]]:
    found = [(commit.grant.grant_id, commit.grant.origin) for commit in prepaid]
    found += [(commit.commit_id, commit.origin) for commit in postpaid]
    return sorted(found, key=lambda one: one[1].place)


def _distinct(fields: Fields, what: str, named: Iterable[tuple[str, Origin]]) -> None:
    """Report an id that stands twice in one contract."""
    found: dict[str, Origin] = {}
    for name, origin in named:
        first = found.setdefault(name, origin)
        if first is not origin:
            fact = f"{what} `{name}` is already on line {first.place.line}"
            fix = "keep one of them, or rename it"
            fields.errors.add("duplicate_name", origin.place, origin.path, fact, fix)


def _fee(fields: Fields, bounds: Bounds) -> Fee | None:
    fields.known(_FEE_KEYS)
    fee_id = required_identifier(fields, "fee_id", "platform")
    name = fields.text("name")
    amount = required_amount(fields, "amount", "50.00", _AMOUNT)
    interval = fields.choice("interval", INTERVALS, "")
    if fields.get("interval") is None:
        fields.missing("interval", "write `interval: month` (or once, quarter, year)")
    at = _at(fields, interval, bounds)
    first, last = _range(fields)
    _lasts_within(fields, (first, last), bounds)
    quantities = _quantities(fields)
    if amount is not None and any(one.quantity * amount >= AMOUNT_LIMIT for one in quantities):
        path = fields.path_of("quantities" if fields.get("quantities") else "quantity")
        fact = f"amount × quantity is not below {AMOUNT_LIMIT:f}"
        fields.errors.add(
            "number_out_of_range", fields.node.place, path, fact, "write a smaller amount or quantity"
        )
    if fee_id is None or amount is None or not interval:
        return None
    return Fee(
        fee_id=fee_id,
        name=name or fee_id,
        amount=amount,
        interval=interval,
        in_advance=truth(fields, "in_advance"),
        prorated=prorated(fields),
        starts_at=first,
        ends_at=last,
        at=at,
        quantities=quantities,
        origin=Origin(fields.node.place, fields.path),
    )


def _at(fields: Fields, interval: str, bounds: Bounds) -> datetime | None:
    """Return when a fee of once is due: by itself when the contract starts. Another fee has no such instant."""
    if interval != "once":
        if fields.get("at") is not None:
            fact = f"`at` is for a fee of once, this one is for every {interval or 'interval'}"
            _refuse_key(fields, "at", fact, "write `from` and `to`, or `interval: once`")
        return None
    for key in ("from", "to", "prorate"):
        if fields.get(key) is not None and (key != "prorate" or prorated(fields)):
            _refuse_key(fields, key, f"`{key}` means nothing for a fee of once", "write `at`: when it is due")
    at = instant(fields, "at")
    if at is not None:
        within_contract(fields, "at", at, bounds)
    return bounds[0] if fields.get("at") is None else at


def _refuse_key(fields: Fields, key: str, fact: str, fix: str) -> None:
    fields.errors.add("unknown_key", fields.node.key_places[key], fields.path_of(key), fact, fix)


def _quantities(fields: Fields) -> tuple[Quantity, ...]:
    """Return the quantity, or quantities over time, in order of time."""
    quantity = fields.decimal("quantity", _QUANTITY)
    found = [Quantity(ALWAYS, quantity)] if quantity is not None else []
    if quantity is not None and fields.get("quantities") is not None:
        _refuse_key(fields, "quantities", "there are `quantity` and `quantities`", "write one of the two")
        return tuple(found)
    for item in mappings(fields, "quantities"):
        item.known(("from", "quantity"))
        starts_at = required_instant(item, "from")
        changed = required_amount(item, "quantity", "10", _QUANTITY)
        if starts_at is None or changed is None:
            continue
        if found and starts_at <= found[-1].starts_at:
            fact = f"{instant_text(starts_at)} is not after the instant before it"
            item.errors.add(
                "not_in_order",
                item.place_of("from"),
                item.path_of("from"),
                fact,
                "list them in order of time",
            )
        found.append(Quantity(starts_at, changed))
    return tuple(found)


def _discount(fields: Fields) -> Discount | None:
    fields.known(_DISCOUNT_KEYS)
    percent, amount = fields.decimal("percent", _PERCENT), fields.decimal("amount", _DISCOUNT_AMOUNT)
    first, last = _range(fields)
    products, tags = names(fields, "products", PRODUCT_ID), names(fields, "tags", NAME)
    name = fields.text("name")
    written = [key for key in ("percent", "amount") if fields.get(key) is not None]
    if len(written) != 1:
        fact = (
            "there is neither `percent` nor `amount`" if not written else "there are `percent` and `amount`"
        )
        fix = 'write one of them: `percent: "10"` or `amount: "5.00"`'
        fields.errors.add("missing_field", fields.node.place, fields.path_of("percent"), fact, fix)
        return None
    if percent is not None and percent > 100:
        place, path = fields.place_of("percent"), fields.path_of("percent")
        fact = f"a discount of {decimal_text(percent)} percent is more than there is"
        fields.errors.add("number_out_of_range", place, path, fact, "write at most 100")
        return None
    if percent is None and amount is None:
        return None
    by_itself = f"Discount {decimal_text(percent)}%" if percent is not None else "Discount"
    origin = Origin(fields.node.place, fields.path)
    return Discount(name or by_itself, percent, amount, products, tags, first, last, origin)


def _minimum(fields: Fields) -> Minimum | None:
    nested = fields.mapping("minimum")
    if nested is None or not nested.node.entries:
        return None
    nested.known(("amount", "prorate", "counts_fees"))
    amount = required_amount(nested, "amount", "100.00", _AMOUNT)
    prorate, counts_fees = prorated(nested), truth(nested, "counts_fees")
    return (
        None
        if amount is None
        else Minimum(amount, prorate, counts_fees, Origin(nested.node.place, nested.path))
    )


def _range(fields: Fields) -> Bounds:
    """Return `from` and `to`."""
    first, last = instant(fields, "from"), instant(fields, "to")
    if first is not None and last is not None and last <= first:
        fact = "`to` is not later than `from`"
        fields.errors.add(
            "end_before_start", fields.place_of("to"), fields.path_of("to"), fact, "write a later end"
        )
    return first, last


def _lasts_within(fields: Fields, lasts: Bounds, contract: Bounds) -> None:
    """Report a fee that lasts at no instant of its contract."""
    for key, at, too_late, bound in (
        ("from", lasts[0], True, contract[1]),
        ("to", lasts[1], False, contract[0]),
    ):
        if at is not None and bound is not None and (at >= bound if too_late else at <= bound):
            fact = (
                f"the contract {'ends' if too_late else 'starts'} at {instant_text(bound)}, so nothing is due"
            )
            fields.errors.add(
                "outside_contract",
                fields.place_of(key),
                fields.path_of(key),
                fact,
                "correct it, or remove it",
            )
