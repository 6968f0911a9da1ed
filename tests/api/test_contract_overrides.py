"""Overrides in contracts files: what they say, when each holds, what is refused, and what is warned of."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from api.contracts import ContractErrors, read_contracts
from api.contracts.card_checks import PublishedCard, override_warnings
from api.contracts.override_reader import MOST_OVERRIDES
from api.contracts.override_slices import override_slices
from ratecard_compiler import Tier
from ratecard_compiler.overrides import Override
from tests.api.contract_texts import contract, document, read, refusals

TIERS = [{"up_to": "100", "unit_amount": "0.10"}, {"up_to": None, "unit_amount": "0.08", "flat_amount": "1"}]


def at(day: int) -> datetime:
    return datetime(2026, 1, day, tzinfo=UTC)


def test_everything_that_an_override_says() -> None:
    said = {
        "products": ["b", "a"],
        "tags": ["ai"],
        "dimensions": {"region": "eu", "model": "large"},
        "tiers": TIERS,
        "from": "2026-01-05T00:00:00Z",
        "to": "2026-01-10T00:00:00Z",
    }
    [found] = read(contract(overrides=[said])).contracts[0].overrides
    assert found.override == Override(
        products=("b", "a"),
        tags=("ai",),
        dimensions=(("model", "large"), ("region", "eu")),
        tiers=(
            Tier(Decimal(100), Decimal("0.10"), Decimal(0)),
            Tier(None, Decimal("0.08"), Decimal(1)),
        ),
    )
    assert (found.starts_at, found.ends_at) == (at(5), at(10))


def test_the_stored_text_is_the_contract() -> None:
    overrides = [
        {"multiplier": "0.80"},
        {"products": ["a"], "unit_amount": "1"},
        {"tags": ["ai"], "tiers": TIERS},
    ]
    found = read(contract(overrides=overrides)).contracts[0]
    assert json.loads(found.document)["overrides"][0] == {
        "products": [],
        "tags": [],
        "dimensions": {},
        "multiplier": "0.8",
        "from": None,
        "to": None,
    }
    assert read_contracts(f'{{"contracts": [{found.document}]}}').contracts[0] == found


def test_a_contract_without_overrides_has_the_text_that_it_had() -> None:
    assert "overrides" not in json.loads(read(contract(overrides=[])).contracts[0].document)


def test_slices_are_cut_where_overrides_start_and_end() -> None:
    found = read(
        contract(
            starts_at="2026-01-02T00:00:00Z",
            ends_at="2026-01-20T00:00:00Z",
            overrides=[
                {"multiplier": "0.8", "from": "2026-01-05T00:00:00Z", "to": "2026-01-10T00:00:00Z"},
                {"multiplier": "0.8", "from": "2026-01-10T00:00:00Z", "to": "2026-01-12T00:00:00Z"},
                {"unit_amount": "1", "from": "2026-01-08T00:00:00Z"},
                {"unit_amount": "2", "from": "2025-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
                {"unit_amount": "3", "from": "2026-01-20T00:00:00Z"},
            ],
        )
    ).contracts[0]
    slices = override_slices(found)
    # On the 10th one multiplier follows another that says the same: nothing changes.
    assert [(one.start, len(one.overrides)) for one in slices] == [(at(5), 1), (at(8), 2), (at(12), 1)]
    assert len({one.set_hash for one in slices}) == 3


def test_contracts_with_equal_terms_share_their_sets() -> None:
    first = read(contract(overrides=[{"products": ["a", "b"], "multiplier": "0.5"}])).contracts[0]
    other = read(
        contract(contract_id="k2", overrides=[{"products": ["b", "a"], "multiplier": "0.50", "tags": []}])
    ).contracts[0]
    assert override_slices(first)[0].set_hash == override_slices(other)[0].set_hash


@pytest.mark.parametrize(
    ("said", "code", "path"),
    [
        ({}, "override_without_terms", ""),
        ({"multiplier": "0.8", "unit_amount": "1"}, "override_without_terms", ""),
        ({"unit_amount": "1", "tiers": TIERS}, "override_without_terms", ""),
        ({"multiplier": "-0.1"}, "number_out_of_range", ".multiplier"),
        ({"multiplier": "1000000"}, "number_out_of_range", ".multiplier"),
        ({"multiplier": "0.1234567891"}, "number_out_of_range", ".multiplier"),
        ({"multiplier": "80 %"}, "invalid_number", ".multiplier"),
        ({"multiplier": ["0.8"]}, "wrong_type", ".multiplier"),
        ({"unit_amount": "cost * 2"}, "invalid_number", ".unit_amount"),
        ({"unit_amount": "100000000000000"}, "number_out_of_range", ".unit_amount"),
        (
            {"multiplier": "1", "from": "2026-02-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
            "end_before_start",
            ".to",
        ),
        ({"multiplier": "1", "from": "2026-02-01"}, "invalid_instant", ".from"),
        ({"multiplier": "1", "products": ["A b"]}, "invalid_name", ".products[1]"),
        ({"multiplier": "1", "products": "a"}, "wrong_type", ".products"),
        ({"multiplier": "1", "dimensions": ["a"]}, "wrong_type", ".dimensions"),
        ({"multiplier": "1", "dimensions": {"a": ["b"]}}, "wrong_type", ".dimensions.a"),
        ({"multiplier": "1", "dimensions": {"a": "*"}}, "invalid_text", ".dimensions.a"),
        ({"multiplier": "1", "dimensions": {"a": ""}}, "invalid_text", ".dimensions.a"),
        ({"multiplier": "1", "dimensions": {"A": "b"}}, "invalid_name", ".dimensions.A"),
        ({"multiplier": "1", "product": "a"}, "unknown_key", ".product"),
        ({"tiers": []}, "invalid_tiers", ".tiers"),
        ({"tiers": [*reversed(TIERS)]}, "invalid_tiers", ".tiers[1].up_to"),
        ({"tiers": [TIERS[0], TIERS[0], TIERS[1]]}, "invalid_tiers", ".tiers[2].up_to"),
        ({"tiers": TIERS[:1]}, "invalid_tiers", ".tiers[1].up_to"),
        ({"tiers": [{"up_to": None, "rate_percent": "1"}]}, "unknown_key", ".tiers[1].rate_percent"),
        ({"tiers": [{"up_to": None, "unit_amount": "margin"}]}, "invalid_number", ".tiers[1].unit_amount"),
    ],
)
def test_what_is_refused(said: dict[str, Any], code: str, path: str) -> None:
    found = refusals(document(contract(overrides=[{"multiplier": "1"}, said])))
    assert (code, f"contracts[1].overrides[2]{path}") in found


def test_so_many_overrides_and_no_more() -> None:
    assert len(read(contract(overrides=[{"multiplier": "1"}] * MOST_OVERRIDES)).contracts[0].overrides) == 200
    found = refusals(document(contract(overrides=[{"multiplier": "1"}] * (MOST_OVERRIDES + 1))))
    assert found == [("too_many_entries", "contracts[1].overrides")]
    with pytest.raises(ContractErrors, match="at most 1,000 are taken"):
        read(contract(overrides=[{"tiers": [TIERS[0]] * 1001}]))


@pytest.mark.parametrize(
    ("said", "warned"),
    [
        ({"products": ["inference"], "multiplier": "0.8"}, []),
        ({"products": ["inferense"], "multiplier": "0.8"}, [("unknown_scope", "products")]),
        (
            {"tags": ["vip"], "dimensions": {"size": "l"}, "multiplier": "1"},
            [("unknown_scope", "tags"), ("unknown_scope", "dimensions")],
        ),
        ({"products": ["platform"], "unit_amount": "1"}, [("override_without_effect", "")]),
        ({"products": ["platform"], "multiplier": "0.5"}, []),
        ({"products": ["platform", "inference"], "unit_amount": "1"}, []),
    ],
)
def test_what_no_version_has_is_warned_of(said: dict[str, Any], warned: list[tuple[str, str]]) -> None:
    card = PublishedCard("USD", ("USD",), ("inference", "platform"), ("ai",), ("model",), ("platform",))
    found = override_warnings(read(contract(overrides=[said])).contracts, {"acme-ai": card}, "contracts.yaml")
    paths = {"contracts[1].overrides[1]" + (f".{field}" if field else "") for _, field in warned}
    assert sorted(one.code for one in found) == sorted(code for code, _ in warned)
    assert {one.path for one in found} == paths
