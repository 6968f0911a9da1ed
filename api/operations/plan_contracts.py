"""What applying a contracts document would change, before anything is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from api.contracts import Contract, Customer, read_contracts
from api.contracts.changes import TermChange, term_changes
from api.instants import instant_text
from api.operations.overrides import check_overrides
from api.operations.stored_terms import StoredTerms, check_cards
from api.store import Store
from ratecard_compiler.errors import CompileError
from sql import load

Action = Literal["create", "change", "unchanged"]


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What becomes of one customer or contract. `changes` names the terms of one that is stored; it is empty for
    what is new, and for what is unchanged."""

    kind: Literal["customer", "contract"]
    id: str
    action: Action
    changes: tuple[TermChange, ...]


@dataclass(frozen=True, slots=True)
class ContractsPlan:
    """What a document would change. `events` are the stored events of the customers concerned, from `events_from` to
    `events_to` (inclusive, by event time): they are compared with their rating again. `warnings` as in applying."""

    changes: tuple[PlannedChange, ...]
    events: int
    events_from: str | None
    events_to: str | None
    warnings: tuple[CompileError, ...]


def plan_contracts(store: Store, text: str, file_name: str) -> ContractsPlan:
    """Return what applying the document would change. Nothing is stored.

    Raises ContractErrors for what applying would refuse.
    """
    document = read_contracts(text, file_name)
    stored = StoredTerms.read(store)
    stored.check(document)
    changed = [contract for contract in document.contracts if not stored.has_contract(contract)]
    stored.check_currencies(store, changed, document.file_name)
    warnings = check_cards(store, document, changed)
    check_overrides(store, document)
    customers = [customer for customer in document.customers if not stored.has_customer(customer)]
    span = _span(store, stored, customers, changed)
    planned = [_of_customer(stored, customer) for customer in document.customers]
    planned += [_of_contract(stored, contract) for contract in document.contracts]
    return ContractsPlan(
        tuple(planned),
        span["events"] if span else 0,
        _instant(span, "first"),
        _instant(span, "last"),
        warnings,
    )


def _of_customer(stored: StoredTerms, customer: Customer) -> PlannedChange:
    known = stored.customers.get(customer.customer_id)
    if known is None:
        return PlannedChange("customer", customer.customer_id, "create", ())
    changes = term_changes(_customer_form(known), _customer_form(customer))
    return PlannedChange("customer", customer.customer_id, "change" if changes else "unchanged", changes)


def _customer_form(customer: Customer) -> Mapping[str, Any]:
    return {
        "name": customer.name,
        "attributes": dict(customer.attributes),
        "aliases": list(customer.aliases),
    }


def _of_contract(stored: StoredTerms, contract: Contract) -> PlannedChange:
    # Empty where a kill left a contract half stored: then all of it is stored again.
    known = stored.documents.get(contract.contract_id)
    if not known:
        return PlannedChange("contract", contract.contract_id, "create", ())
    changes = term_changes(json.loads(known), json.loads(contract.document))
    return PlannedChange("contract", contract.contract_id, "change" if changes else "unchanged", changes)


def _span(
    store: Store, stored: StoredTerms, customers: list[Customer], contracts: list[Contract]
) -> Mapping[str, Any] | None:
    ids = stored.ids_concerned(customers, contracts)
    if not ids:
        return None
    [span] = store.database.rows(load("queries/event_span_of_customers.sql"), customer_ids=sorted(ids))
    return span if span["events"] else None


def _instant(span: Mapping[str, Any] | None, name: str) -> str | None:
    at: datetime | None = span[name] if span else None
    return None if at is None else instant_text(at)
