"""Activation: from which instant a version rates whom. Earlier ones stay: rollback is another activation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.cohorts import EVERYONE, Cohort
from api.instants import LATEST, instant_text, milliseconds
from api.operations.begin_periods import mark_begun_periods
from api.operations.gates import Passed, pass_gates
from api.operations.reconcile import reconcile, request_reconcile
from api.operations.remarks import NO_REMARK, Remark
from api.operations.trail import Action, Change, record_change
from api.reads.gate_documents import forced_gates
from api.store import Store
from migrations import deploy_cohort
from sql import load
from sql.fail_points import reach


@dataclass(frozen=True, slots=True)
class Activated:
    """An activation, how many of the card's contracts it holds now, and how many ledger entries it changed (0 when it
    lies in the future). `active_until` is where another takes its place, with `next_version`: None, none does yet."""

    activation_id: int
    rate_card: str
    rate_card_version: int
    active_from: datetime
    active_until: datetime | None
    next_version: int | None
    cohort: Cohort
    contracts: int
    entries_changed: int


def activate_version(
    store: Store,
    rate_card: str,
    version: int,
    active_from: datetime,
    cohort: Cohort = EVERYONE,
    remark: Remark = NO_REMARK,
    action: Action = "activate",
    *,
    force: bool = False,
) -> Activated:
    """Put a published version in force for a cohort's events from `active_from` on, and re-rate what that changes.

    Raises NotFound for a version that is not published, Conflicting where a gate refuses it and it is not forced.
    Ingest goes on meanwhile: rules and prices are in place before the terms that point at them. `action` is what the
    audit trail calls it; one in the future is a schedule.
    """
    if action == "activate" and active_from > store.clock():
        action = "schedule"
    passed = pass_gates(store, rate_card, version, cohort, force=force)
    [activation_id] = put_in_force(store, passed, [active_from], cohort, remark, action)
    result = reconcile(store)
    contracts = contracts_held(store, rate_card, activation_id)
    until, next_version = taken_over(store, rate_card, active_from, cohort, activation_id)
    return Activated(
        activation_id=activation_id,
        rate_card=rate_card,
        rate_card_version=version,
        active_from=active_from,
        active_until=until,
        next_version=next_version,
        cohort=cohort,
        contracts=contracts,
        entries_changed=result.entries_appended,
    )


def put_in_force(
    store: Store,
    passed: Passed,
    starts: Sequence[datetime],
    cohort: Cohort,
    remark: Remark,
    action: Action,
) -> list[int]:
    """Store an activation from each of `starts`, load the terms, and ask for what it changes to be re-rated; return
    the activations' numbers. The version passed its gates."""
    rate_card, version = passed.rate_card, passed.version
    with store.exclusive():
        reach("activate.before_request")
        request_reconcile(store, min(starts), LATEST, f"activation of {rate_card} version {version}")
        store.deploy_rating()
        reach("activate.after_rating")
        first = int(store.database.value(load("queries/next_activation_id.sql")))
        cohort_id = _cohort_id(store, cohort, first)
        reach("activate.before_activation")
        ids = [first + place for place in range(len(starts))]
        in_force = _versions_in_force(store, rate_card, min(starts), cohort, cohort_id)
        change = Change(
            action,
            rate_card=rate_card,
            rate_card_version=version,
            content_hash=passed.content_hash,
            cohort=cohort.text,
            active_from=min(starts),
            **_before_and_after(passed, starts, ids, in_force),
        )
        store.outdate_dictionaries("periods_dict", "terms_dict")
        recorded_at = record_change(store, change, remark)
        rows = [
            {
                "activation_id": activation_id,
                "rate_card": rate_card,
                "version_id": passed.version_id,
                "active_from": start,
                "cohort": cohort.text,
                "cohort_id": cohort_id,
                "author": remark.author,
                "note": remark.note,
                "forced": passed.forced,
                "recorded_at": recorded_at,
            }
            for activation_id, start in zip(ids, starts, strict=True)
        ]
        store.database.insert("rate_card_activations", rows)
        mark_begun_periods(store)
        reach("activate.before_terms")
        store.refresh_dictionaries()
    return ids


def taken_over(
    store: Store, rate_card: str, active_from: datetime, cohort: Cohort, activation_id: int = 2**63
) -> tuple[datetime | None, int | None]:
    """Return when another activation takes the place of one, and the version that it puts in force; None where none
    does. Without its number it is the last made."""
    rows = store.database.rows(
        load("queries/activation_that_takes_over.sql"),
        rate_card=rate_card,
        cohort=cohort.text,
        at=milliseconds(active_from),
        activation_id=activation_id,
    )
    return (rows[0]["active_from"], rows[0]["version"]) if rows else (None, None)


def contracts_held(store: Store, rate_card: str, activation_id: int) -> int:
    """Return how many contracts of the card an activation's cohort holds now."""
    count: int = store.database.value(
        load("queries/contracts_held.sql"), rate_card=rate_card, activation_id=activation_id
    )
    return count


def _cohort_id(store: Store, cohort: Cohort, activation_id: int) -> int:
    """Return the cohort's number; of one that is new, the number of the activation that is the first for it. The terms
    know it from now on."""
    if cohort == EVERYONE:
        return 0
    known = int(store.database.value(load("queries/cohort_number.sql"), cohort=cohort.text))
    cohort_id = known or activation_id
    deploy_cohort(store.database, cohort_id, cohort.text)
    return cohort_id


def _before_and_after(
    passed: Passed, starts: Sequence[datetime], ids: Sequence[int], in_force: Mapping[str, int]
) -> dict[str, Any]:
    """Return how many contracts an activation is about, their versions at its first start before and after it, and
    which gates were forced."""
    contracts = sum(in_force.values())
    after: dict[str, Any] = {
        "contracts_by_version": {str(passed.version): contracts} if contracts else {},
        "activation_ids": ids,
        "starts": [instant_text(start) for start in starts],
    }
    if passed.forced:
        after["forced"] = [one.gate for one in forced_gates(passed.forced)]
    return {"contracts": contracts, "before": {"contracts_by_version": in_force}, "after": after}


def _versions_in_force(
    store: Store, rate_card: str, at: datetime, cohort: Cohort, cohort_id: int
) -> dict[str, int]:
    """Return how many of a cohort's contracts are rated by which version at an instant; `none` by none."""
    told = cohort.value
    rows = store.database.rows(
        load("queries/versions_in_force.sql"),
        rate_card=rate_card,
        at=milliseconds(at),
        cohort_id=cohort_id,
        customers=[] if isinstance(told, str) else told.get("customers", []),
    )
    return {str(row["version"] or "none"): row["contracts"] for row in rows}
