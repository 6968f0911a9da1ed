"""Credits of a customer: balances at an instant, the ledger behind them, and voiding a grant."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.http.bodies import DOCUMENT_BYTES, json_body
from api.http.credit_examples import BALANCE, CREDIT_ENTRY
from api.http.cursors import decode_cursor, encode_cursor, is_instant, is_number, is_text
from api.http.dependencies import ActorDependency, StoreDependency, not_found
from api.http.openapi import answers, refuses, takes_json
from api.http.parameters import DEFAULT_LIMIT, Cursor, CustomerId, GrantId, Instant, Limit, RemarkText
from api.http.responses import json_response
from api.instants import from_milliseconds, instant_text, milliseconds
from api.operations.grants import void_grant
from api.operations.remarks import Remark
from api.reads.balances import CreditBalance, CreditEntry, list_balances, list_credit_entries
from api.reads.contracts import get_customer
from api.store import Store

router = APIRouter(tags=["customers"])

AsOf = Annotated[Instant | None, Query(description="At this instant instead of now, RFC 3339.")]


@dataclass(frozen=True, slots=True)
class BalanceList:
    """A page of grants and their balances; `next_cursor` is null on the last page."""

    items: tuple[CreditBalance, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CreditLedger:
    """A page of ledger entries up to `as_of`; `next_cursor` is null on the last page."""

    customer_id: str
    as_of: str
    items: tuple[CreditEntry, ...]
    next_cursor: str | None


class VoidRequest(BaseModel):
    """Why, from when on (default: now), and who does it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: RemarkText
    voided_at: Instant | None = None
    author: RemarkText = ""


@dataclass(frozen=True, slots=True)
class VoidAnswer:
    """The grants that are void from `voided_at` on; `changed` is false where they were so already."""

    customer_id: str
    grant_ids: tuple[str, ...]
    voided_at: str
    changed: bool


@router.get(
    "/customers/{customer_id}/balances",
    operation_id="list_balances",
    summary="Credit balances",
    responses=answers({"items": [BALANCE], "next_cursor": None}, model=BalanceList),
)
def get_balances(
    store: StoreDependency,
    customer_id: CustomerId,
    as_of: AsOf = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List what is left of each grant at an instant, granted − drawn − expired − voided − rolled over, in the order in
    which they are used. Usage before the instant counts, whenever it was stored."""
    customer = known_customer(store, customer_id)
    filters = {"customer_id": customer, "as_of": as_of}
    after = decode_cursor("balances", filters, cursor, (is_number,))
    page = list_balances(store, customer, limit=limit, after=after, as_of=as_of)
    return json_response(BalanceList(page.items, encode_cursor("balances", filters, page.after)))


@router.get(
    "/customers/{customer_id}/credit-ledger",
    operation_id="list_credit_entries",
    summary="Credit ledger",
    responses=answers(
        {
            "customer_id": "northwind",
            "as_of": "2026-02-03T00:00:00Z",
            "items": [CREDIT_ENTRY],
            "next_cursor": None,
        },
        model=CreditLedger,
    ),
)
def get_credit_ledger(
    store: StoreDependency,
    customer_id: CustomerId,
    as_of: AsOf = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List every entry of the customer's credits up to an instant, in time order: the sum of a grant's units is its
    balance then. Later pages keep the instant of the first."""
    customer = known_customer(store, customer_id)
    filters = {"customer_id": customer, "as_of": as_of}
    shape = (is_instant, is_instant, is_number, is_text, is_text, is_number, is_number)
    after = decode_cursor("credit-ledger", filters, cursor, shape)
    until = from_milliseconds(int(after[0])) if after else as_of or store.clock()
    page = list_credit_entries(store, customer, limit=limit, after=after[1:] if after else None, as_of=until)
    position = None if page.after is None else (milliseconds(until), *page.after)
    return json_response(
        CreditLedger(
            customer, instant_text(until), page.items, encode_cursor("credit-ledger", filters, position)
        )
    )


@router.post(
    "/customers/{customer_id}/grants/{grant_id}/void",
    operation_id="void_grant",
    summary="Void a grant",
    responses=answers(
        {
            "customer_id": "northwind",
            "grant_ids": ["northwind-credits"],
            "voided_at": "2026-02-03T00:00:00Z",
            "changed": True,
        },
        model=VoidAnswer,
    )
    | refuses(409, "grant_is_void"),
    openapi_extra=takes_json(
        VoidRequest,
        {"reason": "order cancelled", "voided_at": "2026-02-03T00:00:00Z"},
        description="Why, and from when on; without `voided_at` from now on.",
    ),
)
async def post_void(
    store: StoreDependency,
    actor: ActorDependency,
    customer_id: CustomerId,
    grant_id: GrantId,
    body: Annotated[VoidRequest, Depends(json_body(VoidRequest, DOCUMENT_BYTES))],
) -> Response:
    """Void a grant from an instant on; what it paid before stays paid. The id of a recurring grant voids all its
    recurrences that have not ended, and those to come. Sending it again changes nothing."""
    customer = await run_in_threadpool(known_customer, store, customer_id)
    remark = Remark(body.author, body.reason, actor)
    done = await run_in_threadpool(void_grant, store, customer, grant_id, body.voided_at, body.reason, remark)
    return json_response(
        VoidAnswer(done.customer_id, done.grant_ids, instant_text(done.voided_at), done.changed)
    )


def known_customer(store: Store, customer_id: str) -> str:
    """Return the id of the customer with this id or alias. Raises ProblemError 404."""
    customer = get_customer(store, customer_id)
    if customer is None:
        raise not_found("customer", customer_id)
    return customer.customer_id
