"""Storing customers and contracts, with their billing periods and grants; what they change is re-rated.

Applying the same document again changes nothing. Billing periods keep their numbers as long as they keep their
start, so ledger entries stay where they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.contracts import (
    BillingPeriod,
    Contract,
    Customer,
    billing_periods,
    read_contracts,
)
from api.instants import LATEST, MILLISECOND
from api.operations.begin_periods import mark_begun_periods
from api.operations.charges import charge_rows, charge_rows_of_extended
from api.operations.contract_changes import contracts_change
from api.operations.grants import grant_rows, stored_contract
from api.operations.overrides import override_set_rows, override_slice_rows, prices_for_overrides
from api.operations.reconcile import reconcile, request_reconcile
from api.operations.remarks import NO_REMARK, Remark
from api.operations.stored_terms import StoredTerms, check_cards
from api.operations.time_zones import store_time_zones
from api.operations.top_ups import follow_top_ups
from api.operations.trail import record_change
from api.store import Store
from migrations import deploy_features
from ratecard_compiler.errors import CompileError
from sql import load
from sql.fail_points import reach

# Open contracts have periods this far ahead; `extend_periods` keeps it so.
HORIZON = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class ContractsApplied:
    """What applying a document stored; `unchanged` counts customers and contracts that were so already.
    `warnings` says what is stored and cannot be rated as it is."""

    customers: int
    contracts: int
    periods: int
    grants: int
    unchanged: int
    entries_changed: int
    warnings: tuple[CompileError, ...]


def apply_contracts(store: Store, text: str, file_name: str, remark: Remark = NO_REMARK) -> ContractsApplied:
    """Store the customers and contracts of a document (SEMANTICS §9) and re-rate what they change.

    Raises ContractErrors with every place that is wrong; then nothing is stored.
    """
    document = read_contracts(text, file_name)
    with prices_for_overrides(store, document), store.exclusive():
        stored = StoredTerms.read(store)
        stored.check(document)
        customers = [customer for customer in document.customers if not stored.has_customer(customer)]
        contracts = [contract for contract in document.contracts if not stored.has_contract(contract)]
        stored.check_currencies(store, contracts, document.file_name)
        warnings = check_cards(store, document, contracts)
        _request_reconcile(store, stored, customers, contracts)
        recorded_at = store.next_instant()
        periods = _period_rows(store, contracts, recorded_at)
        grants = grant_rows(store, contracts, HORIZON, recorded_at)
        charges = charge_rows(store, contracts, periods, recorded_at)
        # First without its document: a contract that a kill leaves half stored is never taken for stored.
        incomplete = [{**_contract_row(item, recorded_at), "document": ""} for item in contracts]
        store.outdate_dictionaries("customers_dict", "periods_dict", "terms_dict")
        complete_at = recorded_at
        if customers or contracts:
            change = contracts_change(text, stored.documents, stored.customers, customers, contracts)
            complete_at = record_change(store, change, remark)
        # What comes last has the time of the entry: once it is there, all is stored.
        customers_at = recorded_at if contracts else complete_at
        store.database.insert("customer_records", [_customer_row(item, customers_at) for item in customers])
        # Before the contract, which would have list prices without them.
        store.database.insert("override_sets", override_set_rows(contracts, recorded_at))
        store.database.insert("override_slices", override_slice_rows(store, contracts, recorded_at))
        store.database.insert("contract_records", incomplete)
        store.database.insert("billing_period_records", periods)
        store.database.insert("grant_records", grants)
        store.database.insert("charge_records", charges)
        store_time_zones(store, {contract.timezone for contract in contracts})
        reach("contracts.before_contracts")
        store.database.insert("contract_records", [_contract_row(item, complete_at) for item in contracts])
        mark_begun_periods(store)
        store.refresh_dictionaries()
        deploy_features(store.database)
        follow_top_ups(store)
    result = reconcile(store)
    store.top_ups.note(contract.customer_id for contract in contracts if contract.top_up is not None)
    unchanged = len(document.customers) + len(document.contracts) - len(customers) - len(contracts)
    return ContractsApplied(
        len(customers),
        len(contracts),
        len(periods),
        len(grants),
        unchanged,
        result.entries_appended,
        warnings,
    )


def extend_periods(store: Store) -> int:
    """Give open contracts the billing periods up to the horizon; return how many were added."""
    with store.exclusive():
        rows = store.database.rows(load("queries/contracts_to_extend.sql"), until=store.clock() + HORIZON / 2)
        if not rows:
            return 0
        recorded_at = store.next_instant()
        periods: list[dict[str, Any]] = []
        number = _next_period_id(store)
        for row in rows:
            wanted = billing_periods(
                row["starts_at"], row["ends_at"], row["timezone"], row["anchor_day"], store.clock() + HORIZON
            )
            for period in wanted:
                if period.start >= row["last_end"]:
                    periods.append(_period_row(row["contract_id"], period, number, recorded_at))
                    number += 1
        documents = store.database.rows(
            load("queries/contract_documents.sql"), contract_ids=sorted({row["contract_id"] for row in rows})
        )
        contracts = [stored_contract(row["document"]) for row in documents]
        grants = grant_rows(store, contracts, HORIZON, recorded_at)
        # Events may be there already, when the store was closed for longer than the periods reached.
        request_reconcile(store, min(row["last_end"] for row in rows), LATEST, "billing periods added")
        charges = charge_rows_of_extended(store, contracts, periods, recorded_at)
        store.outdate_dictionaries("periods_dict", "terms_dict")
        store.database.insert("billing_period_records", periods)
        store.database.insert("grant_records", grants)
        store.database.insert("charge_records", charges)
        store.refresh_dictionaries()
        # A discount may begin in one of the periods added.
        deploy_features(store.database)
        return len(periods)


def _request_reconcile(
    store: Store, stored: StoredTerms, customers: Iterable[Customer], contracts: Iterable[Contract]
) -> None:
    """Ask for the days on which the customers concerned sent events."""
    ids = stored.ids_concerned(customers, contracts)
    if not ids:
        return
    span = store.database.rows(load("queries/event_span_of_customers.sql"), customer_ids=sorted(ids))[0]
    if span["events"]:
        request_reconcile(store, span["first"], span["last"] + MILLISECOND, "contracts applied")


def _period_rows(store: Store, contracts: list[Contract], recorded_at: datetime) -> list[dict[str, Any]]:
    """Periods to store: those of the contracts, with the number of a stored period that has the same start, and
    the withdrawal of stored ones that a contract no longer has."""
    known: dict[str, dict[datetime, dict[str, Any]]] = {}
    ids = [contract.contract_id for contract in contracts]
    for row in store.database.rows(load("queries/periods_of_contracts.sql"), contract_ids=ids) if ids else []:
        known.setdefault(row["contract_id"], {})[row["period_start"]] = row
    number = _next_period_id(store)
    rows = []
    for contract in contracts:
        before = known.get(contract.contract_id, {})
        wanted = billing_periods(
            contract.starts_at,
            contract.ends_at,
            contract.timezone,
            contract.anchor_day,
            max(store.clock(), contract.starts_at) + HORIZON,
        )
        for period in wanted:
            same = before.pop(period.start, None)
            rows.append(
                _period_row(contract.contract_id, period, same["period_id"] if same else number, recorded_at)
            )
            number += same is None
        rows += [
            {**row, "withdrawn": True, "recorded_at": recorded_at}
            for row in before.values()
            if not row["withdrawn"]
        ]
    return rows


def _next_period_id(store: Store) -> int:
    return int(store.database.value(load("queries/next_period_id.sql")))


def _period_row(
    contract_id: str, period: BillingPeriod, period_id: int, recorded_at: datetime
) -> dict[str, Any]:
    return {
        "contract_id": contract_id,
        "period_start": period.start,
        "period_end": period.end,
        "period_id": period_id,
        "withdrawn": False,
        "recorded_at": recorded_at,
    }


def _customer_row(customer: Customer, recorded_at: datetime) -> dict[str, Any]:
    return {
        "customer_id": customer.customer_id,
        "name": customer.name,
        "attributes": dict(customer.attributes),
        "aliases": list(customer.aliases),
        "recorded_at": recorded_at,
    }


def _contract_row(contract: Contract, recorded_at: datetime) -> dict[str, Any]:
    return {
        "contract_id": contract.contract_id,
        "customer_id": contract.customer_id,
        "rate_card": contract.rate_card,
        "starts_at": contract.starts_at,
        "ends_at": contract.ends_at,
        "timezone": contract.timezone,
        "billing_interval": contract.interval,
        "anchor_day": contract.anchor_day,
        "grace_seconds": int(contract.grace.total_seconds()),
        "document": contract.document,
        "recorded_at": recorded_at,
    }
