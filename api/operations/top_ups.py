"""Topping credits up by itself when what is left falls under a contract's threshold (SEMANTICS §7).

A top-up is a fact: a record, and the grant that comes of it. It is decided while every other writer is kept out, from
the balance as it is then, so that however many commits and threads ask at a time, credits are topped up once. The
record is stored first; a grant that a kill cut off is made at the next start.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from api.contracts import Contract, TopUp
from api.contracts.grant_terms import TOP_UP
from api.errors import Conflicting, NotFound
from api.instants import instant_text, milliseconds
from api.operations.grants import stored_contract
from api.operations.remarks import NO_REMARK, Remark
from api.operations.trail import Change, record_change
from api.store import Store
from ratecard_compiler.decimals import MAXIMUM_DIGITS, decimal_text
from sql import load
from sql.fail_points import reach

Row = Mapping[str, Any]

GRANTED, PENDING, FAILED = "granted", "pending", "failed"
NOTHING = Decimal(0)

# How long upkeep looks after top-ups in one round; the next one goes on where it stopped.
ROUND_SECONDS = 10

_contract_of = lru_cache(maxsize=1_024)(stored_contract)


@dataclass(frozen=True, slots=True)
class TopUpSettled:
    """A top-up whose payment was confirmed or failed; `changed` is false where that was known."""

    customer_id: str
    top_up_id: str
    state: str
    granted_at: datetime | None
    changed: bool


@dataclass(frozen=True, slots=True)
class _Due:
    """What is to be added now, and why."""

    contract: Contract
    term: TopUp
    number: int
    currency_exponent: int
    balance: Decimal
    at: datetime


def follow_top_ups(store: Store) -> None:
    """Look after every commit whether the credits of the customers concerned are to be topped up."""
    rows = store.database.rows(load("queries/customers_with_top_up.sql"))
    store.top_ups.follow({name: row["customer_id"] for row in rows for name in row["names"]})


def top_up_customer(store: Store, customer_id: str) -> str | None:
    """Top a customer's credits up if they are under the threshold of the contract in force and the contract lets it be
    done now. Returns the id of the top-up, if there is one."""
    # A drawdown takes its time: nobody waits for the first look, and mostly that is all.
    if _due(store, customer_id) is None:
        return None
    with store.exclusive():
        due = _due(store, customer_id)
        return None if due is None else _record(store, due)


def top_up_all(store: Store, seconds: int = ROUND_SECONDS) -> None:
    """Look at every customer whose contract tops up: what time alone changes (an expiry, a new day) no commit shows.

    Ends after so many seconds; the next call goes on from there.
    """
    follow_top_ups(store)
    customers = sorted(set(store.top_ups.customers.values()))
    later = [one for one in customers if one > store.topped_up_to]
    until = time.monotonic() + seconds
    for customer_id in [*later, *customers[: len(customers) - len(later)]]:
        top_up_customer(store, customer_id)
        store.topped_up_to = customer_id
        if time.monotonic() > until:
            return


def finish_top_ups(store: Store) -> int:
    """Make the grants of top-ups that were recorded when the process was killed; returns how many."""
    with store.exclusive():
        rows = store.database.rows(load("queries/top_ups_without_grant.sql"))
        store.database.insert("grant_records", [_grant_row(row) for row in rows])
    return len(rows)


def confirm_top_up(
    store: Store, customer_id: str, top_up_id: str, remark: Remark = NO_REMARK
) -> TopUpSettled:
    """Grant a top-up that waits for its payment, from now on. Doing it again changes nothing.

    Raises NotFound, and Conflicting where its payment has failed.
    """
    with store.exclusive():
        row = _top_up(store, customer_id, top_up_id)
        if row["state"] == FAILED:
            fact = f"the payment of {top_up_id} has failed"
            raise Conflicting("top_up_failed", f"{fact}: it is not granted any more; the next one is another")
        if row["state"] == GRANTED:
            return TopUpSettled(customer_id, top_up_id, GRANTED, row["granted_at"], changed=False)
        at = store.clock()
        _store(store, {**row, "state": GRANTED, "granted_at": at}, "top_up_confirm", remark)
    return TopUpSettled(customer_id, top_up_id, GRANTED, at, changed=True)


def fail_top_up(
    store: Store, customer_id: str, top_up_id: str, reason: str, remark: Remark = NO_REMARK
) -> TopUpSettled:
    """Say that a top-up was not paid: it is never granted. Doing it again changes nothing.

    Raises NotFound, and Conflicting where it is granted.
    """
    with store.exclusive():
        row = _top_up(store, customer_id, top_up_id)
        if row["state"] == GRANTED:
            fact = f"{top_up_id} is granted since {instant_text(row['granted_at'])}"
            raise Conflicting("top_up_is_granted", f"{fact}; to take it back, void the grant {top_up_id}")
        changed = row["state"] == PENDING
        if changed:
            _store(store, {**row, "state": FAILED, "reason": reason}, "top_up_fail", remark)
    return TopUpSettled(customer_id, top_up_id, FAILED, None, changed)


def _due(store: Store, customer_id: str) -> _Due | None:
    now = store.clock()
    rows = store.database.rows(
        load("queries/top_up_terms.sql"), customer_id=customer_id, now=milliseconds(now)
    )
    if not rows:
        return None
    contract = _contract_of(rows[0]["document"])
    term = contract.top_up
    if term is None:
        return None
    earlier = store.database.rows(
        load("queries/top_ups_of_contract.sql"), customer_id=customer_id, contract_id=contract.contract_id
    )
    if not _may_now(term, ZoneInfo(contract.timezone), earlier, now):
        return None
    balance = store.database.value(
        load("queries/unit_balance.sql"), customer_id=customer_id, unit=term.unit, as_of=milliseconds(now)
    )
    if balance >= term.threshold:
        return None
    number = max((row["number"] for row in earlier), default=0) + 1
    return _Due(contract, term, number, rows[0]["currency_exponent"], balance, now)


def _may_now(term: TopUp, zone: ZoneInfo, earlier: Iterable[Row], now: datetime) -> bool:
    """Whether none waits for its payment, the day has room, and the last is long enough ago."""
    today = now.astimezone(zone).date()
    of_today = 0
    for row in earlier:
        if row["state"] == PENDING or row["decided_at"] + term.cool_off > now:
            return False
        of_today += row["decided_at"].astimezone(zone).date() == today
    return of_today < term.max_per_day


def _record(store: Store, due: _Due) -> str:
    contract, term = due.contract, due.term
    amount, paid = _amounts(due)
    granted = term.payment == "none"
    row = {
        "customer_id": contract.customer_id,
        "top_up_id": f"{TOP_UP}{contract.contract_id}-{due.number}",
        "contract_id": contract.contract_id,
        "number": due.number,
        "state": GRANTED if granted else PENDING,
        "unit": term.unit,
        "threshold": term.threshold,
        "balance": due.balance,
        "amount": amount,
        "paid": paid,
        "priority": term.priority,
        "products": list(term.products),
        "tags": list(term.tags),
        "payment": term.payment,
        "expires_after_seconds": 0 if term.expires_after is None else int(term.expires_after.total_seconds()),
        "decided_at": due.at,
        "granted_at": due.at if granted else None,
        "reason": "",
    }
    _store(store, row, "top_up", NO_REMARK)
    return str(row["top_up_id"])


def _amounts(due: _Due) -> tuple[Decimal, Decimal]:
    """Return how many units are added, exact, and what they cost: of `to` the share that is added, rounded half up to
    the currency."""
    if due.term.to is None:
        return due.term.amount or NOTHING, due.term.paid
    with localcontext(prec=2 * MAXIMUM_DIGITS):
        amount = due.term.to - due.balance
        cost = due.term.paid * amount / due.term.to
        return amount, cost.quantize(Decimal(1).scaleb(-due.currency_exponent), rounding=ROUND_HALF_UP)


def _store(store: Store, row: dict[str, Any], action: Any, remark: Remark) -> None:
    """Record a top-up's new state, then make the grant if that is what it is."""
    told = {name: row[name] for name in ("customer_id", "top_up_id", "state", "unit")}
    amounts = {name: decimal_text(row[name]) for name in ("amount", "paid", "balance")}
    change = Change(
        action,
        contract_ids=(row["contract_id"],),
        contracts=1,
        before=None if action == "top_up" else {"state": PENDING},
        after={**told, **amounts, "reason": row["reason"]},
    )
    recorded_at = record_change(store, change, remark)
    row = {**row, "recorded_at": recorded_at}
    store.database.insert("top_up_records", [row])
    reach("top_up.before_grant")
    if row["state"] == GRANTED:
        store.database.insert("grant_records", [_grant_row(row)])
        store.standings.forget_one(row["customer_id"])


def _grant_row(row: Row) -> dict[str, Any]:
    """Return the grant of a top-up: the same whenever it is made."""
    lasting = timedelta(seconds=row["expires_after_seconds"])
    same = (
        "customer_id",
        "contract_id",
        "top_up_id",
        "unit",
        "amount",
        "paid",
        "priority",
        "products",
        "tags",
    )
    return {
        **{name: row[name] for name in same},
        "grant_id": row["top_up_id"],
        "effective_at": row["granted_at"],
        "expires_at": row["granted_at"] + lasting if lasting else None,
        "voided_at": None,
        "source": "top_up",
        "recurring_grant_id": "",
        "parent_grant_id": "",
        "parent_paid": NOTHING,
        "rollover_fraction": NOTHING,
        "rollover_max": NOTHING,
        "void_from": None,
        "void_reason": "",
        "void_series": False,
        "withdrawn": False,
        "recorded_at": row["recorded_at"],
    }


def _top_up(store: Store, customer_id: str, top_up_id: str) -> dict[str, Any]:
    rows = store.database.rows(load("queries/top_up.sql"), customer_id=customer_id, top_up_id=top_up_id)
    if not rows:
        raise NotFound("not_found", f"The customer {customer_id} has no top-up {top_up_id}.")
    return rows[0]
