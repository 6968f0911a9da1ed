"""Activation: from which instant a version rates whom. Earlier ones stay: rollback is another activation."""

from dataclasses import dataclass
from datetime import datetime

from api.errors import NotFound, Unprocessable
from api.instants import LATEST
from api.operations.reconcile import reconcile, request_reconcile
from api.store import Store
from sql import load
from sql.fail_points import reach

EVERYONE = "all"


@dataclass(frozen=True, slots=True)
class Activated:
    """An activation, and how many ledger entries it changed (0 when it lies in the future)."""

    activation_id: int
    rate_card: str
    rate_card_version: int
    active_from: datetime
    entries_changed: int


def activate_version(
    store: Store, rate_card: str, version: int, active_from: datetime, cohort: object = EVERYONE
) -> Activated:
    """Put a published version in force for events from `active_from` on, and re-rate what that changes.

    Raises NotFound for a version that is not published, Unprocessable for a cohort other than "all". Ingest goes on
    meanwhile: rules and prices are in place before the terms that point at them.
    """
    if cohort != EVERYONE:
        raise Unprocessable(
            "unsupported_cohort", "this version of Runrate activates for the cohort `all` only"
        )
    versions = store.database.rows(
        load("queries/version_by_number.sql"), rate_card=rate_card, version=version
    )
    if not versions:
        raise NotFound(
            "unknown_version", f"rate card {rate_card!r} has no version {version}; publish it first"
        )
    with store.exclusive():
        reach("activate.before_request")
        request_reconcile(store, active_from, LATEST, f"activation of {rate_card} version {version}")
        store.deploy_rating()
        reach("activate.after_rating")
        store.outdate_dictionaries("prices_dict", "dimension_values_dict", "price_rows_dict", "products_dict")
        store.refresh_dictionaries()
        reach("activate.before_activation")
        store.outdate_dictionaries("periods_dict", "terms_dict")
        activation_id = int(store.database.value(load("queries/next_activation_id.sql")))
        store.database.insert(
            "rate_card_activations",
            [
                {
                    "activation_id": activation_id,
                    "rate_card": rate_card,
                    "version_id": versions[0]["version_id"],
                    "active_from": active_from,
                    "cohort": EVERYONE,
                    "recorded_at": store.next_instant(),
                }
            ],
        )
        reach("activate.before_terms")
        store.refresh_dictionaries()
    result = reconcile(store)
    return Activated(activation_id, rate_card, version, active_from, result.entries_appended)
