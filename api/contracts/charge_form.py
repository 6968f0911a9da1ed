"""Fees, discounts, minimum and commits in one form, whatever the way they were written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.contracts.document import ALWAYS, Charges, Discount, Fee, PostpaidCommit, PrepaidCommit
from api.instants import instant_text
from ratecard_compiler.decimals import decimal_text


def charges_form(charges: Charges) -> dict[str, Any]:
    """Return the terms as JSON values in the words of SEMANTICS §9. A contract without such a term does not name it,
    so that its text is what it was before there were such terms."""
    minimum = charges.minimum
    form: dict[str, Any] = {
        "fees": [_fee(fee) for fee in charges.fees],
        "discounts": [_discount(discount) for discount in charges.discounts],
        "minimum": minimum
        and {
            "amount": decimal_text(minimum.amount),
            "prorate": _prorate(minimum.prorated),
            "counts_fees": minimum.counts_fees,
        },
        "commits": [*map(_prepaid, charges.prepaid), *map(_postpaid, charges.postpaid)],
    }
    return {name: value for name, value in form.items() if value}


def _fee(fee: Fee) -> dict[str, Any]:
    bounds = {"at": fee.at} if fee.interval == "once" else {"from": fee.starts_at, "to": fee.ends_at}
    constant = len(fee.quantities) == 1 and fee.quantities[0].starts_at == ALWAYS
    seats: Mapping[str, Any] = {}
    if constant:
        seats = {"quantity": decimal_text(fee.quantities[0].quantity)}
    elif fee.quantities:
        changes = [(instant_text(one.starts_at), decimal_text(one.quantity)) for one in fee.quantities]
        seats = {"quantities": [{"from": at, "quantity": quantity} for at, quantity in changes]}
    return {
        "fee_id": fee.fee_id,
        "name": fee.name,
        "amount": decimal_text(fee.amount),
        "interval": fee.interval,
        "in_advance": fee.in_advance,
        "prorate": _prorate(fee.prorated),
        **{name: _instant(at) for name, at in bounds.items()},
        **seats,
    }


def _discount(discount: Discount) -> dict[str, Any]:
    sizes = {"percent": discount.percent, "amount": discount.amount}
    return {
        "name": discount.name,
        **{name: decimal_text(size) for name, size in sizes.items() if size is not None},
        "products": list(discount.products),
        "tags": list(discount.tags),
        "from": _instant(discount.starts_at),
        "to": _instant(discount.ends_at),
    }


def _prepaid(commit: PrepaidCommit) -> dict[str, Any]:
    grant = commit.grant
    schedule = [(instant_text(one.at), decimal_text(one.amount)) for one in commit.instalments]
    return {
        "commit_id": grant.grant_id,
        "kind": "prepaid",
        "amount": decimal_text(grant.amount),
        "unit": grant.unit,
        "paid": decimal_text(grant.paid),
        "invoice_schedule": [{"at": at, "amount": amount} for at, amount in schedule],
        "effective_at": instant_text(grant.effective_at),
        "expires_at": _instant(grant.expires_at),
        "voided_at": _instant(grant.voided_at),
        "priority": grant.priority,
        "applies_to": {"products": list(grant.products), "tags": list(grant.tags)},
        **({} if commit.overage_rate is None else {"overage_rate": decimal_text(commit.overage_rate)}),
    }


def _postpaid(commit: PostpaidCommit) -> dict[str, Any]:
    return {
        "commit_id": commit.commit_id,
        "kind": "postpaid",
        "amount": decimal_text(commit.amount),
        "period": commit.period,
    }


def _prorate(prorated: bool) -> str:
    return "exact" if prorated else "none"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)
