"""Activation: from which instant a version rates whom. Earlier ones stay: rollback is another activation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.cohorts import EVERYONE, Cohort
from api.errors import NotFound
from api.instants import LATEST
from api.operations.reconcile import reconcile, request_reconcile
from api.operations.remarks import NO_REMARK, Remark
from api.store import Store
from migrations import deploy_cohort
from sql import load
from sql.fail_points import reach


@dataclass(frozen=True, slots=True)
class Activated:
    """An activation, how many of the card's contracts it holds now, and how many ledger entries it changed (0 when it
    lies in the future)."""

    activation_id: int
    rate_card: str
    rate_card_version: int
    active_from: datetime
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
) -> Activated:
    """Put a published version in force for a cohort's events from `active_from` on, and re-rate what that changes.

    Raises NotFound for a version that is not published. Ingest goes on meanwhile: rules and prices are in place before
    the terms that point at them.
    """
    [activation_id] = put_in_force(store, rate_card, version, [active_from], cohort, remark)
    result = reconcile(store)
    contracts = contracts_held(store, rate_card, activation_id)
    return Activated(
        activation_id, rate_card, version, active_from, cohort, contracts, result.entries_appended
    )


def put_in_force(
    store: Store, rate_card: str, version: int, starts: Sequence[datetime], cohort: Cohort, remark: Remark
) -> list[int]:
    """Store an activation from each of `starts`, load the terms, and ask for what it changes to be re-rated; return
    the activations' numbers. Raises NotFound."""
    version_id = _version_id(store, rate_card, version)
    store.load_prices(version_id)
    with store.exclusive():
        reach("activate.before_request")
        request_reconcile(store, min(starts), LATEST, f"activation of {rate_card} version {version}")
        store.deploy_rating()
        reach("activate.after_rating")
        first = int(store.database.value(load("queries/next_activation_id.sql")))
        cohort_id = _cohort_id(store, cohort, first)
        reach("activate.before_activation")
        store.outdate_dictionaries("periods_dict", "terms_dict")
        rows = [
            {
                "activation_id": activation_id,
                "rate_card": rate_card,
                "version_id": version_id,
                "active_from": start,
                "cohort": cohort.text,
                "cohort_id": cohort_id,
                "author": remark.author,
                "note": remark.note,
                "recorded_at": store.next_instant(),
            }
            for activation_id, start in enumerate(starts, first)
        ]
        store.database.insert("rate_card_activations", rows)
        reach("activate.before_terms")
        store.refresh_dictionaries()
    return [first + place for place in range(len(starts))]


def contracts_held(store: Store, rate_card: str, activation_id: int) -> int:
    """Return how many contracts of the card an activation's cohort holds now."""
    count: int = store.database.value(
        load("queries/contracts_held.sql"), rate_card=rate_card, activation_id=activation_id
    )
    return count


def _version_id(store: Store, rate_card: str, version: int) -> int:
    versions = store.database.rows(
        load("queries/version_by_number.sql"), rate_card=rate_card, version=version
    )
    if not versions:
        raise NotFound(
            "unknown_version", f"rate card {rate_card!r} has no version {version}; publish it first"
        )
    return int(versions[0]["version_id"])


def _cohort_id(store: Store, cohort: Cohort, activation_id: int) -> int:
    """Return the cohort's number; of one that is new, the number of the activation that is the first for it. The terms
    know it from now on."""
    if cohort == EVERYONE:
        return 0
    known = int(store.database.value(load("queries/cohort_number.sql"), cohort=cohort.text))
    cohort_id = known or activation_id
    deploy_cohort(store.database, cohort_id, cohort.text)
    return cohort_id
