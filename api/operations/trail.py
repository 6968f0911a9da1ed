"""The audit trail: one entry for every change of versions, activations, contracts and keys, each with the hash of the
entry before it.

An entry is written before its change and has the same time of recording. So no change is without its entry, and an
entry whose change a kill or an error cut off is told apart: its time of recording is nowhere else. The next entry, or
the next start, finds that and says so by an entry `interrupted`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from api.instants import milliseconds
from api.operations.remarks import NO_REMARK, Remark
from api.store import Store
from sql import load
from sql.fail_points import reach

Action = Literal[
    "begin",
    "publish",
    "activate",
    "schedule",
    "rollback",
    "set",
    "contracts",
    "void_grant",
    "top_up",
    "top_up_confirm",
    "top_up_fail",
    "key_create",
    "key_revoke",
    "interrupted",
]

# Entries that have no change of their own.
_ALONE: Final = ("begin", "interrupted")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed, where it applies, and what was there before and is there after, as JSON values.

    `contracts` is how many contracts it is about.
    """

    action: Action
    rate_card: str = ""
    rate_card_version: int = 0
    contract_ids: tuple[str, ...] = ()
    key_id: str = ""
    content_hash: str = ""
    cohort: str = ""
    active_from: datetime | None = None
    contracts: int = 0
    before: Any = None
    after: Any = None


def record_change(store: Store, change: Change, remark: Remark) -> datetime:
    """Append the entry of a change that is about to be made, and return the time of recording to store it with.

    The caller keeps other writers out until the change is stored.
    """
    with store.exclusive():
        head = settle_trail(store)
        reach("audit.before_entry")
        recorded_at = _append(store, head, change, remark)
        reach("audit.after_entry")
        return recorded_at


def begin_trail(store: Store) -> None:
    """Make the first entry of a store that has none, which says what is there; else settle the last one."""
    with store.exclusive():
        if _head(store) is None:
            inventory = store.database.rows(load("queries/audit_inventory.sql"))[0]
            _append(store, None, Change("begin", after=inventory), NO_REMARK)
        settle_trail(store)


def settle_trail(store: Store) -> Row | None:
    """Say of the last entry that it was interrupted if its change is not stored; return what is the last one then."""
    head = _head(store)
    if head is None or head["action"] in _ALONE:
        return head
    at = milliseconds(head["recorded_at"])
    if store.database.value(load("queries/audited_change_is_stored.sql"), recorded_at=at):
        return head
    _append(store, head, Change("interrupted", after={"sequence": head["sequence"]}), NO_REMARK)
    return _head(store)


def entry_hash(row: Row) -> str:
    """Return the SHA-256 of an entry, in hexadecimal digits: over each field as its number of bytes, a colon, itself
    and a comma, so that no two entries are the same text. Instants are milliseconds since 1970."""
    active_from = row["active_from"]
    fields = (
        str(row["sequence"]),
        str(milliseconds(row["recorded_at"])),
        row["action"],
        row["actor"],
        row["author"],
        row["note"],
        row["rate_card"],
        str(row["rate_card_version"]),
        _written(row["contract_ids"]),
        row["key_id"],
        row["content_hash"],
        row["cohort"],
        "" if active_from is None else str(milliseconds(active_from)),
        str(row["contracts"]),
        row["before"],
        row["after"],
        row["previous_hash"],
    )
    return hashlib.sha256(_written(fields).encode()).hexdigest()


def _written(fields: Iterable[str]) -> str:
    return "".join(f"{len(field.encode())}:{field}," for field in fields)


def _head(store: Store) -> Row | None:
    rows = store.database.rows(load("queries/audit_head.sql"))
    return rows[0] if rows else None


def _append(store: Store, head: Row | None, change: Change, remark: Remark) -> datetime:
    recorded_at = store.next_instant()
    row = {
        "sequence": 1 if head is None else head["sequence"] + 1,
        "recorded_at": recorded_at,
        "action": change.action,
        "actor": remark.actor,
        "author": remark.author,
        "note": remark.note,
        "rate_card": change.rate_card,
        "rate_card_version": change.rate_card_version,
        "contract_ids": list(change.contract_ids),
        "key_id": change.key_id,
        "content_hash": change.content_hash,
        "cohort": change.cohort,
        "active_from": change.active_from,
        "contracts": change.contracts,
        "before": _json(change.before),
        "after": _json(change.after),
        "previous_hash": "" if head is None else head["entry_hash"],
    }
    store.database.insert("audit_trail", [{**row, "entry_hash": entry_hash(row)}])
    return recorded_at


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
