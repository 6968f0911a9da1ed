"""What the audit trail says of customers and contracts: hashes of what was stored before and after."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

from api.contracts import Contract, Customer
from api.operations.trail import Change


def contracts_change(
    text: str,
    documents: Mapping[str, str],
    known: Mapping[str, Customer],
    customers: Sequence[Customer],
    contracts: Sequence[Contract],
) -> Change:
    """Return the change that a document's `text` makes: what is stored are `documents` by contract and the `known`
    customers; what is to be stored, `customers` and `contracts`. A hash is null where nothing was there."""
    before = {
        "contracts": {one.contract_id: _hash(documents.get(one.contract_id)) for one in contracts},
        "customers": {one.customer_id: _customer_hash(known.get(one.customer_id)) for one in customers},
    }
    after = {
        "contracts": {one.contract_id: _hash(one.document) for one in contracts},
        "customers": {one.customer_id: _customer_hash(one) for one in customers},
    }
    return Change(
        "contracts",
        contract_ids=tuple(one.contract_id for one in contracts),
        content_hash=sha256(text.encode()).hexdigest(),
        contracts=len(contracts),
        before=before,
        after=after,
    )


def _customer_hash(customer: Customer | None) -> str | None:
    if customer is None:
        return None
    told = [customer.customer_id, customer.name, dict(customer.attributes), customer.aliases]
    return _hash(json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def _hash(document: str | None) -> str | None:
    # Empty where a kill left a contract half stored.
    return sha256(document.encode()).hexdigest() if document else None
