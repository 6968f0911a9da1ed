"""Contracts files for tests, as JSON, which is YAML."""

import json
from typing import Any

import pytest

from api.contracts import CONTRACT_CODES, ContractErrors, ContractsDocument, read_contracts
from ratecard_compiler import CODES


def contract(**changes: Any) -> dict[str, Any]:
    """A plain contract as JSON values; a change of None writes null."""
    plain = {
        "contract_id": "k1",
        "customer_id": "c1",
        "rate_card": "acme-ai",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": None,
        "timezone": "UTC",
        "billing": {"interval": "month", "anchor_day": 1},
    }
    return plain | changes


def grant(**changes: Any) -> dict[str, Any]:
    """A plain grant as JSON values."""
    return {
        "grant_id": "g1",
        "unit": "credit",
        "amount": "50",
        "paid": "45.00",
        "priority": 1,
        "effective_at": "2026-01-01T00:00:00Z",
    } | changes


def customer(customer_id: Any = "c1", **changes: Any) -> dict[str, Any]:
    """A customer as JSON values."""
    return {"customer_id": customer_id, "name": "Example"} | changes


def document(*contracts: dict[str, Any], customers: list[dict[str, Any]] | None = None) -> str:
    """The text of a contracts file."""
    return json.dumps({"customers": customers or [], "contracts": list(contracts)}, ensure_ascii=False)


def read(*contracts: dict[str, Any], customers: list[dict[str, Any]] | None = None) -> ContractsDocument:
    """The document of a contracts file."""
    return read_contracts(document(*contracts, customers=customers), "contracts.yaml")


def refusals(text: str) -> list[tuple[str, str]]:
    """Code and path of everything that a text is refused for."""
    with pytest.raises(ContractErrors) as caught:
        read_contracts(text, "contracts.yaml")
    assert all(error.code in CODES | CONTRACT_CODES for error in caught.value.errors)
    assert all(error.fact and error.fix and error.path for error in caught.value.errors)
    return [(error.code, error.path) for error in caught.value.errors]
