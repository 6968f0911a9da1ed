"""A contract in one form, whatever the way it was written: what is stored, and what a reader gets back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from api.contracts.charge_form import charges_form
from api.contracts.document import Contract, ContractOverride, Grant, TopUp
from api.contracts.time_fields import duration_text
from api.instants import instant_text
from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.overrides import override_form


def canonical_text(contract: Contract) -> str:
    """Return the contract as JSON with sorted keys, defaults written out, decimals as text, instants in UTC.

    Two files that say the same give the same text; the order of grants, and of products and tags within one,
    and of overrides, is kept.
    """
    return json.dumps(canonical_form(contract), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical_form(contract: Contract) -> dict[str, Any]:
    """Return the contract as JSON values in the words of SEMANTICS §9."""
    # Only where there is one, so that what is stored without stays what it was.
    key = {"uniqueness_key": contract.uniqueness_key} if contract.uniqueness_key else {}
    return {
        "contract_id": contract.contract_id,
        "customer_id": contract.customer_id,
        **key,
        "rate_card": contract.rate_card,
        "starts_at": instant_text(contract.starts_at),
        "ends_at": _optional(contract.ends_at),
        "timezone": contract.timezone,
        "billing": {"interval": contract.interval, "anchor_day": contract.anchor_day},
        "grace": duration_text(contract.grace),
        "grants": [_grant(grant) for grant in contract.grants],
        # Nothing where there is none: a contract stored before there were any has the same text.
        **(
            {"overrides": [_contract_override(one) for one in contract.overrides]}
            if contract.overrides
            else {}
        ),
        **charges_form(contract.charges),
        # Absent where there is none: such a document reads as it did before there were any.
        **({} if contract.overage else {"overage": "blocked"}),
        **({} if contract.top_up is None else {"top_up": _top_up(contract.top_up)}),
    }


def _top_up(term: TopUp) -> dict[str, Any]:
    return {
        "unit": term.unit,
        "threshold": decimal_text(term.threshold),
        "amount": None if term.amount is None else decimal_text(term.amount),
        "to": None if term.to is None else decimal_text(term.to),
        "paid": decimal_text(term.paid),
        "max_per_day": term.max_per_day,
        "cool_off": duration_text(term.cool_off),
        "priority": term.priority,
        "expires_after": None if term.expires_after is None else duration_text(term.expires_after),
        "applies_to": {"products": list(term.products), "tags": list(term.tags)},
        "payment": term.payment,
    }


def _contract_override(one: ContractOverride) -> dict[str, Any]:
    return {**override_form(one.override), "from": _optional(one.starts_at), "to": _optional(one.ends_at)}


def _grant(grant: Grant) -> dict[str, Any]:
    return {
        "grant_id": grant.grant_id,
        "unit": grant.unit,
        "amount": decimal_text(grant.amount),
        "paid": decimal_text(grant.paid),
        "priority": grant.priority,
        "effective_at": instant_text(grant.effective_at),
        "expires_at": _optional(grant.expires_at),
        "voided_at": _optional(grant.voided_at),
        "applies_to": {"products": list(grant.products), "tags": list(grant.tags)},
        "source": grant.source,
        **_terms(grant),
    }


def _terms(grant: Grant) -> dict[str, Any]:
    """Return the terms that few grants have; a document without them reads as it did before there were any."""
    terms: dict[str, Any] = {}
    if grant.recurrence is not None:
        terms["recurrence"] = {
            "interval": grant.recurrence.interval,
            "count": grant.recurrence.count,
            "until": _optional(grant.recurrence.until),
        }
    if grant.rollover is not None:
        most = grant.rollover.max
        terms["rollover"] = {
            "fraction": decimal_text(grant.rollover.fraction),
            "max": None if most is None else decimal_text(most),
            "months": grant.rollover.months,
        }
    return terms


def _optional(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)
