"""Contracts: reading them, and applying a document of customers and contracts."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.http.bodies import received_text
from api.http.cursors import decode_cursor, encode_cursor, is_text
from api.http.dependencies import ActorDependency, StoreDependency, not_found
from api.http.examples import CONTRACT, CONTRACTS_DOCUMENT
from api.http.filters import known_customer
from api.http.openapi import answers, takes
from api.http.parameters import (
    DEFAULT_LIMIT,
    ContractId,
    Cursor,
    FileName,
    Identifier,
    Limit,
    RemarkText,
)
from api.http.responses import json_response
from api.operations.contracts import ContractsApplied, apply_contracts
from api.operations.remarks import Remark
from api.reads.contracts import Contract, get_contract, list_contracts

router = APIRouter(tags=["contracts"])


@dataclass(frozen=True, slots=True)
class ContractList:
    """A page of contracts; `next_cursor` is null on the last page."""

    items: tuple[Contract, ...]
    next_cursor: str | None


_APPLIED = {
    "customers": 1,
    "contracts": 1,
    "periods": 14,
    "grants": 1,
    "unchanged": 0,
    "entries_changed": 0,
    "warnings": [],
}


@router.get(
    "/contracts",
    operation_id="list_contracts",
    summary="List contracts",
    responses=answers({"items": [CONTRACT], "next_cursor": None}, model=ContractList),
)
def get_contracts(
    store: StoreDependency,
    customer_id: Annotated[Identifier | None, Query(description="Of this customer only.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List contracts by id. `customer_id` may be an alias; 422 for a customer that is not stored."""
    filters = {"customer_id": customer_id}
    after = decode_cursor("contracts", filters, cursor, (is_text,))
    customer = known_customer(store, customer_id)
    page = list_contracts(store, customer_id=customer, limit=limit, after=after)
    return json_response(ContractList(page.items, encode_cursor("contracts", filters, page.after)))


@router.get(
    "/contracts/{contract_id}",
    operation_id="get_contract",
    summary="One contract",
    responses=answers(CONTRACT, model=Contract),
)
def get_one_contract(store: StoreDependency, contract_id: ContractId) -> Response:
    """Return a contract as it is stored now."""
    contract = get_contract(store, contract_id)
    if contract is None:
        raise not_found("contract", contract_id)
    return json_response(contract)


@router.put(
    "/contracts",
    operation_id="apply_contracts",
    summary="Apply customers and contracts",
    responses=answers(_APPLIED, model=ContractsApplied),
    openapi_extra=takes(
        {"application/yaml": CONTRACTS_DOCUMENT},
        description="Customers and contracts as YAML or JSON; every decimal is a string.",
    ),
)
async def put_contracts(
    request: Request,
    store: StoreDependency,
    actor: ActorDependency,
    file_name: FileName = "contracts.yaml",
    author: Annotated[RemarkText, Query(description="Who applies it.", examples=["ada"])] = "",
    note: Annotated[RemarkText, Query(description="Why.", examples=["renewal"])] = "",
) -> Response:
    """Store customers and contracts, and re-rate what they change. Applying the same again changes nothing.

    The document is taken whole or refused whole, with every error and its line and column. `warnings` names
    contracts whose rate card is not published (they are stored, and their usage waits for it), and grants for
    products or tags that no version of the card has.
    """
    async with received_text(request) as text:
        remark = Remark(author, note, actor)
        return json_response(await run_in_threadpool(apply_contracts, store, text, file_name, remark))
