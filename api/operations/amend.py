"""Amend and void: new revisions of an event. The ledger gets a reversal and, for an amendment, a new rating."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.errors import NotFound
from api.instants import MILLISECOND
from api.operations.reconcile import reconcile, request_reconcile
from api.store import Store
from sql import load
from sql.fail_points import reach


@dataclass(frozen=True, slots=True)
class Revised:
    """The event that was changed, its revision now, and how many ledger entries followed from it."""

    customer_id: str
    event_id: str
    revision: int
    entries_changed: int


def amend_event(
    store: Store,
    customer_id: str,
    event_id: str,
    event_time: datetime | None = None,
    properties: Mapping[str, str] | None = None,
) -> Revised:
    """Replace the time, or all properties, of a stored event; what is None stays.

    Raises NotFound when no such event counts.
    """
    with store.exclusive():
        event = _current_event(store, customer_id, event_id)
        revision = int(event["last_revision"]) + 1
        amended_time = event_time or event["event_time"]
        _request(store, event["event_time"], amended_time, f"amendment of {event_id}")
        # The new revision first: a kill in between leaves two, and reconcile supersedes the lower one.
        store.database.insert(
            "usage_events",
            [
                {
                    "event_time": amended_time,
                    "event_key": event["event_key"],
                    "customer_id": customer_id,
                    "event_id": event_id,
                    "event_type": event["event_type"],
                    "properties": dict(properties) if properties is not None else event["properties"],
                    "content_hash": 0,
                    "conflict": False,
                    "revision": revision,
                    "recorded_at": store.next_instant(),
                }
            ],
        )
        reach("amend.before_superseded")
        _supersede(store, event, "amended")
    result = reconcile(store)
    store.committed([customer_id])
    return Revised(customer_id, event_id, revision, result.entries_appended)


def void_event(store: Store, customer_id: str, event_id: str) -> Revised:
    """Make a stored event count no longer; its identity stays taken. Raises NotFound."""
    with store.exclusive():
        event = _current_event(store, customer_id, event_id)
        _request(store, event["event_time"], event["event_time"], f"voiding of {event_id}")
        _supersede(store, event, "voided")
    result = reconcile(store)
    store.committed([customer_id])
    return Revised(customer_id, event_id, int(event["revision"]), result.entries_appended)


def _current_event(store: Store, customer_id: str, event_id: str) -> dict[str, Any]:
    reconcile(store)  # so that of two under one identity only the first counts
    rows = store.database.rows(load("queries/current_event.sql"), customer_id=customer_id, event_id=event_id)
    if not rows:
        raise NotFound("unknown_event", f"customer {customer_id!r} has no event {event_id!r} that counts")
    return rows[0]


def _request(store: Store, before: datetime, after: datetime, cause: str) -> None:
    request_reconcile(store, before, before + MILLISECOND, cause)
    if after != before:
        request_reconcile(store, after, after + MILLISECOND, cause)


def _supersede(store: Store, event: Mapping[str, Any], reason: str) -> None:
    store.database.insert(
        "superseded_events",
        [
            {
                "event_key": event["event_key"],
                "event_time": event["event_time"],
                "content_hash": event["content_hash"],
                "revision": event["revision"],
                "reason": reason,
                "recorded_at": store.next_instant(),
            }
        ],
    )
