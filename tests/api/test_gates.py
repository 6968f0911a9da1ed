"""Gates over HTTP and on the command line: asked, refusing with reasons, forced, and shown."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.cli_world import CARD as CLI_CARD
from tests.api.cli_world import Run, fill, served_command_line
from tests.api.http_world import CARD, answer_of, calling, problem_of, set_up
from tests.conftest import Engine, fixed_clock

ACTIVATIONS = "/v1/rate-cards/acme/activations"
NUMBERS = "/v1/rate-cards/acme/numbers"
GATES = "/v1/rate-cards/acme/gates"
LIMIT = 'currency: USD\ngates: {max_change_percent: "10"}'
# 858,001 + 7 large tokens at 0.00002, not at 0.00001: 8.58008 more.
DEARER = CARD.replace("currency: USD", LIMIT).replace('large: "0.00001"', 'large: "0.00002"')
FROM = "2026-01-01T00:00:00Z"


@pytest.fixture
def client(engine: Engine) -> Iterator[httpx.Client]:
    """The usage of January, asked about in February."""
    with engine.store(fixed_clock(2026, 2, 3)) as store, calling(store) as client:
        set_up(client)
        answer_of(client.post("/v1/rate-cards", content=DEARER))
        yield client


def test_a_refusal_has_its_reasons_and_changes_nothing(client: httpx.Client) -> None:
    before = answer_of(client.get("/v1/invoices"))
    request = {"rate_card_version": 2, "active_from": FROM}
    problem = problem_of(client.post(ACTIVATIONS, json=request), 409, "gates_failed")
    [error] = problem["errors"]
    assert (error["gate"], error["code"]) == ("replay", "revenue_moves")
    assert "`max_change_percent` is 10" in error["fact"]
    inference = next(one for one in error["examples"] if one["product"] == "inference")
    # 0.0000005 × 1,061,102 small tokens and 0.00001 × 858,008 large ones.
    assert inference == {"product": "inference", "before": "9.110631", "after": "17.690711"}
    assert len(answer_of(client.get(ACTIVATIONS))["items"]) == 1
    assert answer_of(client.get("/v1/invoices")) == before

    done = answer_of(client.post(ACTIVATIONS, json={**request, "force": True, "note": "agreed"}))
    assert done["entries_changed"] > 0
    [made, first] = answer_of(client.get(ACTIVATIONS))["items"]
    assert [gate["gate"] for gate in made["forced"]] == ["replay"]
    assert made["forced"][0]["reasons"][0]["code"] == "revenue_moves"
    assert first["forced"] == []


def test_gates_are_asked_without_activating(client: httpx.Client) -> None:
    answer = answer_of(client.post(GATES, json={"rate_card_version": 2}))
    assert not answer["passed"]
    assert [gate["gate"] for gate in answer["gates"] if not gate["passed"]] == ["replay"]
    assert {one["way"] for one in answer["gates"][-1]["products"]} == {"sums"}
    one_customer = {"rate_card_version": 2, "cohort": {"customers": ["nobody"]}}
    assert answer_of(client.post(GATES, json=one_customer))["passed"]
    assert len(answer_of(client.get(ACTIVATIONS))["items"]) == 1
    problem_of(client.post(GATES, json={"rate_card_version": 9}), 404, "unknown_version")
    problem_of(client.post(GATES, json={}), 422, "invalid_body")
    problem_of(client.post(ACTIVATIONS, json={"rate_card_version": 2, "force": "yes"}), 422, "invalid_body")


def test_rollback_and_numbers_pass_the_gates(client: httpx.Client) -> None:
    request = {"rate_card_version": 2, "active_from": FROM, "force": True}
    answer_of(client.post(ACTIVATIONS, json=request))
    # Version 1 has no limit, so back is free; and forth again it is not.
    answer_of(client.post("/v1/rate-cards/acme/rollbacks", json={"active_from": FROM}))
    back = {"rate_card_version": 2, "active_from": FROM}
    problem_of(client.post("/v1/rate-cards/acme/rollbacks", json=back), 409, "gates_failed")
    answer_of(client.post("/v1/rate-cards/acme/rollbacks", json={**back, "force": True}))
    numbers = {"numbers": {"token_price[large]": "0.00004"}, "active_from": FROM}
    problem_of(client.post(NUMBERS, json=numbers), 409, "gates_failed")
    assert answer_of(client.post(NUMBERS, json={**numbers, "force": True}))["rate_card_version"] == 3


@pytest.fixture
def run(engine: Engine, tmp_path: Path) -> Iterator[Run]:
    """1.00 for 100 large tokens and 1.00 for 1,000 small ones in January; version 2 has large at 0.02."""
    with served_command_line(engine) as run:
        fill(run, tmp_path)
        text = CLI_CARD.replace("currency: USD", LIMIT).replace('"0.01"', '"0.02"')
        (tmp_path / "next.yaml").write_text(text, encoding="utf-8")
        assert run("ratecard", "publish", str(tmp_path / "next.yaml")).code == 0
        yield run


def test_gates_on_the_command_line(run: Run) -> None:
    asked = run("ratecard", "gates", "acme-ai", "2")
    assert asked.code == 1
    assert "2 billing periods: 2 → 3 USD (+50 %)" in asked.out
    assert "replay revenue_moves: revenue of the last billing periods moves from 2 to 3 USD" in asked.out
    assert run("ratecard", "gates", "acme-ai", "1").code == 0
    assert run("ratecard", "gates", "acme-ai", "2", "--cohort", "{customers: [c2]}").code == 0
    assert run("ratecard", "gates", "acme-ai", "2", "--json").json["passed"] is False

    activate = ("ratecard", "activate", "acme-ai", "2", "--from", "2026-01-01T00:00:00Z")
    refused = run(*activate)
    assert refused.code == 1
    assert "acme-ai version 2 is not activated: replay refuses it" in refused.err
    assert "replay revenue_moves: " in refused.err
    forced = run(*activate, "--force")
    assert "version 2 is in force from 2026-01-01T00:00:00Z" in forced.out
    assert "replay" in run("ratecard", "activations", "acme-ai").out
    [made, first] = run("ratecard", "activations", "acme-ai", "--json").json["items"]
    assert [gate["gate"] for gate in made["forced"]] == ["replay"]
    assert first["forced"] == []


def test_numbers_and_rollback_on_the_command_line(run: Run) -> None:
    numbers = (
        "ratecard",
        "set",
        "acme-ai",
        "cost[large]=0.03",
        "--from",
        "2026-01-01T00:00:00Z",
        "--version",
        "2",
    )
    assert "replay refuses it" in run(*numbers).err
    assert "is in force from" in run(*numbers, "--force").out
    back = ("ratecard", "rollback", "acme-ai", "--to", "2", "--from", "2026-01-01T00:00:00Z")
    assert "replay refuses it" in run(*back).err
    assert "version 2 is in force" in run(*back, "--force").out
