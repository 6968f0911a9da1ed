"""Rows of what contracts charge beside usage, by billing period: stored with the contract, and as its periods are
extended."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from api.contracts import BillingPeriod, Contract, charges_of
from api.store import Store
from sql import load


def charge_rows(
    store: Store, contracts: Sequence[Contract], periods: Iterable[dict[str, Any]], recorded_at: datetime
) -> list[dict[str, Any]]:
    """Return the charges to store of contracts that have these billing periods, and the withdrawal of stored ones that
    they no longer have. `periods` are rows of `billing_period_records`."""
    if not contracts:
        return []
    numbers: dict[str, dict[BillingPeriod, int]] = {}
    for row in periods:
        if not row["withdrawn"]:
            period = BillingPeriod(row["period_start"], row["period_end"])
            numbers.setdefault(row["contract_id"], {})[period] = row["period_id"]
    stored = store.database.rows(
        load("queries/charges_of_contracts.sql"), contract_ids=[one.contract_id for one in contracts]
    )
    before = {(row["period_id"], row["kind"], row["place"]): row for row in stored}
    rows = []
    for contract in contracts:
        of_contract = numbers.get(contract.contract_id, {})
        for charge in charges_of(contract, sorted(of_contract)):
            number = of_contract[charge.period]
            before.pop((number, charge.kind, charge.place), None)
            rows.append(
                {
                    "period_id": number,
                    "kind": charge.kind,
                    "place": charge.place,
                    "contract_id": contract.contract_id,
                    "charge_id": charge.charge_id,
                    "name": charge.name,
                    "due_at": charge.due_at,
                    "service_start": charge.service_start,
                    "service_end": charge.service_end,
                    "quantity": charge.quantity,
                    "exact_amount": charge.exact_amount,
                    "percent": charge.percent,
                    "products": list(charge.products),
                    "tags": list(charge.tags),
                    "counts_fees": charge.counts_fees,
                    "withdrawn": False,
                    "recorded_at": recorded_at,
                }
            )
    return rows + [{**row, "withdrawn": True, "recorded_at": recorded_at} for row in before.values()]


def charge_rows_of_extended(
    store: Store, contracts: Sequence[Contract], added: Sequence[dict[str, Any]], recorded_at: datetime
) -> list[dict[str, Any]]:
    """Return the charges of stored contracts whose billing periods go on with `added`."""
    if not contracts:
        return []
    stored = store.database.rows(
        load("queries/periods_of_contracts.sql"), contract_ids=[one.contract_id for one in contracts]
    )
    return charge_rows(store, contracts, [*stored, *added], recorded_at)
