"""The audit trail: who changed what when, where it applied, and what was there before and after."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.cohorts import cohort_value
from api.instants import EARLIEST, instant_text, milliseconds
from api.reads.documents import Page, Position, Row, optional_instant_text, page_of
from api.store import Store
from sql import load

_NO_BOUND = 2**63


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. `actor` is who made it as we know it (`key:…`, `user:…`, or `runrate` itself); `author` and `note`
    are as told. What a change is not about is null or empty. `contracts` is how many contracts it was about when it was
    made; `interrupted`: it was cut off, and not made or in part. `entry_hash` is over all else and `previous_hash`."""

    sequence: int
    recorded_at: str
    action: str
    actor: str
    author: str
    note: str
    rate_card: str | None
    rate_card_version: int | None
    contract_ids: tuple[str, ...]
    key_id: str | None
    content_hash: str | None
    cohort: str | dict[str, Any] | None
    active_from: str | None
    contracts: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    interrupted: bool
    previous_hash: str
    entry_hash: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last entry's number and hash. Kept elsewhere, it proves later that nothing was cut off."""

    sequence: int
    entry_hash: str


def list_audit_entries(
    store: Store,
    *,
    rate_card: str = "",
    contract_id: str = "",
    action: str = "",
    since: datetime = EARLIEST,
    limit: int = 100,
    after: Position | None = None,
) -> Page[AuditEntry]:
    """List entries, the latest first."""
    rows = store.database.rows(
        load("queries/reads/audit_entries.sql"),
        before_sequence=after[0] if after else _NO_BOUND,
        rate_card=rate_card,
        contract_id=contract_id,
        action=action,
        since=milliseconds(since),
        limit=limit + 1,
    )
    return page_of(rows, limit, _entry, lambda row: (row["sequence"],))


def audit_head(store: Store) -> AuditHead:
    """Return the last entry's number and hash; an open store has at least one entry."""
    (row,) = store.database.rows(load("queries/audit_head.sql"))
    return AuditHead(row["sequence"], row["entry_hash"])


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        sequence=row["sequence"],
        recorded_at=instant_text(row["recorded_at"]),
        action=row["action"],
        actor=row["actor"],
        author=row["author"],
        note=row["note"],
        rate_card=row["rate_card"] or None,
        rate_card_version=row["rate_card_version"] or None,
        contract_ids=tuple(row["contract_ids"]),
        key_id=row["key_id"] or None,
        content_hash=row["content_hash"] or None,
        cohort=cohort_value(row["cohort"]) if row["cohort"] else None,
        active_from=optional_instant_text(row["active_from"]),
        contracts=row["contracts"],
        before=json.loads(row["before"]),
        after=json.loads(row["after"]),
        interrupted=bool(row["interrupted"]),
        previous_hash=row["previous_hash"],
        entry_hash=row["entry_hash"],
    )
