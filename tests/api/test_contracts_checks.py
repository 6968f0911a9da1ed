"""Customers, contracts and grants together: in one file, and beside what is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from api.contracts import Contract, ContractErrors, ContractsDocument, StoredGrant, check_against
from ratecard_compiler.errors import MOST_ERRORS
from tests.api.contract_texts import contract, customer, document, grant, read, refusals

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("customers", "wrong"),
    [
        ([customer("c1", aliases=["c2"]), customer("c2")], ["customers[1]"]),
        ([customer("c2"), customer("c1", aliases=["c2"])], ["customers[2]"]),
        ([customer("c1", aliases=["x"]), customer("c2", aliases=["x"])], ["customers[2]"]),
        ([customer("c1", aliases=["c1"])], ["customers[1]"]),
        ([customer("c1", aliases=["x", "x"])], ["customers[1]"]),
    ],
)
def test_an_alias_names_one_customer(customers: list[dict[str, Any]], wrong: list[str]) -> None:
    assert refusals(document(customers=customers)) == [("alias_taken", path) for path in wrong]


def test_ids_are_given_once() -> None:
    text = document(
        contract(grants=[grant(), grant()]),
        contract(contract_id="k2", customer_id="c2", grants=[grant()]),
        contract(contract_id="k2", customer_id="c3"),
        customers=[customer("c1"), customer("c1")],
    )
    assert refusals(text) == [
        ("duplicate_name", "customers[2]"),
        ("duplicate_name", "contracts[1].grants[2]"),
        ("duplicate_name", "contracts[3]"),
    ]


def test_a_grant_id_is_given_once_over_the_contracts_of_a_customer() -> None:
    first = contract(ends_at="2026-02-01T00:00:00Z", grants=[grant()])
    second = contract(contract_id="k2", starts_at="2026-02-01T00:00:00Z", grants=[grant()])
    assert refusals(document(first, second)) == [("duplicate_name", "contracts[2].grants[1]")]


def span(contract_id: str, starts: str, ends: str | None, customer_id: str = "c1") -> dict[str, Any]:
    """A contract from one day to another."""
    ends_at = None if ends is None else f"{ends}T00:00:00Z"
    return contract(
        contract_id=contract_id, customer_id=customer_id, starts_at=f"{starts}T00:00:00Z", ends_at=ends_at
    )


def test_contracts_that_touch_do_not_overlap() -> None:
    found = read(
        span("k2", "2026-02-01", None),
        span("k1", "2026-01-01", "2026-02-01"),
        span("k3", "2026-01-15", None, customer_id="c2"),
    )
    assert len(found.contracts) == 3


def test_an_overlap_names_both_contracts_and_the_customer() -> None:
    with pytest.raises(ContractErrors) as caught:
        read(span("k2", "2026-01-31", None), span("k1", "2026-01-01", "2026-02-01"))
    [error] = caught.value.errors
    assert (error.code, error.path) == ("overlapping_contracts", "contracts[2]")
    assert error.fact == (
        "contract `k2` of customer `c1` starts at 2026-01-31T00:00:00Z, "
        "but its contract `k1` ends at 2026-02-01T00:00:00Z"
    )


def test_a_contract_inside_a_longer_one_and_one_after_it() -> None:
    text = document(
        span("long", "2026-01-01", "2026-12-01"),
        span("inside", "2026-02-01", "2026-03-01"),
        span("later", "2026-11-30", None),
        span("same-start", "2026-01-01", "2026-01-02", customer_id="c2"),
        span("same-start-2", "2026-01-01", None, customer_id="c2"),
    )
    assert refusals(text) == [("overlapping_contracts", f"contracts[{at}]") for at in (2, 3, 5)]


def test_an_end_that_cannot_be_read_is_not_taken_for_open() -> None:
    bad_end = span("k1", "2026-01-01", None) | {"ends_at": "2026-13-01T00:00:00Z"}
    text = document(bad_end, span("k2", "2026-02-01", None))
    assert refusals(text) == [("invalid_instant", "contracts[1].ends_at")]


class ContractRow(NamedTuple):
    """A stored contract as a store gives it."""

    contract_id: str
    customer_id: str
    starts_at: datetime
    ends_at: datetime | None


class CustomerRow(NamedTuple):
    """A stored customer as a store gives it."""

    customer_id: str
    aliases: list[str]


def test_a_contract_needs_a_customer_in_the_file_or_stored() -> None:
    found = read(
        span("k1", "2026-01-01", None, "c1"),
        span("k2", "2026-01-01", None, "c2"),
        span("k3", "2026-01-01", None, "c3"),
        span("k4", "2026-01-01", None, "old-c1"),
        customers=[customer("c1", aliases=["old-c1"])],
    )
    errors = check_against(found, [CustomerRow("c2", [])], [], [])
    assert [(error.code, error.path) for error in errors] == [
        ("unknown_customer", "contracts[3].customer_id"),
        ("unknown_customer", "contracts[4].customer_id"),
    ]
    assert errors[1].fix == "it is an alias: write `c1`"
    assert errors[0].file == "contracts.yaml"


def test_a_contract_that_overlaps_a_stored_one_is_refused() -> None:
    stored = [ContractRow("old", "c1", JANUARY, None), ContractRow("other", "c2", JANUARY, None)]
    found = read(span("new", "2026-02-01", None), customers=[customer()])
    [error] = check_against(found, [], stored, [])
    assert (error.code, error.path) == ("overlapping_contracts", "contracts[1]")
    assert "`new`" in error.fact
    assert "`old` is open" in error.fact


def test_a_new_contract_before_a_stored_one_overlaps_it_too() -> None:
    found = read(span("new", "2025-12-01", None), customers=[customer()])
    [error] = check_against(found, [], [ContractRow("old", "c1", JANUARY, None)], [])
    assert (error.code, error.path) == ("overlapping_contracts", "contracts[1]")


def test_a_contract_replaces_the_stored_one_of_its_id() -> None:
    stored = [ContractRow("old", "c1", JANUARY, None)]
    both = read(span("old", "2026-01-01", "2026-02-01"), span("new", "2026-02-01", None))
    assert check_against(both, [CustomerRow("c1", [])], stored, [StoredGrant("c1", "g1", "old")]) == ()


def test_an_alias_that_a_stored_customer_has_is_refused() -> None:
    stored = [CustomerRow("c1", ["x"]), CustomerRow("c2", ["y"])]
    found = read(customers=[customer("c3", aliases=["x"]), customer("c4", aliases=["c2"]), customer("y")])
    errors = check_against(found, stored, [], [])
    assert [(error.code, error.path) for error in errors] == [
        ("alias_taken", f"customers[{at}]") for at in (1, 2, 3)
    ]


def test_a_customer_replaces_the_stored_one_of_its_id_with_its_aliases() -> None:
    stored = [CustomerRow("c1", ["x"])]
    moved = read(customers=[customer("c1"), customer("c2", aliases=["x"])])
    assert check_against(moved, stored, [], []) == ()


def test_a_grant_id_of_another_stored_contract_is_refused() -> None:
    found = read(contract(contract_id="k2", grants=[grant()]), customers=[customer()])
    kept = [StoredGrant("c1", "g1", "k1"), StoredGrant("c2", "g1", "k9")]
    [error] = check_against(found, [], [], kept)
    assert (error.code, error.path) == ("duplicate_name", "contracts[1].grants[1]")
    assert "`k1`" in error.fact
    assert check_against(found, [], [], [StoredGrant("c1", "g1", "k2")]) == ()


def test_a_long_file_takes_no_longer_than_its_length() -> None:
    # Overlaps are found in one pass: 5,000 open contracts of one customer do not make 12 million comparisons.
    rows = tuple(
        Contract(
            f"k{number}",
            "c1",
            "a",
            JANUARY + timedelta(days=number),
            None,
            "UTC",
            "month",
            1,
            timedelta(days=1),
            (),
            "",
        )
        for number in range(5_000)
    )
    with pytest.raises(ContractErrors) as raised:
        check_against(ContractsDocument((), rows), [CustomerRow("c1", [])], [], [])
    assert len(raised.value.errors) == MOST_ERRORS
