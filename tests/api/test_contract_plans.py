"""Plans of contracts, and contracts from exports: what would change, what does, and what is refused with its line."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.contracts.changes import TermChange, term_changes
from api.http.app import create_app
from api.http.in_process import in_process_client
from tests.api.http_world import CONTRACTS, NOW, answer_of, set_up
from tests.conftest import Engine

YAML = {"Content-Type": "application/yaml"}
MAPPING = """
uniqueness_key: opportunity
columns: {start: {date: "%m/%d/%Y"}, amount: {thousands: ","}}
customer: {customer_id: "{account}", name: "{account.name}"}
contract:
  contract_id: "crm-{opportunity}"
  customer_id: "{account}"
  rate_card: acme
  starts_at: "{start}T00:00:00Z"
  ends_at: "{end}T00:00:00Z"
  grants:
    - when: "{amount}"
      grant_id: "{opportunity}-{line}"
      unit: USD
      amount: "{amount}"
      effective_at: "{start}T00:00:00Z"
"""
EXPORT = """opportunity,account,account.name,start,end,line,amount
SF-1,kiwi-2,Kiwi Two,02/01/2026,,1,"1,000.50"
SF-1,kiwi-2,Kiwi Two,02/01/2026,,2,250
SF-2,kiwi-3,"Kiwi, Three",03/01/2026,2027-03-01,1,
"""


@pytest.fixture(scope="module")
def kept(engine: Engine) -> Iterator[httpx.Client]:
    """For requests that change nothing."""
    with engine.store(lambda: NOW) as store, in_process_client(create_app(store, local=True)) as client:
        set_up(client)
        yield client


@pytest.fixture
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, in_process_client(create_app(store, local=True)) as client:
        set_up(client)
        yield client


def _plan(client: httpx.Client, text: str) -> dict[str, Any]:
    planned: dict[str, Any] = answer_of(client.post("/v1/contracts/plan", content=text, headers=YAML))
    return planned


def _import(
    client: httpx.Client, export: str, mapping: str = MAPPING, *, dry_run: bool = False
) -> httpx.Response:
    return client.post(
        "/v1/contracts/import", json={"mapping": mapping, "export": export, "dry_run": dry_run}
    )


def test_changes_are_named_by_id_and_new_terms_are_told_whole() -> None:
    before = {"name": "A", "grants": [{"grant_id": "g1", "amount": "50"}, {"grant_id": "g2", "amount": "1"}]}
    after = {"name": "A", "grants": [{"grant_id": "g1", "amount": "60"}], "tags": ["x"]}
    assert term_changes(before, after) == (
        TermChange("grants[g1].amount", "50", "60"),
        TermChange("grants[g2]", '{"grant_id": "g2", "amount": "1"}', None),
        TermChange("tags", None, '["x"]'),
    )
    assert term_changes(after, after) == ()


def test_a_plan_says_what_changes_and_stores_nothing(kept: httpx.Client) -> None:
    assert {one["action"] for one in _plan(kept, CONTRACTS)["changes"]} == {"unchanged"}
    stored = answer_of(kept.get("/v1/contracts"))
    changed = CONTRACTS.replace("name: Kiwi,", "name: Kiwi Ltd,")
    assert changed != CONTRACTS
    [one] = [one for one in _plan(kept, changed)["changes"] if one["action"] != "unchanged"]
    assert one == {
        "kind": "customer",
        "id": "c2",
        "action": "change",
        "changes": [{"path": "name", "before": "Kiwi", "after": "Kiwi Ltd"}],
    }
    assert answer_of(kept.get("/v1/contracts")) == stored
    assert answer_of(kept.get("/v1/customers/c2"))["name"] == "Kiwi"


def test_a_plan_refuses_what_applying_refuses(kept: httpx.Client) -> None:
    bad = CONTRACTS.replace("customer_id: c1\n", "customer_id: nobody\n", 1)
    planned = kept.post("/v1/contracts/plan", content=bad, headers=YAML)
    applied = kept.put("/v1/contracts", content=bad, headers=YAML)
    assert planned.status_code == applied.status_code == 422
    assert planned.json()["errors"] == applied.json()["errors"]


def test_an_export_becomes_contracts_once(client: httpx.Client) -> None:
    dry = answer_of(_import(client, EXPORT, dry_run=True))
    assert (dry["rows"], dry["applied"]) == (3, None)
    done = answer_of(_import(client, EXPORT))
    assert (done["applied"]["contracts"], done["applied"]["customers"], done["applied"]["grants"]) == (
        2,
        2,
        2,
    )
    first = answer_of(client.get("/v1/contracts/crm-SF-1"))
    assert first["document"]["uniqueness_key"] == "SF-1"
    assert [(grant["grant_id"], grant["amount"]) for grant in first["document"]["grants"]] == [
        ("SF-1-1", "1000.5"),
        ("SF-1-2", "250"),
    ]
    second = answer_of(client.get("/v1/contracts/crm-SF-2"))
    assert (second["document"]["grants"], second["ends_at"]) == ([], "2027-03-01T00:00:00Z")
    again = answer_of(_import(client, EXPORT))
    assert again["applied"]["contracts"] == again["applied"]["customers"] == 0


def test_a_known_key_changes_its_contract_whatever_the_mapping_calls_it(client: httpx.Client) -> None:
    answer_of(_import(client, EXPORT))
    renamed = MAPPING.replace("crm-{opportunity}", "other-{opportunity}")
    planned = answer_of(_import(client, EXPORT.replace("250", "300"), renamed, dry_run=True))
    [one] = [one for one in planned["plan"]["changes"] if one["action"] != "unchanged"]
    assert (one["id"], one["changes"]) == (
        "crm-SF-1",
        [{"path": "grants[SF-1-2].amount", "before": "250", "after": "300"}],
    )


def test_rows_of_json_name_members_of_objects(client: httpx.Client) -> None:
    rows = [
        {"opportunity": 7, "account": "k7", "amount": None, "start": "02/01/2026", "end": None, "line": 1}
    ]
    export = json.dumps({"records": [{**rows[0], "account": {"id": "k7", "name": "Seven"}}]})
    mapping = MAPPING.replace('"{account}"', '"{account.id}"')
    done = answer_of(_import(client, export, mapping))
    assert done["document"]["customers"] == [{"customer_id": "k7", "name": "Seven"}]


@pytest.mark.parametrize(
    ("export", "line", "code"),
    [
        (EXPORT.replace("02/01/2026,,2", "02/30/2026,,2"), 3, "invalid_instant"),
        (EXPORT.replace('"1,000.50"', "many"), 2, "invalid_number"),
        (EXPORT.replace("Kiwi Two,02/01/2026,,2", "Kiwi Zwei,02/01/2026,,2"), 3, "rows_disagree"),
        (EXPORT.replace("SF-2,", ","), 4, "missing_field"),
        (EXPORT.replace("2027-03-01", "2025-03-01"), 4, "end_before_start"),
        (EXPORT.replace(",line,", ",row,"), 2, "unknown_column"),
        (EXPORT + "SF-3,kiwi\n", 5, "wrong_type"),
        (EXPORT + 'SF-3,"kiwi', 5, "wrong_type"),
        ("", 1, "missing_field"),
        ("[1, 2]", 1, "wrong_type"),
        ('[{"opportunity": }]', 1, "wrong_type"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(
    kept: httpx.Client, export: str, line: int, code: str
) -> None:
    before = answer_of(kept.get("/v1/contracts"))
    answer = _import(kept, export)
    assert answer.status_code == 422, answer.text
    errors = answer.json()["errors"]
    assert (line, code) in [(error["line"], error["code"]) for error in errors], errors
    assert all(error["fix"] for error in errors)
    assert answer_of(kept.get("/v1/contracts")) == before


def test_two_contracts_never_have_one_key(client: httpx.Client) -> None:
    answer_of(_import(client, EXPORT))
    text = """
contracts:
  - {contract_id: k9, customer_id: kiwi-3, uniqueness_key: SF-1, rate_card: acme, starts_at: "2030-01-01T00:00:00Z"}
"""
    refused = client.put("/v1/contracts", content=text, headers=YAML)
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert (error["code"], "crm-SF-1" in error["fact"]) == ("uniqueness_key_taken", True)
