"""The audit trail."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.http.cursors import decode_cursor, encode_cursor, is_number
from api.http.dependencies import StoreDependency
from api.http.filters import known_contract, known_rate_card
from api.http.openapi import answers
from api.http.parameters import DEFAULT_LIMIT, Cursor, Identifier, Instant, Limit
from api.http.responses import json_response
from api.instants import EARLIEST
from api.operations.trail import Action
from api.reads.trail import AuditEntry, AuditHead, audit_head, list_audit_entries

router = APIRouter(tags=["audit"])


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """A page of entries, the latest first; `next_cursor` is null on the last page. `head` is the last entry of all."""

    items: tuple[AuditEntry, ...]
    next_cursor: str | None
    head: AuditHead


_ENTRY: dict[str, Any] = {
    "sequence": 5,
    "recorded_at": "2026-01-20T12:00:00Z",
    "action": "activate",
    "actor": "key:3f9a0c1d2e4b",
    "author": "ada",
    "note": "cheaper tokens, first stage",
    "rate_card": "aurora-ai",
    "rate_card_version": 2,
    "contract_ids": [],
    "key_id": None,
    "content_hash": "5f0c8a6b",
    "cohort": {"percent": "5"},
    "active_from": "2026-01-20T00:00:00Z",
    "contracts": 12,
    "before": {"contracts_by_version": {"1": 12}},
    "after": {
        "activation_ids": [4],
        "contracts_by_version": {"2": 12},
        "starts": ["2026-01-20T00:00:00Z"],
    },
    "interrupted": False,
    "previous_hash": "9b1d6a3e",
    "entry_hash": "c07f41d2",
}
_HEAD = {"sequence": _ENTRY["sequence"], "entry_hash": _ENTRY["entry_hash"]}


@router.get(
    "/audit",
    operation_id="list_audit_entries",
    summary="Who changed what",
    responses=answers({"items": [_ENTRY], "next_cursor": None, "head": _HEAD}, model=AuditTrail),
)
def get_audit_trail(
    store: StoreDependency,
    rate_card: Annotated[Identifier | None, Query(description="Of this rate card only.")] = None,
    contract_id: Annotated[Identifier | None, Query(description="Of this contract only.")] = None,
    action: Annotated[Action | None, Query(description="What was done.", examples=["activate"])] = None,
    since: Annotated[Instant | None, Query(description="Recorded at this instant or later.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List the changes of versions, activations, contracts and API keys, the latest first: by whom, when, where each
    applied, and what was there before and after.

    Entries are chained by hashes, which `verify` proves. Keep `head` elsewhere to prove later that nothing was cut
    off. 422 for a rate card or contract that is not stored.
    """
    filters = {"rate_card": rate_card, "contract_id": contract_id, "action": action, "since": since}
    after = decode_cursor("audit", filters, cursor, (is_number,))
    page = list_audit_entries(
        store,
        rate_card=known_rate_card(store, rate_card),
        contract_id=known_contract(store, contract_id),
        action=action or "",
        since=since or EARLIEST,
        limit=limit,
        after=after,
    )
    next_cursor = encode_cursor("audit", filters, page.after)
    return json_response(AuditTrail(page.items, next_cursor, audit_head(store)))
