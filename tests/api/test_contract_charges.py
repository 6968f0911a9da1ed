"""Fees, discounts, minimums and commits in contracts files: what they mean, and what is refused with its place."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from api.contracts import ContractErrors, billing_periods, charges_of, read_contracts
from api.operations.begin_periods import begin_periods
from api.operations.contracts import apply_contracts, extend_periods
from api.reads.invoices import get_invoice, list_invoices
from api.store import Store
from tests.api.contract_texts import contract, customer, document, read, refusals
from tests.conftest import Engine
from tests.database.billing import JANUARY, card, publish

FEE = {"fee_id": "platform", "amount": "50.00", "interval": "month"}
PREPAID = {
    "commit_id": "m1",
    "kind": "prepaid",
    "amount": "100",
    "unit": "USD",
    "paid": "90.00",
    "effective_at": "2026-01-01T00:00:00Z",
}
POSTPAID = {"commit_id": "m2", "kind": "postpaid", "amount": "1000.00", "period": "month"}
ENDS = {"ends_at": "2026-07-01T00:00:00Z"}


def schedule(*amounts: str, at: str = "2026-02-01T00:00:00Z") -> dict[str, Any]:
    return {"invoice_schedule": [{"at": at, "amount": amount} for amount in amounts]}


@pytest.mark.parametrize(
    ("terms", "code", "path"),
    [
        ({"fees": [FEE | {"amount": "-1"}]}, "number_out_of_range", "fees[1].amount"),
        ({"fees": [{**FEE, "interval": "week"}]}, "unknown_choice", "fees[1].interval"),
        ({"fees": [{**FEE, "interval": None}]}, "missing_field", "fees[1].interval"),
        ({"fees": [FEE | {"in_advance": "maybe"}]}, "unknown_choice", "fees[1].in_advance"),
        ({"fees": [FEE | {"prorate": "days"}]}, "unknown_choice", "fees[1].prorate"),
        ({"fees": [FEE | {"price": "1"}]}, "unknown_key", "fees[1].price"),
        ({"fees": [FEE | {"at": "2026-01-02T00:00:00Z"}]}, "unknown_key", "fees[1].at"),
        ({"fees": [FEE, FEE | {"amount": "1"}]}, "duplicate_name", "fees[2]"),
        ({"fees": [FEE | {"from": "2026-08-01T00:00:00Z"}], **ENDS}, "outside_contract", "fees[1].from"),
        ({"fees": [FEE | {"to": "2025-08-01T00:00:00Z"}]}, "outside_contract", "fees[1].to"),
        (
            {"fees": [FEE | {"interval": "once", "at": "2025-12-31T23:59:59.999Z"}]},
            "outside_contract",
            "fees[1].at",
        ),
        (
            {"fees": [FEE | {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}]},
            "end_before_start",
            "fees[1].to",
        ),
        (
            {
                "fees": [
                    FEE
                    | {
                        "quantities": [
                            {"from": "2026-02-01T00:00:00Z", "quantity": "1"},
                            {"from": "2026-01-01T00:00:00Z", "quantity": "2"},
                        ]
                    }
                ]
            },
            "not_in_order",
            "fees[1].quantities[2].from",
        ),
        (
            {"fees": [FEE | {"quantity": "1", "quantities": []}]},
            "unknown_key",
            "fees[1].quantities",
        ),
        ({"discounts": [{"percent": "100.1"}]}, "number_out_of_range", "discounts[1].percent"),
        ({"discounts": [{"percent": "-5"}]}, "number_out_of_range", "discounts[1].percent"),
        ({"discounts": [{"amount": "-5.00"}]}, "number_out_of_range", "discounts[1].amount"),
        ({"discounts": [{"products": ["a"]}]}, "missing_field", "discounts[1].percent"),
        ({"discounts": [{"percent": "5", "amount": "5"}]}, "missing_field", "discounts[1].percent"),
        ({"discounts": [{"percent": "5", "product": "a"}]}, "unknown_key", "discounts[1].product"),
        ({"minimum": {"amount": "-1"}}, "number_out_of_range", "minimum.amount"),
        ({"minimum": {"prorate": "exact"}}, "missing_field", "minimum.amount"),
        ({"minimum": "100.00"}, "wrong_type", "minimum"),
        ({"commits": [{"commit_id": "m1"}]}, "missing_field", "commits[1].kind"),
        (
            {"commits": [PREPAID | schedule("30.00", "30.00")]},
            "schedule_not_complete",
            "commits[1].invoice_schedule",
        ),
        (
            {"commits": [PREPAID | schedule("90.00")], "ends_at": "2026-01-20T00:00:00Z"},
            "outside_contract",
            "commits[1].invoice_schedule[1].at",
        ),
        (
            {"commits": [PREPAID | {"effective_at": "2025-01-01T00:00:00Z"}]},
            "outside_contract",
            "commits[1].effective_at",
        ),
        ({"commits": [PREPAID | {"amount": "0"}]}, "number_out_of_range", "commits[1].amount"),
        ({"commits": [PREPAID | {"overage_rate": "0"}]}, "number_out_of_range", "commits[1].overage_rate"),
        (
            {"commits": [PREPAID | {"unit": "USD", "overage_rate": "0.5"}]},
            "overage_rate_of_currency",
            "commits[1].overage_rate",
        ),
        ({"commits": [PREPAID, PREPAID]}, "duplicate_name", "commits[2]"),
        ({"commits": [POSTPAID | {"period": "contract"}]}, "commit_without_end", "commits[1].period"),
        ({"commits": [POSTPAID | {"unit": "USD"}]}, "unknown_key", "commits[1].unit"),
    ],
)
def test_what_is_refused(terms: dict[str, Any], code: str, path: str) -> None:
    assert (code, f"contracts[1].{path}") in refusals(document(contract(**terms)))


def test_a_stored_document_reads_as_the_contract_that_it_is_of() -> None:
    terms = {
        "fees": [
            FEE | {"quantity": "3", "in_advance": True, "prorate": "exact"},
            FEE | {"fee_id": "setup", "interval": "once"},
            FEE
            | {
                "fee_id": "seats",
                "quantities": [{"from": "2026-01-01T00:00:00Z", "quantity": "2"}],
                "to": "2026-03-01T00:00:00Z",
            },
        ],
        "discounts": [{"percent": "10.0", "tags": ["ai"]}, {"amount": "5.00", "name": "Welcome"}],
        "minimum": {"amount": "100.00", "counts_fees": True},
        "commits": [POSTPAID, PREPAID | {"price": "90", "paid": None}],
    }
    [one] = read(contract(**terms)).contracts
    [again] = read_contracts(f'{{"contracts": [{one.document}]}}').contracts
    assert again == one
    assert [grant.grant_id for grant in one.all_grants] == ["m1"]
    assert "fees" not in json.loads(read(contract()).contracts[0].document)


def test_a_fee_of_a_third_is_rounded_once_to_24_decimals() -> None:
    """February has 28 days: from the 19th 10 of them are left, 10 / 28 of 1.00."""
    [one] = read(
        contract(starts_at="2026-02-19T00:00:00Z", fees=[FEE | {"amount": "1.00", "prorate": "exact"}])
    ).contracts
    periods = billing_periods(one.starts_at, None, "UTC", 1, datetime(2026, 3, 2, tzinfo=UTC))
    first = charges_of(one, periods)[0]
    assert first.exact_amount == Decimal("0.357142857142857142857143")
    assert (first.place, first.due_at) == (1, datetime(2026, 3, 1, tzinfo=UTC))


def stored_with(store: Store, **terms: Any) -> None:
    publish(store, card(), JANUARY)
    apply_contracts(
        store, document(contract(rate_card="acme", **terms), customers=[customer()]), "contracts.yaml"
    )


@pytest.mark.parametrize(
    ("terms", "path"),
    [
        ({"fees": [FEE | {"amount": "0.005"}]}, "fees[1].amount"),
        ({"discounts": [{"amount": "1.001"}]}, "discounts[1].amount"),
        ({"minimum": {"amount": "0.001"}}, "minimum.amount"),
        ({"commits": [POSTPAID | {"amount": "1.999"}]}, "commits[1].amount"),
        (
            {"commits": [PREPAID | schedule("0.005", "89.995")]},
            "commits[1].invoice_schedule[1].amount",
        ),
    ],
)
def test_money_finer_than_its_currency_is_refused(store: Store, terms: dict[str, Any], path: str) -> None:
    with pytest.raises(ContractErrors) as refused:
        stored_with(store, **terms)
    error = refused.value.errors[0]
    assert (error.code, error.path) == ("money_too_fine", f"contracts[1].{path}")
    assert "USD has more than 2 decimals" in error.fact


def test_a_discount_for_an_unknown_product_is_stored_with_a_warning(store: Store) -> None:
    publish(store, card(), JANUARY)
    terms = contract(rate_card="acme", discounts=[{"percent": "5", "products": ["cals"], "tags": ["ai"]}])
    applied = apply_contracts(store, document(terms, customers=[customer()]), "contracts.yaml")
    assert [(warning.code, warning.path) for warning in applied.warnings] == [
        ("unknown_scope", "contracts[1].discounts[1].products"),
        ("unknown_scope", "contracts[1].discounts[1].tags"),
    ]


def totals(store: Store) -> dict[str, str]:
    return {one.period_start[:10]: one.total for one in list_invoices(store).items}


def test_what_is_due_shows_as_time_goes_on_and_changes_with_the_contract(engine: Engine) -> None:
    now = datetime(2026, 1, 15, tzinfo=UTC)
    fees = [
        FEE,
        FEE | {"fee_id": "setup", "amount": "9.00", "interval": "once", "at": "2026-01-20T00:00:00Z"},
    ]
    with engine.store(clock=lambda: now) as store:
        stored_with(store, fees=fees)
        assert totals(store) == {"2026-01-01": "0.00"}
        now = datetime(2026, 1, 20, tzinfo=UTC)
        assert begin_periods(store)
        assert totals(store) == {"2026-01-01": "9.00"}
        assert not begin_periods(store)
        now = datetime(2026, 2, 1, tzinfo=UTC)
        begin_periods(store)
        assert totals(store) == {"2026-01-01": "59.00", "2026-02-01": "0.00"}
        terms = contract(rate_card="acme", fees=[FEE | {"in_advance": True, "amount": "7.00"}])
        apply_contracts(store, document(terms), "contracts.yaml")
        assert totals(store) == {"2026-01-01": "7.00", "2026-02-01": "7.00"}
        apply_contracts(store, document(contract(rate_card="acme")), "contracts.yaml")
        assert totals(store) == {"2026-01-01": "0.00", "2026-02-01": "0.00"}


def test_charges_go_on_with_the_periods_of_an_open_contract(engine: Engine) -> None:
    now = datetime(2026, 1, 15, tzinfo=UTC)
    with engine.store(clock=lambda: now) as store:
        stored_with(store, minimum={"amount": "10.00"})
        now = datetime(2027, 12, 15, tzinfo=UTC)
        assert extend_periods(store) > 0
        begin_periods(store)
        found = totals(store)
    assert found["2027-12-01"] == "10.00"
    assert set(found.values()) == {"10.00"}


def test_an_invoice_prints_the_steps_of_its_calculation(engine: Engine) -> None:
    now = datetime(2026, 1, 15, tzinfo=UTC)
    with engine.store(clock=lambda: now) as store:
        stored_with(store, minimum={"amount": "10.00"}, fees=[FEE | {"in_advance": True}])
        invoice = get_invoice(store, "k1:2026-01-01")
    assert invoice is not None
    assert [(one.step, one.amount) for one in invoice.calculation] == [
        ("usage", "0.00"),
        ("amount_discounts", "0.00"),
        ("percent_discounts", "0.00"),
        ("minimum", "10.00"),
        ("fees", "50.00"),
        ("commits", "0.00"),
        ("credits", "0.00"),
        ("tax", "0.00"),
        ("total", "60.00"),
    ]
    assert [(line.line_id, line.name, line.service_end) for line in invoice.lines] == [
        ("minimum:minimum", "Minimum", "2026-02-01T00:00:00Z"),
        ("fee:platform", "platform", "2026-02-01T00:00:00Z"),
    ]
