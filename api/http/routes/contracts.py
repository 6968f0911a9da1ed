"""Contracts: reading them, and applying a document of customers and contracts."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.http.bodies import DOCUMENT_BYTES, json_body, received_text
from api.http.cursors import decode_cursor, encode_cursor, is_text
from api.http.dependencies import ActorDependency, StoreDependency, not_found
from api.http.examples import CONTRACT, CONTRACTS_DOCUMENT
from api.http.filters import known_customer
from api.http.openapi import answers, takes, takes_json
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
from api.operations.import_contracts import ContractsImported, import_contracts
from api.operations.plan_contracts import ContractsPlan, plan_contracts
from api.operations.remarks import Remark
from api.reads.contracts import Contract, get_contract, list_contracts

router = APIRouter(tags=["contracts"])


class ImportRequest(BaseModel):
    """An export of a CRM or CPQ, and how its rows become contracts: both as texts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    mapping: str = Field(description="The mapping, YAML or JSON.")
    export: str = Field(description="The rows, CSV with a header or a JSON list of objects.")
    mapping_name: str = Field(
        default="mapping.yaml", max_length=500, description="What errors call the mapping."
    )
    export_name: str = Field(default="export.csv", max_length=500, description="What errors call the export.")
    dry_run: bool = Field(default=False, description="Plan only; nothing is stored.")
    author: str = Field(default="", max_length=500, description="Who imports it.")
    note: str = Field(default="", max_length=500, description="Why.")


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


_PLANNED = {
    "changes": [
        {"kind": "customer", "id": "northwind", "action": "unchanged", "changes": []},
        {
            "kind": "contract",
            "id": "northwind-2025",
            "action": "change",
            "changes": [{"path": "grants[welcome].amount", "before": "50", "after": "60"}],
        },
    ],
    "events": 1200,
    "events_from": "2026-01-01T05:00:00Z",
    "events_to": "2026-01-31T23:10:00Z",
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


@router.post(
    "/contracts/plan",
    operation_id="plan_contracts",
    summary="What applying contracts would change",
    responses=answers(_PLANNED, model=ContractsPlan),
    openapi_extra=takes(
        {"application/yaml": CONTRACTS_DOCUMENT},
        description="Customers and contracts as YAML or JSON; every decimal is a string.",
    ),
)
async def post_contracts_plan(
    request: Request, store: StoreDependency, file_name: FileName = "contracts.yaml"
) -> Response:
    """Compare a document with what is stored, term by term, and refuse what applying it would refuse. Nothing is
    stored."""
    async with received_text(request) as text:
        return json_response(await run_in_threadpool(plan_contracts, store, text, file_name))


_MAPPING = """\
uniqueness_key: opportunity
customer: {customer_id: "{account}", name: "{account_name}"}
contract:
  contract_id: "crm-{opportunity}"
  customer_id: "{account}"
  rate_card: aurora-ai
  starts_at: "{start}T00:00:00Z"
"""
_EXPORT = "opportunity,account,account_name,start\nSF-0061,kiwi,Kiwi,2026-02-01\n"
_IMPORTED = {
    "rows": 1,
    "document": {
        "contracts": [
            {
                "contract_id": "crm-SF-0061",
                "customer_id": "kiwi",
                "rate_card": "aurora-ai",
                "starts_at": "2026-02-01T00:00:00Z",
                "uniqueness_key": "SF-0061",
            }
        ],
        "customers": [{"customer_id": "kiwi", "name": "Kiwi"}],
    },
    "plan": {
        "changes": [
            {"kind": "customer", "id": "kiwi", "action": "create", "changes": []},
            {"kind": "contract", "id": "crm-SF-0061", "action": "create", "changes": []},
        ],
        "events": 0,
        "events_from": None,
        "events_to": None,
        "warnings": [],
    },
    "applied": None,
}


@router.post(
    "/contracts/import",
    operation_id="import_contracts",
    summary="Import contracts from a CRM's export",
    responses=answers(_IMPORTED, model=ContractsImported),
    openapi_extra=takes_json(
        ImportRequest,
        {"mapping": _MAPPING, "export": _EXPORT, "dry_run": True},
        description="The export and the mapping.",
    ),
)
def post_contracts_import(
    store: StoreDependency,
    actor: ActorDependency,
    asked: Annotated[ImportRequest, Depends(json_body(ImportRequest, DOCUMENT_BYTES))],
) -> Response:
    """Make contracts of an export's rows and apply them. The same export again changes nothing: a contract is told by
    its `uniqueness_key`. Errors have the lines of the export."""
    imported = import_contracts(
        store,
        asked.mapping,
        asked.export,
        mapping_name=asked.mapping_name,
        export_name=asked.export_name,
        dry_run=asked.dry_run,
        remark=Remark(asked.author, asked.note, actor),
    )
    return json_response(imported)
