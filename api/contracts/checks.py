"""What holds between customers, contracts and grants: within one file, and against those that are stored.

Both are the same checks; within a file nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from api.contracts.document import Contract, ContractsDocument, Customer, Origin
from api.contracts.errors import CONTRACTS_FILE
from api.instants import instant_text
from ratecard_compiler.errors import CompileError, ErrorList, did_you_mean

_OPEN_END = datetime.max.replace(tzinfo=UTC)


class StoredCustomer(Protocol):
    """A stored customer: its id and the other ids under which its events come."""

    @property
    def customer_id(self) -> str: ...

    @property
    def aliases(self) -> Sequence[str]: ...


class StoredContract(Protocol):
    """A stored contract: its customer, and when it is in force (half-open; instants with a time zone)."""

    @property
    def contract_id(self) -> str: ...

    @property
    def customer_id(self) -> str: ...

    @property
    def starts_at(self) -> datetime: ...

    @property
    def ends_at(self) -> datetime | None: ...


class StoredGrant(NamedTuple):
    """A stored credit grant: its id is unique within the customer, whichever contract gives it."""

    customer_id: str
    grant_id: str
    contract_id: str


def check_against(
    document: ContractsDocument,
    stored_customers: Iterable[StoredCustomer],
    stored_contracts: Iterable[StoredContract],
    stored_grants: Iterable[StoredGrant],
    stored_keys: Mapping[str, str] | None = None,
) -> tuple[CompileError, ...]:
    """Return what is wrong with storing the document beside what is stored, in the order of the file.

    A stored customer, or a stored contract with its grants, gives way to the document's one of the same id.
    Refused are a contract without a customer, an alias that would name two customers, contracts of one
    customer that overlap (SEMANTICS §6), a grant id that another contract of the customer uses, and a uniqueness
    key that another contract has; `stored_keys` names the contract of each.
    `stored_grants` are those that are not withdrawn. Raises ContractErrors where there are a thousand or more.
    """
    errors = ErrorList(document.file_name, CONTRACTS_FILE)
    contract_ids = {contract.contract_id for contract in document.contracts}
    customer_ids = {customer.customer_id for customer in document.customers}
    customers = [c for c in stored_customers if c.customer_id not in customer_ids]
    contracts = [c for c in stored_contracts if c.contract_id not in contract_ids]
    grants = [g for g in stored_grants if g.contract_id not in contract_ids]
    customer_errors(document.customers, customers, errors)
    overlap_errors(document.contracts, contracts, errors)
    grant_errors(document.contracts, grants, errors)
    uniqueness_errors(document.contracts, stored_keys or {}, errors)
    _unknown_customers(document, customers, errors)
    return errors.in_order()


def customer_errors(
    customers: Iterable[Customer], stored: Iterable[StoredCustomer], errors: ErrorList
) -> None:
    """Report ids that two customers of the file have, and aliases that name two customers, or one twice."""
    owners: dict[str, str] = {}
    stored_aliases: dict[str, str] = {}
    for known in stored:
        owners[known.customer_id] = known.customer_id
        stored_aliases.update(dict.fromkeys(known.aliases, known.customer_id))
    distinct = _distinct(customers, errors)
    for customer in distinct:
        if customer.customer_id in stored_aliases:
            _alias_taken(customer.customer_id, stored_aliases[customer.customer_id], customer.origin, errors)
        owners[customer.customer_id] = customer.customer_id
    # Ids first, so that an alias is wrong whether its owner comes before or after it in the file.
    owners = stored_aliases | owners
    for customer in distinct:
        for alias in customer.aliases:
            if alias in owners:
                _alias_taken(alias, owners[alias], customer.origin, errors)
            owners.setdefault(alias, customer.customer_id)


def _distinct(customers: Iterable[Customer], errors: ErrorList) -> list[Customer]:
    """Return the first customer of each id; report the others."""
    found: dict[str, Customer] = {}
    for customer in customers:
        first = found.setdefault(customer.customer_id, customer)
        if first is not customer:
            _duplicate("customer", customer.customer_id, first.origin, customer.origin, errors)
    return list(found.values())


def _alias_taken(alias: str, owner: str, origin: Origin, errors: ErrorList) -> None:
    fact = f"`{alias}` already names customer `{owner}`"
    errors.add("alias_taken", origin.place, origin.path, fact, "an id or alias names one customer: remove it")


def _duplicate(what: str, name: str, first: Origin, second: Origin, errors: ErrorList) -> None:
    fact = f"{what} `{name}` is already on line {first.place.line}"
    errors.add("duplicate_name", second.place, second.path, fact, "keep one of them, or rename it")


def overlap_errors(
    contracts: Iterable[Contract], stored: Iterable[StoredContract], errors: ErrorList
) -> None:
    """Report contract ids that the file has twice, and contracts of one customer in force at one instant.

    Each contract is compared with the one before it that lasts longest, so every contract that overlaps an
    earlier one is named once, and a long file takes no longer than its length. Stored contracts do not
    overlap each other.
    """
    found: dict[str, Contract] = {}
    for written in contracts:
        first = found.setdefault(written.contract_id, written)
        if first is not written:
            _duplicate("contract", written.contract_id, first.origin, written.origin, errors)
    everything: list[StoredContract] = [*stored, *found.values()]
    longest_of: dict[str, StoredContract] = {}
    for contract in sorted(everything, key=lambda contract: contract.starts_at):
        longest = longest_of.get(contract.customer_id, contract)
        if longest is not contract and contract.starts_at < _end(longest):
            _overlap(longest, contract, errors)
        longest_of[contract.customer_id] = max(longest, contract, key=_end)


def _end(contract: StoredContract) -> datetime:
    return contract.ends_at or _OPEN_END


def _overlap(earlier: StoredContract, later: StoredContract, errors: ErrorList) -> None:
    """Report two contracts that overlap, at the one that stands later in the file."""
    written = [contract for contract in (earlier, later) if isinstance(contract, Contract)]
    if not written:
        return
    origin = max(written, key=lambda contract: contract.origin.place).origin
    ends = "is open" if earlier.ends_at is None else f"ends at {instant_text(earlier.ends_at)}"
    fact = (
        f"contract `{later.contract_id}` of customer `{later.customer_id}` starts at "
        f"{instant_text(later.starts_at)}, but its contract `{earlier.contract_id}` {ends}"
    )
    fix = "a customer has one contract at a time: end one where the other starts"
    errors.add("overlapping_contracts", origin.place, origin.path, fact, fix)


def grant_errors(contracts: Iterable[Contract], stored: Iterable[StoredGrant], errors: ErrorList) -> None:
    """Report grant ids that a customer has twice, in the file or with a stored contract."""
    kept = {(grant.customer_id, grant.grant_id): grant.contract_id for grant in stored}
    found: dict[tuple[str, str], Origin] = {}
    for contract in contracts:
        for grant in contract.all_grants:
            key = (contract.customer_id, grant.grant_id)
            if key in kept:
                fact = f"contract `{kept[key]}` of the customer already gives a grant `{grant.grant_id}`"
                errors.add(
                    "duplicate_name", grant.origin.place, grant.origin.path, fact, "rename one of them"
                )
            first = found.setdefault(key, grant.origin)
            if first is not grant.origin:
                _duplicate("grant", grant.grant_id, first, grant.origin, errors)


def uniqueness_errors(contracts: Iterable[Contract], stored: Mapping[str, str], errors: ErrorList) -> None:
    """Report uniqueness keys that another contract has, in the file or among the stored (`stored`: its contract)."""
    owners = dict(stored)
    for contract in contracts:
        key = contract.uniqueness_key
        if key is None:
            continue
        owner = owners.setdefault(key, contract.contract_id)
        if owner != contract.contract_id:
            fact = f"contract `{owner}` has the uniqueness key `{key}` already"
            fix = f"write `contract_id: {owner}` to change that contract, or give this one another key"
            place, path = contract.origin
            errors.add("uniqueness_key_taken", place, f"{path}.uniqueness_key", fact, fix)


def _unknown_customers(
    document: ContractsDocument, stored: Iterable[StoredCustomer], errors: ErrorList
) -> None:
    known: set[str] = set()
    owners: dict[str, str] = {}
    both: list[StoredCustomer] = [*stored, *document.customers]
    for customer in both:
        known.add(customer.customer_id)
        owners.update(dict.fromkeys(customer.aliases, customer.customer_id))
    for contract in document.contracts:
        if contract.customer_id in known:
            continue
        fact = f"there is no customer `{contract.customer_id}`"
        owner = owners.get(contract.customer_id)
        fix = f"it is an alias: write `{owner}`" if owner else did_you_mean(contract.customer_id, known)
        place, path = contract.origin
        errors.add("unknown_customer", place, f"{path}.customer_id", fact, fix)
