"""The term of a contract that tops credits up: what it says, and what is refused with its reason."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from api.contracts import ContractErrors, TopUp, read_contracts
from tests.api.contract_texts import contract, read

TERM = {"unit": "credit", "threshold": "10", "amount": "50"}


def test_what_is_not_said_has_a_default() -> None:
    [found] = read(contract(top_up=TERM)).contracts
    none = timedelta(0)
    assert found.top_up == TopUp(
        "credit", Decimal(10), Decimal(50), None, Decimal(0), 1, none, 0, None, (), (), "none"
    )


def test_everything_that_it_says_is_stored_and_read_again() -> None:
    term = {
        "unit": "USD",
        "threshold": "10.50",
        "to": "80",
        "paid": "72.00",
        "max_per_day": "3",
        "cool_off": "36h",
        "priority": "-1",
        "expires_after": "30d",
        "applies_to": {"products": ["q"], "tags": ["ai"]},
        "payment": "external",
    }
    [found] = read(contract(top_up=term)).contracts
    assert found.top_up == TopUp(
        "USD",
        Decimal("10.5"),
        None,
        Decimal(80),
        Decimal(72),
        3,
        timedelta(hours=36),
        -1,
        timedelta(days=30),
        ("q",),
        ("ai",),
        "external",
    )
    [again] = read_contracts(f'{{"contracts": [{found.document}]}}').contracts
    assert again == found


def test_a_contract_without_it_is_stored_as_before() -> None:
    without: tuple[dict[str, str] | None, ...] = (None, {})
    for nothing in without:
        [found] = read(contract(top_up=nothing)).contracts
        assert found.top_up is None
        assert "top_up" not in found.document


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"amount": "10"}, "top_up_loops", "amount"),
        ({"amount": "9.99"}, "top_up_loops", "amount"),
        ({"amount": None, "to": "10"}, "top_up_loops", "to"),
        ({"to": "80"}, "ambiguous_term", "to"),
        ({"amount": None}, "missing_field", "amount"),
        ({"unit": None}, "missing_field", "unit"),
        ({"threshold": None}, "missing_field", "threshold"),
        ({"threshold": "-1"}, "number_out_of_range", "threshold"),
        ({"threshold": "0"}, "number_out_of_range", "threshold"),
        ({"max_per_day": "0"}, "number_out_of_range", "max_per_day"),
        ({"max_per_day": "1.5"}, "number_out_of_range", "max_per_day"),
        ({"paid": "-1"}, "number_out_of_range", "paid"),
        ({"cool_off": "soon"}, "invalid_duration", "cool_off"),
        ({"expires_after": "0d"}, "end_before_start", "expires_after"),
        ({"payment": "card"}, "unknown_choice", "payment"),
        ({"unit": "USD", "amount": "50.001"}, "money_too_fine", "amount"),
        ({"unit": "JPY", "threshold": "10.5"}, "money_too_fine", "threshold"),
        ({"every": "day"}, "unknown_key", "every"),
    ],
)
def test_what_is_refused(change: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(ContractErrors) as caught:
        read(contract(top_up=TERM | change))
    [error] = caught.value.errors
    assert (error.code, error.path) == (code, f"contracts[1].top_up.{field}")


def test_the_id_of_a_top_up_is_no_id_of_a_grant_and_fits() -> None:
    start = "2026-01-01T00:00:00Z"
    grant = {"grant_id": "top-up-k1-1", "unit": "credit", "amount": "1", "effective_at": start}
    with pytest.raises(ContractErrors) as caught:
        read(contract(grants=[grant]))
    assert [error.code for error in caught.value.errors] == ["invalid_name"]
    with pytest.raises(ContractErrors) as caught:
        read(contract(contract_id="k" * 241, top_up=TERM))
    assert [error.code for error in caught.value.errors] == ["invalid_text"]
