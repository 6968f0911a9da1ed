"""API keys: making one, listing them, taking one back.

A key is `rr_<key id>_<secret>`. A secret has 256 random bits, so a salted SHA-256 of it is as hard to guess as the
secret itself; a slow hash would only slow every request. Secrets are never stored and are shown once.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from api.errors import Conflicting, NotFound
from api.operations.remarks import NO_REMARK, Remark
from api.operations.trail import Change, record_change
from api.reads.keys import ApiKey, api_key
from api.store import Store
from sql import load

_SECRET_HEX_DIGITS = 64


@dataclass(frozen=True, slots=True)
class KeyCreated:
    """A new key. `key` is what a request sends; it cannot be seen again."""

    key_id: str
    name: str
    key: str


def stored_keys(store: Store) -> list[dict[str, Any]]:
    """Return what is stored of every key, revoked ones too."""
    return store.database.rows(load("queries/api_keys.sql"))


def create_key(store: Store, name: str, remark: Remark = NO_REMARK) -> KeyCreated:
    """Store a new key and return it, the only time that it can be seen. `name` says what it is for."""
    key_id, secret, salt = (
        secrets.token_hex(6),
        secrets.token_hex(_SECRET_HEX_DIGITS // 2),
        secrets.token_hex(16),
    )
    with store.exclusive():
        change = Change("key_create", key_id=key_id, after={"name": name, "state": "good"})
        row = {
            "key_id": key_id,
            "key_hash": key_hash(salt, secret),
            "salt": salt,
            "name": name,
            "created_at": record_change(store, change, remark),
            "revoked": False,
        }
        store.database.insert("api_keys", [row])
    return KeyCreated(key_id, name, f"rr_{key_id}_{secret}")


def ensure_bootstrap_key(store: Store) -> str | None:
    """Return a new key when the store has never had one, to be printed once; else None."""
    with store.exclusive():
        if store.database.value(load("queries/api_key_count.sql")):
            return None
        return create_key(store, "bootstrap").key


def revoke_key(store: Store, key_id: str, remark: Remark = NO_REMARK) -> ApiKey:
    """Take a key back for ever; one that is revoked stays so. Who keeps keys in memory has to be told.

    Raises NotFound, and Conflicting `last_key` for the last key that is good: nobody could call any more.
    """
    with store.exclusive():
        rows = {row["key_id"]: row for row in stored_keys(store)}
        row = rows.get(key_id)
        if row is None:
            raise NotFound("not_found", f"There is no key {key_id!r}; GET /v1/keys lists them.")
        if row["revoked"]:
            return api_key(row)
        if sum(not one["revoked"] for one in rows.values()) == 1:
            raise Conflicting(
                "last_key", f"{key_id} is the last key that is good; create another one before you revoke it."
            )
        change = Change(
            "key_revoke",
            key_id=key_id,
            before={"name": row["name"], "state": "good"},
            after={"name": row["name"], "state": "revoked"},
        )
        # A time of recording is later than that of the row that it replaces, whatever the clock says.
        revoked = {**row, "created_at": record_change(store, change, remark), "revoked": True}
        store.database.insert("api_keys", [revoked])
        return api_key(revoked)


def key_hash(salt: str, secret: str) -> str:
    """Return what is stored of a secret."""
    return hashlib.sha256(f"{salt}{secret}".encode()).hexdigest()
