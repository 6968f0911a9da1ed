"""Nodes → commits: prepaid ones, which are grants with a schedule of instalments, and postpaid ones."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, localcontext

from api.contracts.amount_fields import Bounds, required_amount, within_contract
from api.contracts.document import Grant, Instalment, Origin, PostpaidCommit, PrepaidCommit
from api.contracts.grant_reader import grant_amount, grant_identifier, grant_priority, grant_scope, grant_unit
from api.contracts.text_fields import mappings, required_identifier
from api.contracts.time_fields import instant, required_instant
from ratecard_compiler.decimals import AMOUNT_LIMIT, FORMULA_CONTEXT, PRICE_DECIMALS, decimal_text
from ratecard_compiler.fields import Fields, Range
from ratecard_compiler.reader import UNIT_VALUE

KINDS = ("prepaid", "postpaid")
PERIODS = ("contract", "year", "month")

_PREPAID_KEYS = (
    "commit_id", "kind", "amount", "unit", "paid", "price", "invoice_schedule", "effective_at", "expires_at",
    "voided_at", "priority", "applies_to", "overage_rate",
)  # fmt: skip
_POSTPAID_KEYS = ("commit_id", "kind", "amount", "period")
_MONEY = Range(AMOUNT_LIMIT, PRICE_DECIMALS, minimum=Decimal(0))
_COMMITTED = Range(AMOUNT_LIMIT, PRICE_DECIMALS, positive=True)


def read_commits(
    fields: Fields, bounds: Bounds
) -> tuple[tuple[PrepaidCommit, ...], tuple[PostpaidCommit, ...]]:
    """Return the prepaid and the postpaid commits of a contract. What is wrong is in the errors."""
    prepaid: list[PrepaidCommit] = []
    postpaid: list[PostpaidCommit] = []
    for item in mappings(fields, "commits"):
        if item.get("kind") is None:
            item.missing("kind", "write `kind: prepaid` or `kind: postpaid`")
        kind = item.choice("kind", KINDS, "")
        if kind == "prepaid" and (bought := _prepaid(item, bounds)) is not None:
            prepaid.append(bought)
        if kind == "postpaid" and (promised := _postpaid(item, bounds)) is not None:
            postpaid.append(promised)
    return tuple(prepaid), tuple(postpaid)


def _prepaid(fields: Fields, bounds: Bounds) -> PrepaidCommit | None:
    fields.known(_PREPAID_KEYS)
    commit_id = grant_identifier(fields, "commit_id", "m1")
    unit = grant_unit(fields)
    amount = grant_amount(fields, unit)
    paid_key = "price" if fields.get("price") is not None else "paid"
    if fields.get("price") is not None and fields.get("paid") is not None:
        fields.errors.add(
            "unknown_key", fields.node.key_places["price"], fields.path_of("price"),
            "`price` and `paid` say the same: what it costs", "write one of the two",
        )  # fmt: skip
    paid = required_amount(fields, paid_key, "900.00", _MONEY)
    effective_at = required_instant(fields, "effective_at")
    expires_at, voided_at = instant(fields, "expires_at"), instant(fields, "voided_at")
    priority, (products, tags) = grant_priority(fields), grant_scope(fields)
    if effective_at is not None and expires_at is not None and expires_at <= effective_at:
        place, path = fields.place_of("expires_at"), fields.path_of("expires_at")
        fact = "the commit expires before it starts, or as it starts"
        fields.errors.add("end_before_start", place, path, fact, "write a later end; null means never")
    instalments = _instalments(fields, paid, effective_at, bounds)
    if commit_id is None or unit is None or amount is None or paid is None or effective_at is None:
        return None
    grant = Grant(
        grant_id=commit_id,
        unit=unit,
        amount=amount,
        paid=paid,
        priority=priority,
        effective_at=effective_at,
        expires_at=expires_at,
        voided_at=voided_at,
        products=products,
        tags=tags,
        source="commit",
        origin=Origin(fields.node.place, fields.path),
    )
    return PrepaidCommit(grant, instalments, _overage_rate(fields, unit))


def _overage_rate(fields: Fields, unit: str) -> Decimal | None:
    """Return what a unit is worth while the commit lasts; of a custom unit only, which is in small letters."""
    rate = fields.decimal("overage_rate", UNIT_VALUE)
    if rate is not None and unit != unit.lower():
        fields.errors.add(
            "overage_rate_of_currency", fields.place_of("overage_rate"), fields.path_of("overage_rate"),
            f"`{unit}` is a currency, which is worth itself",
            "remove `overage_rate`, or commit to a unit of the rate card",
        )  # fmt: skip
        return None
    return rate


def _instalments(
    fields: Fields, paid: Decimal | None, effective_at: datetime | None, bounds: Bounds
) -> tuple[Instalment, ...]:
    """Return the instalments in the order of the file; without a schedule all is due when the commit starts."""
    if fields.get("invoice_schedule") is None:
        if effective_at is None or paid is None:
            return ()
        within_contract(fields, "effective_at", effective_at, bounds)
        return (Instalment(effective_at, paid),) if paid else ()
    found: list[Instalment] = []
    complete = True
    for item in mappings(fields, "invoice_schedule"):
        item.known(("at", "amount"))
        at, amount = required_instant(item, "at"), required_amount(item, "amount", "300.00", _MONEY)
        if at is not None:
            within_contract(item, "at", at, bounds)
        if at is None or amount is None:
            complete = False
        else:
            found.append(Instalment(at, amount))
    with localcontext(FORMULA_CONTEXT):
        total = sum((one.amount for one in found), Decimal(0))
    if complete and paid is not None and total != paid:
        place, path = fields.place_of("invoice_schedule"), fields.path_of("invoice_schedule")
        fact = f"the instalments add up to {decimal_text(total)}, the commit costs {decimal_text(paid)}"
        fields.errors.add("schedule_not_complete", place, path, fact, "make them add up to what it costs")
    return tuple(found)


def _postpaid(fields: Fields, bounds: Bounds) -> PostpaidCommit | None:
    fields.known(_POSTPAID_KEYS)
    commit_id = required_identifier(fields, "commit_id", "m1")
    amount = required_amount(fields, "amount", "1000.00", _COMMITTED)
    period = fields.choice("period", PERIODS, "contract")
    if period == "contract" and bounds[1] is None:
        place, path = fields.place_of("period"), fields.path_of("period")
        fact = "the commit is for the whole contract, which has no end"
        fix = "write the contract's `ends_at`, or `period: year` or `period: month`"
        fields.errors.add("commit_without_end", place, path, fact, fix)
    if commit_id is None or amount is None:
        return None
    return PostpaidCommit(commit_id, amount, period, Origin(fields.node.place, fields.path))
