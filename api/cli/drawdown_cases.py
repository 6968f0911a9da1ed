"""Credits that stand alone, drawn down by the fold of the credit views (SEMANTICS §7 and §9, `runrate drawdown`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from api.cli.cases import RefusedCase, ask_engine
from api.contracts.document import Grant
from api.contracts.errors import CONTRACTS_FILE, ContractErrors
from api.contracts.grant_reader import read_grant
from api.contracts.grant_terms import ROLLED_OVER, GivenGrant, given_grants
from api.instants import LATEST, MILLISECOND, milliseconds, parse_instant
from ratecard_compiler.decimals import (
    AMOUNT_LIMIT,
    QUANTITY_DECIMALS,
    QUANTITY_LIMIT,
    decimals_of,
    plain_decimal,
)
from ratecard_compiler.errors import ErrorList, did_you_mean
from ratecard_compiler.fields import as_fields
from ratecard_compiler.source import nodes_of
from sql import render
from sql.client import Database

CASE_SHAPE = (
    "{id, start_at, until, grants: [{id, amount, priority, effective_at, expires_at, …}], start_balances, "
    "usage: [{at, value, product}]}"
)
CASE_KEYS = ("id", "start_at", "until", "grants", "start_balances", "usage")
USAGE_KEYS = ("at", "value", "product", "tags", "unit")
# Facts about a case that the drawdown does without.
IGNORED_KEYS = ("source", "notes", "expected")
# A case without units has one, and each grant and all usage is in it.
UNIT = "credit"
BALANCE_DECIMALS = 24


@dataclass(frozen=True, slots=True)
class DrawnCase:
    """`balances` of each grant at the case's end and what no grant paid, exact; None with the reason in `error`."""

    case_id: str
    balances: Mapping[str, str] | None
    overage: str | None
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """`{id, balances, overage}`, or `{id, error}`."""
        if self.balances is None:
            return {"id": self.case_id, "error": self.error or ""}
        return {"id": self.case_id, "balances": dict(self.balances), "overage": self.overage}


def drawdown_cases(database: Database, cases: Sequence[Any]) -> Iterator[DrawnCase]:
    """Draw down each case, in order.

    Usage in `[start_at, until)` counts. `start_balances` are what grants in force at `start_at` hold then; one that is
    not named holds its amount. A grant that is not in force at `until` has "0". Recurrences are summed under their
    grant's id; what was rolled over stands under `<id>+rollover`. All instants and calendars are UTC.
    """
    for one in ask_engine(database, render("queries/drawdown_cases.sql.j2"), cases, _row):
        if one.answer is None:
            yield DrawnCase(one.case_id, None, None, one.error)
        else:
            yield DrawnCase(one.case_id, _balances(one.asked, one.answer["balances"]), one.answer["overage"])


def _balances(asked: Mapping[str, Any], found: Sequence[tuple[str, str]]) -> dict[str, str]:
    sums = dict.fromkeys((grant["name"] for grant in asked["grants"]), Decimal(0))
    names = {grant["grant_id"]: grant["name"] for grant in asked["grants"]}
    for grant_id, balance in found:
        sums[names[grant_id]] += Decimal(balance)
    return {name: format(balance, "f") for name, balance in sums.items()}


def _row(case: Any) -> dict[str, Any]:
    fields = _known(case, CASE_KEYS + IGNORED_KEYS, "the case", f"write {CASE_SHAPE}")
    start_at, until = _instant(fields, "start_at"), _instant(fields, "until")
    if until < start_at:
        raise RefusedCase("`until` is before `start_at`; write an end that is not before the start")
    grants: dict[str, Grant] = {}
    for number, written in enumerate(_list(fields, "grants"), 1):
        grant = _grant(written, f"grants[{number}]")
        if grants.setdefault(grant.grant_id, grant) is not grant:
            raise RefusedCase(
                f"grants[{number}].id: `{grant.grant_id}` is already the id of another grant; rename one"
            )
    given = [
        one for grant in grants.values() for one in given_grants(grant, "UTC", None, until + MILLISECOND)
    ]
    opening = _opening(fields.get("start_balances"), given, start_at)
    usage = [_usage(one, f"usage[{number}]") for number, one in enumerate(_list(fields, "usage"), 1)]
    start, end = milliseconds(start_at), milliseconds(until)
    return {
        "until_at": end,
        "grants": [_grant_row(one, start_at, opening) for one in given],
        "usage": [one for one in usage if start <= one["at"] < end],
    }


def _grant(written: Any, path: str) -> Grant:
    """Read a grant as contracts do, but for its `id`; RefusedCase with every fault."""
    if isinstance(written, Mapping) and "id" in written and "grant_id" not in written:
        written = {"grant_id": written["id"], **{key: value for key, value in written.items() if key != "id"}}
    if isinstance(written, Mapping):
        written = {"unit": UNIT, **written, "expires_at": _expiry(written.get("expires_at"))}
    errors = ErrorList("case", CONTRACTS_FILE)
    grant = None
    try:
        fields = as_fields(nodes_of(written), path, errors)
        grant = None if fields is None else read_grant(fields)
    except (ValueError, ContractErrors) as refused:
        raise RefusedCase(f"{path}: {refused}") from None
    if errors.found or grant is None:
        raise RefusedCase("; ".join(f"{e.path}: {e.fact} ({e.code}) — {e.fix}" for e in errors.in_order()))
    return grant


def _expiry(written: Any) -> Any:
    """Return the expiry; none where it is later than any usage can be: other systems write a hundred years."""
    try:
        return written if written is None or parse_instant(str(written)) <= LATEST else None
    except ValueError:
        return written


def _opening(written: Any, given: Sequence[GivenGrant], start_at: datetime) -> dict[str, Decimal]:
    """What each grant that has started holds at the start, by the id of the grant as it is given."""
    if written is not None and not isinstance(written, Mapping):
        raise RefusedCase("`start_balances` is no mapping; write {grant id: balance}")
    opening: dict[str, Decimal] = {}
    for name, balance in (written or {}).items():
        named = [one.grant for one in given if name in (one.grant.grant_id, _name(one))]
        if not named:
            known = [one.grant.grant_id for one in given]
            raise RefusedCase(f"start_balances: there is no grant {name!r}; {did_you_mean(str(name), known)}")
        held = [one for one in named if one.effective_at <= start_at and not _has_ended(one, start_at)]
        if len(held) > 1:
            ids = ", ".join(one.grant_id for one in held)
            raise RefusedCase(f"start_balances.{name}: several are in force at the start; name each of {ids}")
        amount = _decimal(balance, f"start_balances.{name}", BALANCE_DECIMALS, AMOUNT_LIMIT)
        if amount < 0:
            raise RefusedCase(f"start_balances.{name}: {amount} is negative; a grant holds zero or more")
        opening.update({one.grant_id: amount for one in held})
    return opening


def _has_ended(grant: Grant, at: datetime) -> bool:
    return any(end is not None and end <= at for end in (grant.expires_at, grant.voided_at))


def _name(one: GivenGrant) -> str:
    """Return under which id the balance is printed."""
    if not one.recurring_grant_id:
        return one.grant.grant_id
    return one.recurring_grant_id + (ROLLED_OVER if one.parent_grant_id else "")


def _grant_row(one: GivenGrant, start_at: datetime, opening: Mapping[str, Decimal]) -> dict[str, Any]:
    grant = one.grant
    # What is rolled over from now on follows from the fold; what was before is a balance like any other.
    is_rollover = bool(one.parent_grant_id) and grant.effective_at > start_at
    held = grant.amount
    if grant.effective_at <= start_at:
        held = opening.get(grant.grant_id, Decimal(0) if one.parent_grant_id else grant.amount)
    ends = [end for end in (grant.expires_at, grant.voided_at) if end is not None]
    return {
        "name": _name(one),
        "grant_id": grant.grant_id,
        "unit": grant.unit,
        "amount": held,
        "paid": grant.paid + one.parent_paid,
        "priority": grant.priority,
        "effective_at": milliseconds(grant.effective_at),
        "expires_at": milliseconds(grant.expires_at or LATEST),
        "ends_at": milliseconds(min(ends, default=LATEST)),
        "products": list(grant.products),
        "tags": list(grant.tags),
        "parent_grant_id": one.parent_grant_id if is_rollover else "",
        "rollover_fraction": one.rollover_fraction,
        "rollover_max": one.rollover_max,
    }


def _usage(written: Any, path: str) -> dict[str, Any]:
    fields = _known(written, USAGE_KEYS, path, "write {at, value, product}")
    if "value" not in fields:
        raise RefusedCase(f'{path}.value is missing; write a plain decimal such as "12.5"')
    tags = fields.get("tags") or []
    if not isinstance(tags, list):
        raise RefusedCase(f"{path}.tags is no list; write the product's tags")
    return {
        "at": milliseconds(_instant(fields, "at", f"{path}.")),
        "product": "" if fields.get("product") is None else str(fields["product"]),
        "unit": UNIT if fields.get("unit") is None else str(fields["unit"]),
        "tags": sorted(str(tag) for tag in tags),
        "quantity": _decimal(fields["value"], f"{path}.value", QUANTITY_DECIMALS, QUANTITY_LIMIT),
    }


def _known(value: Any, keys: Sequence[str], path: str, fix: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RefusedCase(f"{path} is no mapping; {fix}")
    for key in value:
        if key not in keys:
            raise RefusedCase(f"{path}: unknown key {key!r}; {did_you_mean(str(key), keys)}")
    return value


def _list(fields: Mapping[str, Any], key: str) -> list[Any]:
    value = fields.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise RefusedCase(f"`{key}` is no list; write [{{…}}, …]")
    return value


def _instant(fields: Mapping[str, Any], key: str, path: str = "") -> datetime:
    if fields.get(key) is None:
        raise RefusedCase(f"{path}{key} is missing; write an instant such as 2026-01-31T12:00:00Z")
    try:
        return parse_instant(str(fields[key]))
    except ValueError as error:
        raise RefusedCase(f"{path}{key}: {fields[key]!r} {error}; write 2026-01-31T12:00:00Z") from None


def _decimal(value: Any, path: str, decimals: int, limit: Decimal) -> Decimal:
    number = None if value is None or isinstance(value, bool) else plain_decimal(str(value))
    if number is None:
        raise RefusedCase(f'{path}: {value!r} is no number; write a plain decimal such as "12.5"')
    if decimals_of(number) > decimals or abs(number) >= limit:
        raise RefusedCase(f"{path}: {number} needs at most {decimals} decimals and to be below {limit:f}")
    return number
