"""Storing the grants of contracts, and voiding one from an instant on."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.contracts import Contract, GivenGrant, given_grants, read_contracts
from api.errors import Conflicting, NotFound
from api.instants import instant_text
from api.operations.remarks import NO_REMARK, Remark
from api.operations.trail import Change, record_change
from api.store import Store
from sql import load

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GrantVoided:
    """The grants that are void from `voided_at` on: the one, or the recurrences of a recurring one, and what would have
    been rolled over."""

    customer_id: str
    grant_ids: tuple[str, ...]
    voided_at: datetime
    changed: bool


def stored_contract(document: str) -> Contract:
    """Return a contract from the document that is stored of it."""
    [contract] = read_contracts(json.dumps({"contracts": [json.loads(document)]}), "stored").contracts
    return contract


def grant_rows(
    store: Store, contracts: Iterable[Contract], horizon: timedelta, recorded_at: datetime
) -> list[dict[str, Any]]:
    """Return the records of the contracts' grants, recurring ones up to the horizon, and the withdrawal of stored ones
    that a contract no longer gives. What a command voided stays void."""
    contracts = list(contracts)
    ids = [contract.contract_id for contract in contracts]
    stored = store.database.rows(load("queries/grants_of_contracts.sql"), contract_ids=ids) if ids else []
    before = {(row["customer_id"], row["grant_id"]): row for row in stored}
    rows = []
    for contract in contracts:
        until = max(store.clock(), contract.starts_at) + horizon
        for grant in contract.all_grants:
            for given in given_grants(grant, contract.timezone, contract.ends_at, until):
                same = before.pop((contract.customer_id, given.grant.grant_id), None)
                row = _row(contract, given, recorded_at)
                rows.append({**row, **_void(same or _series(stored, contract, given))})
    return [*rows, *({**row, "withdrawn": True, "recorded_at": recorded_at} for row in before.values())]


def _series(stored: Iterable[Row], contract: Contract, given: GivenGrant) -> Row | None:
    """Return a stored recurrence of the grant that a command voided with all that come after it."""
    return next(
        (
            row
            for row in stored
            if given.recurring_grant_id
            and row["recurring_grant_id"] == given.recurring_grant_id
            and row["customer_id"] == contract.customer_id
            and row["void_series"]
        ),
        None,
    )


def _void(row: Row | None) -> dict[str, Any]:
    if row is None:
        return {"void_from": None, "void_reason": "", "void_series": False}
    return {name: row[name] for name in ("void_from", "void_reason", "void_series")}


def _row(contract: Contract, given: GivenGrant, recorded_at: datetime) -> dict[str, Any]:
    grant = given.grant
    return {
        "customer_id": contract.customer_id,
        "grant_id": grant.grant_id,
        "contract_id": contract.contract_id,
        "unit": grant.unit,
        "amount": grant.amount,
        "paid": grant.paid,
        "priority": grant.priority,
        "effective_at": grant.effective_at,
        "expires_at": grant.expires_at,
        "voided_at": grant.voided_at,
        "products": list(grant.products),
        "tags": list(grant.tags),
        "source": grant.source,
        "recurring_grant_id": given.recurring_grant_id,
        "parent_grant_id": given.parent_grant_id,
        "parent_paid": given.parent_paid,
        "rollover_fraction": given.rollover_fraction,
        "rollover_max": given.rollover_max,
        "top_up_id": "",
        "withdrawn": False,
        "recorded_at": recorded_at,
    }


def void_grant(
    store: Store,
    customer_id: str,
    grant_id: str,
    voided_at: datetime | None,
    reason: str,
    remark: Remark = NO_REMARK,
) -> GrantVoided:
    """Void a grant from an instant on (None: now). What it paid before stays paid.

    `grant_id` is a grant of the customer, or a recurring one: then all its recurrences that have not ended are void,
    and those that would come. What would be rolled over from a void grant is not. Doing it again changes nothing.
    Raises NotFound for a grant that is not there, Conflicting for one that has ended or is void from another instant.
    """
    at = voided_at or store.clock()
    with store.exclusive():
        stored = store.database.rows(load("queries/grants_of_customer.sql"), customer_id=customer_id)
        wanted = [row for row in stored if grant_id in (row["grant_id"], row["recurring_grant_id"])]
        if not wanted:
            raise NotFound("not_found", f"The customer {customer_id} has no grant {grant_id}.")
        ids = {row["grant_id"] for row in wanted}
        wanted += [row for row in stored if row["parent_grant_id"] in ids and row["grant_id"] not in ids]
        live = [row for row in wanted if row["expires_at"] is None or row["expires_at"] > at]
        _check_live(grant_id, live, at)
        names = tuple(row["grant_id"] for row in live)
        changed = [row for row in live if row["void_from"] != at]
        if not changed:
            return GrantVoided(customer_id, names, at, changed=False)
        change = Change(
            "void_grant",
            contract_ids=tuple(sorted({row["contract_id"] for row in changed})),
            before={"customer_id": customer_id, "grants": {row["grant_id"]: None for row in changed}},
            after={
                "customer_id": customer_id,
                "grants": {row["grant_id"]: instant_text(at) for row in changed},
                "reason": reason,
            },
        )
        recorded_at = record_change(store, change, remark)
        store.database.insert(
            "grant_records",
            [
                {
                    **row,
                    "void_from": at,
                    "void_reason": reason,
                    "void_series": row["recurring_grant_id"] == grant_id,
                    "withdrawn": False,
                    "recorded_at": recorded_at,
                }
                for row in changed
            ],
        )
        store.standings.forget_one(customer_id)
    return GrantVoided(customer_id, names, at, changed=True)


def _check_live(grant_id: str, live: Iterable[Row], at: datetime) -> None:
    live = list(live)
    if not live:
        raise Conflicting(
            "grant_has_ended", f"{grant_id} has expired at {instant_text(at)}: nothing is left to void"
        )
    for row in live:
        for other in (row["void_from"], row["voided_at"]):
            if other is not None and other != at:
                fact = f"{row['grant_id']} is void from {instant_text(other)} on"
                raise Conflicting("grant_is_void", f"{fact}; a void is not moved to {instant_text(at)}")
