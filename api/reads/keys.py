"""API keys as they are stored now, without what could be used."""

from dataclasses import dataclass
from typing import Literal

from api.instants import instant_text
from api.reads.documents import Page, Position, Row, page_of
from api.store import Store
from sql import load


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key by its public part. `since`: when it was made, or, of a revoked one, when it was revoked."""

    key_id: str
    name: str
    state: Literal["good", "revoked"]
    since: str


def list_keys(store: Store, *, limit: int = 100, after: Position | None = None) -> Page[ApiKey]:
    """List keys by id, revoked ones too."""
    rows = store.database.rows(
        load("queries/reads/key_states.sql"), after_key_id=after[0] if after else "", limit=limit + 1
    )
    return page_of(rows, limit, api_key, lambda row: (row["key_id"],))


def api_key(row: Row) -> ApiKey:
    """Make the document of a stored key."""
    return ApiKey(
        key_id=row["key_id"],
        name=row["name"],
        state="revoked" if row["revoked"] else "good",
        since=instant_text(row["created_at"]),
    )
