"""The audit trail over HTTP and on the command line: who did what, filters, pages, and a chain to be checked."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http.app import create_app
from api.http.in_process import in_process_client
from api.operations.keys import create_key
from tests.api.cli_world import Run, fill, served_command_line
from tests.api.http_world import CARD, CONTRACTS, NOW, answer_of, pages, problem_of, set_up
from tests.conftest import Engine

AUDIT = "/v1/audit"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    """A store of which key 1 set up all, and key 2 put a dearer version in force for some."""
    with engine.store(lambda: NOW) as store, in_process_client(create_app(store)) as client:
        first, second = (create_key(store, name) for name in ("first", "second"))
        client.headers["X-API-Key"] = first.key
        set_up(client)
        client.headers["X-API-Key"] = second.key
        dearer = CARD.replace('unit_amount: "2", unit: credit', 'unit_amount: "3", unit: credit')
        answer_of(client.post("/v1/rate-cards", content=dearer, params={"author": "ada"}))
        body = {
            "rate_card_version": 2,
            "active_from": "2026-01-06T00:00:00Z",
            "cohort": {"percent": "100"},
            "author": "ada",
            "note": "one first",
        }
        answer_of(client.post("/v1/rate-cards/acme/activations", json=body))
        answer_of(client.post("/v1/rate-cards/acme/rollbacks", json={}))
        more = CONTRACTS.replace("name: Kiwi", "name: Kiwi Ltd")
        answer_of(client.put("/v1/contracts", content=more, params={"author": "bob", "note": "renamed"}))
        answer_of(client.delete(f"/v1/keys/{first.key_id}"))
        client.headers["X-First"], client.headers["X-Second"] = first.key_id, second.key_id
        yield client


def trail(client: httpx.Client, **filters: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = answer_of(client.get(AUDIT, params=filters))["items"]
    return items


def test_who_did_what(client: httpx.Client) -> None:
    found = [(one["sequence"], one["action"], one["actor"], one["author"]) for one in trail(client)]
    first, second = (f"key:{client.headers[name]}" for name in ("X-First", "X-Second"))
    assert found == [
        (11, "key_revoke", second, ""),
        (10, "contracts", second, "bob"),
        (9, "rollback", second, ""),
        (8, "activate", second, "ada"),
        (7, "publish", second, "ada"),
        (6, "contracts", first, ""),
        (5, "activate", first, ""),
        (4, "publish", first, ""),
        (3, "key_create", "runrate", ""),
        (2, "key_create", "runrate", ""),
        (1, "begin", "runrate", ""),
    ]


def test_where_it_applied_and_what_was_there(client: httpx.Client) -> None:
    entries = {one["sequence"]: one for one in trail(client)}
    some = entries[8]
    assert (some["rate_card"], some["rate_card_version"], some["note"]) == ("acme", 2, "one first")
    assert (some["cohort"], some["active_from"]) == ({"percent": "100"}, "2026-01-06T00:00:00Z")
    assert (some["contracts"], some["before"]) == (2, {"contracts_by_version": {"1": 2}})
    assert some["content_hash"] == entries[7]["content_hash"] == entries[7]["after"]["content_hash"]
    assert entries[9]["before"] == {"contracts_by_version": {"2": 2}}
    assert (entries[10]["contract_ids"], list(entries[10]["after"]["customers"])) == ([], ["c2"])
    assert entries[11]["key_id"] == client.headers["X-First"]
    assert (entries[11]["rate_card"], entries[11]["cohort"], entries[11]["active_from"]) == (None, None, None)
    assert not any(one["interrupted"] for one in entries.values())


def test_filters(client: httpx.Client) -> None:
    def numbers(**filters: str) -> list[int]:
        return [one["sequence"] for one in trail(client, **filters)]

    assert numbers(rate_card="acme") == [9, 8, 7, 5, 4]
    assert numbers(rate_card="acme", action="publish") == [7, 4]
    assert numbers(contract_id="k1") == [6]
    assert numbers(contract_id="k2:eu/1") == [6]
    assert numbers(action="schedule") == []
    since = trail(client)[1]["recorded_at"]
    assert numbers(since=since) == [11, 10]


def test_pages(client: httpx.Client) -> None:
    whole = trail(client)
    for limit in (1, 4, 11):
        assert pages(client, AUDIT, limit) == whole
    assert [one["sequence"] for one in pages(client, AUDIT, 2, rate_card="acme")] == [9, 8, 7, 5, 4]


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"rate_card": "acme-2"}, 422, "invalid_parameter"),
        ({"rate_card": ""}, 422, "invalid_parameter"),
        ({"rate_card": "x" * 300}, 422, "invalid_parameter"),
        ({"rate_card": "acme' OR 1=1 --"}, 422, "invalid_parameter"),
        ({"contract_id": "k9"}, 422, "invalid_parameter"),
        ({"contract_id": "a\x00b"}, 422, "invalid_parameter"),
        ({"action": "PUBLISH"}, 422, "invalid_parameter"),
        ({"action": "publish,activate"}, 422, "invalid_parameter"),
        ({"since": "yesterday"}, 422, "invalid_parameter"),
        ({"since": "0001-01-01T00:00:00Z"}, 422, "invalid_parameter"),
        ({"limit": "0"}, 422, "invalid_parameter"),
        ({"limit": "1e3"}, 422, "invalid_parameter"),
        ({"cursor": "x"}, 400, "invalid_cursor"),
        ({"cursor": "A" * 4000}, 400, "invalid_cursor"),
        ({"cursor": "A" * 5000}, 422, "invalid_parameter"),
        ({"card": "acme"}, 400, "unknown_parameter"),
        ({"action": ["publish", "set"]}, 400, "unknown_parameter"),
    ],
)
def test_odd_requests(client: httpx.Client, parameters: dict[str, Any], status: int, code: str) -> None:
    problem_of(client.get(AUDIT, params=parameters), status, code)


def test_a_cursor_belongs_to_its_filters(client: httpx.Client) -> None:
    cursor = answer_of(client.get(AUDIT, params={"limit": 1}))["next_cursor"]
    other = {"limit": 1, "cursor": cursor, "rate_card": "acme"}
    problem_of(client.get(AUDIT, params=other), 400, "invalid_cursor")


def test_anyone_can_check_the_chain_from_the_answer(client: httpx.Client) -> None:
    """As docs/operations.md says it, from nothing but a SQL client's rows or these entries."""
    page = answer_of(client.get(AUDIT))
    previous = ""
    for one in reversed(page["items"]):
        assert one["previous_hash"] == previous
        previous = one["entry_hash"]
    last = page["items"][0]
    assert page["head"] == {"sequence": last["sequence"], "entry_hash": previous}


def test_the_hash_by_hand(client: httpx.Client) -> None:
    """The revocation: no instant of activation, no contracts, JSON with sorted keys and no spaces."""
    revoked, renamed = trail(client)[:2]
    at = (datetime.fromisoformat(revoked["recorded_at"]) - EPOCH) // timedelta(milliseconds=1)
    before, after = ('{"name":"first","state":"good"}', '{"name":"first","state":"revoked"}')
    fields = ["11", str(at), "key_revoke", revoked["actor"], "", "", "", "0", "", revoked["key_id"]]
    fields += ["", "", "", "0", before, after, renamed["entry_hash"]]
    text = "".join(f"{len(field)}:{field}," for field in fields)
    assert revoked["entry_hash"] == hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def run(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with served_command_line(engine) as run:
        fill(run, tmp_path_factory.mktemp("files"))
        yield run


def test_the_command_line(run: Run, tmp_path: Path) -> None:
    future = ("--from", "2027-01-01T00:00:00Z", "--cohort", "{percent: 5}", "--note", "first stage")
    assert run("ratecard", "activate", "acme-ai", "1", *future, RUNRATE_AUTHOR="ada").code == 0
    found = run("audit", "--json").json
    assert [one["action"] for one in found["items"]] == [
        "schedule",
        "contracts",
        "activate",
        "publish",
        "key_create",
        "begin",
    ]
    assert found["head"]["entry_hash"] == found["items"][0]["entry_hash"]
    table = run("audit").out
    for text in (
        "acme-ai version 1",
        "5 % of customers from 2027-01-01T00:00:00Z",
        "ada",
        "first stage",
        "k1, k2",
    ):
        assert text in table
    assert f"head: entry 6, {found['head']['entry_hash']}" in table
    assert len(run("audit", "--card", "acme-ai", "--action", "publish", "--json").json["items"]) == 1
    assert "(no entry is like that)" in run("audit", "--action", "rollback").out
    assert len(run("audit", "--contract", "k1", "--json").json["items"]) == 1
    assert run("audit", "--since", "tomorrow").code == 2
    refused = run("audit", "--card", "nobody")
    assert (refused.code, "there is no such rate card" in refused.err) == (1, True)
    (tmp_path / "contracts.yaml").write_text("customers: [{customer_id: c3, name: C}]\n", encoding="utf-8")
    told = ("--author", "bob", "--note", "new")
    assert run("contracts", "apply", str(tmp_path / "contracts.yaml"), *told).code == 0
    latest = run("audit", "--json").json["items"][0]
    assert (latest["author"], latest["note"], latest["contract_ids"]) == ("bob", "new", [])
    assert "customers" in run("audit", "--action", "contracts").out


def test_the_head_that_was_kept(run: Run) -> None:
    head = run("audit", "--json").json["head"]["entry_hash"]
    assert head in run("audit").out
    assert run("key", "create", "later").code == 0
    done = run("audit", "--expect-head", head)
    assert done.code == 0
    assert "has the hash that was kept" in done.out
    lost = run("audit", "--expect-head", "0" * 64)
    assert (lost.code, lost.out) == (1, "")
    assert "no entry of the audit trail has the hash 000" in lost.err
    assert run("audit", "--expect-head", "0" * 12).code == 2


def test_the_table_fits_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.output.PIPE_WIDTH", 120)
    lines = run("audit").out.splitlines()
    assert "recorded" in lines[1]
    assert max(map(len, lines)) <= 120
