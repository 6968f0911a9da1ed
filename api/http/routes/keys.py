"""API keys: list, create, revoke."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from api.http.auth import KeyRing
from api.http.bodies import json_body
from api.http.cursors import decode_cursor, encode_cursor, is_text
from api.http.dependencies import ActorDependency, StoreDependency
from api.http.openapi import answers, refuses, takes_json
from api.http.parameters import DEFAULT_LIMIT, Cursor, Identifier, Limit
from api.http.responses import json_response
from api.operations.keys import KeyCreated, create_key, revoke_key
from api.operations.remarks import Remark
from api.reads.keys import ApiKey, list_keys

router = APIRouter(tags=["keys"])

KeyId = Annotated[
    Identifier, Path(description="The key's public part: `rr_<key_id>_…`.", examples=["3f9a0c1d2e4b"])
]


@dataclass(frozen=True, slots=True)
class KeyList:
    """A page of keys; `next_cursor` is null on the last page."""

    items: tuple[ApiKey, ...]
    next_cursor: str | None


class KeyRequest(BaseModel):
    """What the key is for, in words."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Identifier


_KEY = {"key_id": "3f9a0c1d2e4b", "name": "gateway", "state": "good", "since": "2026-01-15T10:30:00Z"}


@router.get(
    "/keys",
    operation_id="list_keys",
    summary="List API keys",
    responses=answers({"items": [_KEY], "next_cursor": None}, model=KeyList),
)
def get_keys(store: StoreDependency, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """List keys by id, revoked ones too. Secrets are not stored."""
    page = list_keys(store, limit=limit, after=decode_cursor("keys", {}, cursor, (is_text,)))
    return json_response(KeyList(page.items, encode_cursor("keys", {}, page.after)))


@router.post(
    "/keys",
    operation_id="create_key",
    summary="Create an API key",
    responses=answers(
        {"key_id": "3f9a0c1d2e4b", "name": "gateway", "key": "rr_3f9a0c1d2e4b_…"}, model=KeyCreated
    ),
    openapi_extra=takes_json(KeyRequest, {"name": "gateway"}, description="What the key is for."),
)
def post_key(
    request: Request,
    store: StoreDependency,
    actor: ActorDependency,
    body: Annotated[KeyRequest, Depends(json_body(KeyRequest))],
) -> Response:
    """Make a key, good at once. `key` is in this answer only: what is stored is a salted hash."""
    created = create_key(store, body.name, Remark(actor=actor))
    _forget(request)
    return json_response(created)


@router.delete(
    "/keys/{key_id}",
    operation_id="revoke_key",
    summary="Revoke an API key",
    responses=answers({**_KEY, "state": "revoked"}, model=ApiKey) | refuses(409, "last_key"),
)
def delete_key(request: Request, store: StoreDependency, actor: ActorDependency, key_id: KeyId) -> Response:
    """Take a key back: the very next request with it is answered 401. The last good key is refused with 409."""
    revoked = revoke_key(store, key_id, Remark(actor=actor))
    _forget(request)
    return json_response(revoked)


def _forget(request: Request) -> None:
    keys: KeyRing | None = request.app.state.keys
    if keys is not None:
        keys.forget()
