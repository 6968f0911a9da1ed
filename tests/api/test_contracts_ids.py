"""Ids in a contracts file: what YAML or JSON would read as a number is no id before it is quoted."""

import json

import pytest

from api.contracts import ContractErrors, read_contracts
from tests.api.contract_texts import refusals

ID_PLACES = {
    "customers: [{customer_id: %s}]": "customers[1].customer_id",
    "customers: [{customer_id: c1, aliases: [a, %s]}]": "customers[1].aliases[2]",
    "contracts: [{contract_id: %s, customer_id: c1, rate_card: a, starts_at: 2026-01-01T00:00:00Z}]": (
        "contracts[1].contract_id"
    ),
    "contracts: [{contract_id: k1, customer_id: %s, rate_card: a, starts_at: 2026-01-01T00:00:00Z}]": (
        "contracts[1].customer_id"
    ),
    "contracts: [{contract_id: k1, customer_id: c1, rate_card: a, starts_at: 2026-01-01T00:00:00Z, grants: "
    "[{grant_id: %s, unit: USD, amount: 1, effective_at: 2026-01-01T00:00:00Z}]}]": (
        "contracts[1].grants[1].grant_id"
    ),
}


@pytest.mark.parametrize(("text", "path"), ID_PLACES.items())
@pytest.mark.parametrize(
    "number",
    [
        "7",
        "007",
        "-1",
        "+1",
        "1.0",
        "1.",
        ".5",
        "1e3",
        "1E-3",
        "0x1F",
        "0o17",
        "NaN",
        ".nan",
        ".NaN",
        "Infinity",
        "-Infinity",
        "-.inf",
        "true",
        "False",
    ],
)
def test_an_id_that_is_a_number_is_refused_until_it_is_quoted(text: str, path: str, number: str) -> None:
    with pytest.raises(ContractErrors) as caught:
        read_contracts(text % number)
    [error] = caught.value.errors
    assert (error.code, error.path, error.fix) == ("wrong_type", path, f'quote it: "{number}"')
    assert (error.line, error.column) == (1, text.index("%s") + 1)
    read_contracts(text % f'"{number}"')
    read_contracts(text % f"'{number}'")


def test_ids_that_are_numbers_in_json_are_refused() -> None:
    ids = {"customer_id": 1e400, "aliases": [7, float("nan"), True, "7", "NaN"]}
    assert refusals(json.dumps({"customers": [ids]})) == [
        ("wrong_type", "customers[1].customer_id"),
        *(("wrong_type", f"customers[1].aliases[{place}]") for place in (1, 2, 3)),
    ]


@pytest.mark.parametrize(
    "text", ["7-a", "1.2.3", "2026-01-01", "1_000", "e3", "nan", "inf", "no", "0xyz", "7e"]
)
def test_an_id_that_is_nearly_a_number_is_a_text(text: str) -> None:
    assert read_contracts(f"customers: [{{customer_id: {text}}}]").customers[0].customer_id == text
