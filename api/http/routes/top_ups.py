"""Automatic top-ups of credits: what was added, and what became of a payment."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.http.bodies import DOCUMENT_BYTES, json_body
from api.http.credit_examples import TOP_UP
from api.http.cursors import decode_cursor, encode_cursor, is_number, is_text
from api.http.dependencies import ActorDependency, StoreDependency
from api.http.openapi import answers, refuses, takes_json
from api.http.parameters import DEFAULT_LIMIT, Cursor, CustomerId, Limit, RemarkText, TopUpId
from api.http.responses import json_response
from api.http.routes.grants import known_customer
from api.instants import instant_text
from api.operations.remarks import Remark
from api.operations.top_ups import TopUpSettled, confirm_top_up, fail_top_up
from api.reads.top_ups import TopUpDocument, list_top_ups

router = APIRouter(tags=["customers"])


@dataclass(frozen=True, slots=True)
class TopUpList:
    """A page of top-ups; `next_cursor` is null on the last page."""

    items: tuple[TopUpDocument, ...]
    next_cursor: str | None


class ConfirmRequest(BaseModel):
    """Who confirms it and with what reference, as told."""

    model_config = ConfigDict(extra="forbid", strict=True)

    author: RemarkText = ""
    note: RemarkText = ""


class FailRequest(BaseModel):
    """Why the payment failed, and who says so."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: RemarkText
    author: RemarkText = ""


@dataclass(frozen=True, slots=True)
class TopUpAnswer:
    """A top-up whose payment is settled; `changed` is false where it was so already."""

    customer_id: str
    top_up_id: str
    state: str
    granted_at: str | None
    changed: bool


@router.get(
    "/customers/{customer_id}/top-ups",
    operation_id="list_top_ups",
    summary="Top-ups",
    responses=answers({"items": [TOP_UP], "next_cursor": None}, model=TopUpList),
)
def get_top_ups(
    store: StoreDependency, customer_id: CustomerId, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """List what was added because a balance fell under its contract's threshold, by contract and number; what waits
    for its payment too."""
    customer = known_customer(store, customer_id)
    filters = {"customer_id": customer}
    after = decode_cursor("top-ups", filters, cursor, (is_text, is_number))
    page = list_top_ups(store, customer, limit=limit, after=after)
    return json_response(TopUpList(page.items, encode_cursor("top-ups", filters, page.after)))


@router.post(
    "/customers/{customer_id}/top-ups/{top_up_id}/confirm",
    operation_id="confirm_top_up",
    summary="Confirm a top-up's payment",
    responses=answers(
        {
            "customer_id": "northwind",
            "top_up_id": "top-up-northwind-2025-1",
            "state": "granted",
            "granted_at": "2026-02-03T00:00:00Z",
            "changed": True,
        },
        model=TopUpAnswer,
    )
    | refuses(409, "top_up_failed"),
    openapi_extra=takes_json(
        ConfirmRequest, {"note": "payment 4711"}, description="Who confirms it; may be empty."
    ),
)
async def post_confirm(
    store: StoreDependency,
    actor: ActorDependency,
    customer_id: CustomerId,
    top_up_id: TopUpId,
    body: Annotated[ConfirmRequest, Depends(json_body(ConfirmRequest, DOCUMENT_BYTES))],
) -> Response:
    """Grant a top-up that waits for its payment, from now on. Sending it again changes nothing."""
    customer = await run_in_threadpool(known_customer, store, customer_id)
    remark = Remark(body.author, body.note, actor)
    return _answer(await run_in_threadpool(confirm_top_up, store, customer, top_up_id, remark))


@router.post(
    "/customers/{customer_id}/top-ups/{top_up_id}/fail",
    operation_id="fail_top_up",
    summary="Say that a top-up was not paid",
    responses=answers(
        {
            "customer_id": "northwind",
            "top_up_id": "top-up-northwind-2025-1",
            "state": "failed",
            "granted_at": None,
            "changed": True,
        },
        model=TopUpAnswer,
    )
    | refuses(409, "top_up_is_granted"),
    openapi_extra=takes_json(FailRequest, {"reason": "card declined"}, description="Why the payment failed."),
)
async def post_fail(
    store: StoreDependency,
    actor: ActorDependency,
    customer_id: CustomerId,
    top_up_id: TopUpId,
    body: Annotated[FailRequest, Depends(json_body(FailRequest, DOCUMENT_BYTES))],
) -> Response:
    """Say that a top-up was not paid: it is never granted, and counts as one of its day. Sending it again changes
    nothing."""
    customer = await run_in_threadpool(known_customer, store, customer_id)
    remark = Remark(body.author, "", actor)
    done = await run_in_threadpool(fail_top_up, store, customer, top_up_id, body.reason, remark)
    return _answer(done)


def _answer(done: TopUpSettled) -> Response:
    granted_at = None if done.granted_at is None else instant_text(done.granted_at)
    return json_response(TopUpAnswer(done.customer_id, done.top_up_id, done.state, granted_at, done.changed))
