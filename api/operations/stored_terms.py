"""What is stored of customers and contracts before a document is applied, and whether the document fits it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from api.contracts import (
    Contract,
    ContractErrors,
    ContractsDocument,
    Customer,
    StoredGrant,
    check_against,
)
from api.contracts.card_checks import (
    PublishedCard,
    card_warnings,
    currency_errors,
    paid_errors,
    scope_warnings,
    unit_errors,
)
from api.store import Store
from ratecard_compiler import declared_units
from ratecard_compiler.errors import CompileError
from sql import load

_NO_LIMIT = 2**32 - 1


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A stored contract: for whom, by which card, and when it is in force."""

    contract_id: str
    rate_card: str
    customer_id: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredTerms:
    """What is stored before a document is applied. `keys` has the contract of each uniqueness key."""

    customers: Mapping[str, Customer]
    documents: Mapping[str, str]
    contracts: tuple[StoredRecord, ...]
    grants: tuple[StoredGrant, ...]
    keys: Mapping[str, str]

    @classmethod
    def read(cls, store: Store) -> "StoredTerms":
        customers = {
            row["customer_id"]: Customer(
                row["customer_id"], row["name"], row["attributes"], tuple(row["aliases"])
            )
            for row in store.database.rows(
                load("queries/reads/customers.sql"), customer_id="", after_customer_id="", limit=_NO_LIMIT
            )
        }
        rows = store.database.rows(
            load("queries/reads/contracts.sql"),
            contract_id="",
            customer_id="",
            after_contract_id="",
            limit=_NO_LIMIT,
        )
        grants = store.database.rows(load("queries/grants.sql"))
        return cls(
            customers,
            {row["contract_id"]: row["document"] for row in rows},
            tuple(
                StoredRecord(
                    row["contract_id"], row["rate_card"], row["customer_id"], row["starts_at"], row["ends_at"]
                )
                for row in rows
            ),
            tuple(StoredGrant(row["customer_id"], row["grant_id"], row["contract_id"]) for row in grants),
            _keys(rows),
        )

    def check(self, document: ContractsDocument) -> None:
        errors = check_against(document, self.customers.values(), self.contracts, self.grants, self.keys)
        if errors:
            raise ContractErrors(errors)

    def has_customer(self, customer: Customer) -> bool:
        return self.customers.get(customer.customer_id) == customer

    def has_contract(self, contract: Contract) -> bool:
        return self.documents.get(contract.contract_id) == contract.document

    def ids_concerned(self, customers: Iterable[Customer], contracts: Iterable[Contract]) -> set[str]:
        """Return every id, of now or as stored, under which events come that these customers and contracts rate."""
        owners = {customer.customer_id for customer in customers}
        ids = {alias for customer in customers for alias in customer.aliases}
        for contract in contracts:
            owners.add(contract.customer_id)
            owners.update(c.customer_id for c in self.contracts if c.contract_id == contract.contract_id)
        ids |= owners
        for owner in owners & self.customers.keys():
            ids.update(self.customers[owner].aliases)
        return ids

    def check_currencies(self, store: Store, changed: Sequence[Contract], file_name: str) -> None:
        """Raises ContractErrors for a stored contract that would get another currency, and for money that its
        currency does not have."""
        before = {contract.contract_id: contract.rate_card for contract in self.contracts}
        names = sorted({contract.rate_card for contract in changed} | set(before.values()))
        rows = store.database.rows(load("queries/reads/card_currencies.sql"), rate_cards=names)
        currencies = {row["rate_card"]: row["currency"] for row in rows}
        errors = currency_errors(changed, before, currencies, file_name)
        errors += paid_errors(changed, currencies, file_name)
        if errors:
            raise ContractErrors(errors)


def _keys(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    # Most contracts have none: only the documents that name one are read.
    documents = [json.loads(row["document"]) for row in rows if '"uniqueness_key"' in row["document"]]
    return {one["uniqueness_key"]: one["contract_id"] for one in documents if one.get("uniqueness_key")}


def check_cards(
    store: Store, document: ContractsDocument, changed: Sequence[Contract]
) -> tuple[CompileError, ...]:
    """Return the warnings. Raises ContractErrors for what is to be stored; what is stored already is warned of, so
    that the same document can be applied again."""
    cards = {
        row["rate_card"]: PublishedCard(set(row["units"]), row["products"], row["tags"])
        for row in store.database.rows(load("queries/published_cards.sql"))
    }
    if unit_errors(document.contracts, cards, document.file_name):
        # A card may have a unit that no product is priced in yet; only the published text says so.
        names = sorted({contract.rate_card for contract in document.contracts} & cards.keys())
        for row in store.database.rows(load("queries/latest_documents.sql"), rate_cards=names):
            card = cards[row["rate_card"]]
            units = {*card.units, *declared_units(row["document"])}
            cards[row["rate_card"]] = replace(card, units=units)
    errors = unit_errors(changed, cards, document.file_name)
    if errors:
        raise ContractErrors(errors)
    return (
        *card_warnings(document.contracts, cards, document.file_name),
        *unit_errors(document.contracts, cards, document.file_name),
        *scope_warnings(document.contracts, cards, document.file_name),
    )
