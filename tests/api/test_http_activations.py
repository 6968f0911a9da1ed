"""Activations over HTTP and on the command line: for whom, scheduled, rolled back, by whom and why."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.cli_world import CARD as CLI_CARD
from tests.api.cli_world import Run, fill, served_command_line
from tests.api.http_world import CARD, NOW, answer_of, calling, problem_of, set_up
from tests.conftest import Engine

ACTIVATIONS = "/v1/rate-cards/acme/activations"
VERSIONS = "/v1/rate-cards/acme/versions"
ROLLBACKS = "/v1/rate-cards/acme/rollbacks"
DEARER = CARD.replace('unit_amount: "2", unit: credit', 'unit_amount: "3", unit: credit')


@pytest.fixture
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        yield client


def test_a_version_for_some_customers_on_a_date_and_back_again(client: httpx.Client) -> None:
    told = {"author": "ada", "note": "cheaper calls", "parent": "1"}
    answer_of(client.post("/v1/rate-cards", content=DEARER, params=told))
    version = answer_of(client.get(f"{VERSIONS}/2"))
    assert (version["parent"], version["author"], version["note"]) == (1, "ada", "cheaper calls")
    first = answer_of(client.get(VERSIONS))["items"][1]
    assert (first["parent"], first["author"], first["note"]) == (None, "", "")

    body = {"rate_card_version": 2, "active_from": "2026-01-06T00:00:00Z", "cohort": {"where": "tier = 'x'"}}
    assert answer_of(client.post(ACTIVATIONS, json=body))["contracts"] == 0
    body |= {"cohort": {"customers": ["c1"]}, "author": "ada", "note": "one first"}
    done = answer_of(client.post(ACTIVATIONS, json=body))
    assert (done["cohort"], done["contracts"]) == ({"customers": ["c1"]}, 1)
    assert done["entries_changed"] > 0
    body |= {"active_from": "2027-01-01T00:00:00Z", "cohort": "all"}
    assert answer_of(client.post(ACTIVATIONS, json=body))["entries_changed"] == 0
    made = answer_of(client.get(ACTIVATIONS))["items"]
    assert [(one["cohort"], one["state"], one["author"]) for one in made] == [
        ("all", "scheduled", "ada"),
        ({"customers": ["c1"]}, "in_force", "ada"),
        ({"where": "tier = 'x'"}, "in_force", ""),
        ("all", "in_force", ""),
    ]

    back = answer_of(client.post(ROLLBACKS, json={"active_from": "2026-01-06T00:00:00Z", "note": "too dear"}))
    assert (back["rate_card_version"], back["contracts"]) == (1, 2)
    assert back["entries_changed"] == done["entries_changed"]
    assert [one["active_from"] for one in back["scheduled"]] == ["2027-01-01T00:00:00Z"]
    latest = answer_of(client.get(ACTIVATIONS))["items"][0]
    assert (latest["activation_id"], latest["note"]) == (back["activation_ids"][0], "too dear")


def test_a_parent_is_a_version_of_the_card(client: httpx.Client) -> None:
    problem_of(
        client.post("/v1/rate-cards", content=CARD + "\n", params={"parent": "0"}), 422, "invalid_parameter"
    )
    problem_of(client.post("/v1/rate-cards", content=DEARER, params={"parent": "7"}), 422, "unknown_parent")
    # Of what is published already too.
    problem_of(client.post("/v1/rate-cards", content=CARD, params={"parent": "7"}), 422, "unknown_parent")
    assert len(answer_of(client.get(VERSIONS))["items"]) == 1


def test_a_rollback_that_makes_no_sense(client: httpx.Client) -> None:
    for body in (
        "[]",
        '{"rate_card_version": 1, "rate_card_version": 1}',
        '{"rate_card_version": 0}',
        '{"cohort": "vip"}',
        '{"to": 1}',
    ):
        assert problem_of(client.post(ROLLBACKS, content=body), 422, "invalid_body")["errors"]
    problem_of(client.post(ROLLBACKS, json={"rate_card_version": 9}), 404, "unknown_version")
    problem_of(client.post(ROLLBACKS, json={"expected_version": 2}), 409, "unexpected_version")
    for headers in ({"Content-Encoding": "gzip"}, {"Content-Type": "application/json; charset=utf-16"}):
        problem_of(client.post(ROLLBACKS, content="{}", headers=headers), 415, "unsupported_media_type")
    problem_of(client.post(ROLLBACKS), 409, "nothing_to_roll_back")


@pytest.fixture
def run(engine: Engine, tmp_path: Path) -> Iterator[Run]:
    with served_command_line(engine) as run:
        fill(run, tmp_path)
        (tmp_path / "next.yaml").write_text(CLI_CARD.replace('"0.01"', '"0.02"'), encoding="utf-8")
        done = run("ratecard", "publish", str(tmp_path / "next.yaml"), "--parent", "1", "--note", "dearer")
        assert done.code == 0, done
        yield run


def test_a_cohort_on_the_command_line(run: Run) -> None:
    card = ("acme-ai", "2", "--from", "2026-01-01T00:00:00Z")
    done = run("ratecard", "activate", *card, "--cohort", "{percent: 100}", RUNRATE_AUTHOR="ada")
    assert "version 2 is in force from 2026-01-01T00:00:00Z for 100 % of customers (2 contracts);" in done.out
    done = run("ratecard", "rollback", "acme-ai", "--from", "2026-01-01T00:00:00Z", "--note", "too dear")
    assert "acme-ai version 1 is in force from 2026-01-01T00:00:00Z; " in done.out
    assert "0 ledger entries" not in done.out
    run("ratecard", "activate", "acme-ai", "2", "--from", "2030-01-01T00:00:00Z")
    again = run("ratecard", "rollback", "acme-ai", "--to", "1")
    assert "scheduled: version 2 from 2030-01-01T00:00:00Z for all" in again.out
    table = run("ratecard", "activations", "acme-ai").out
    for text in ("100 % of customers", "too dear", "ada", "scheduled"):
        assert text in table
    shown = run("ratecard", "show", "acme-ai", "--version", "2").out
    assert "made from" in shown
    assert "dearer" in shown
    assert "100 % of customers" in shown
    assert len(run("ratecard", "activations", "acme-ai", "--json").json["items"]) == 5


def test_a_wrong_cohort_on_the_command_line_is_shown_its_place(run: Run) -> None:
    done = run("ratecard", "activate", "acme-ai", "2", "--cohort", "{where: \"segment == 'pilot'\"}")
    assert done.code == 1
    assert (
        "--cohort:1:18 invalid_expression cohort.where: `==` is not part of the language — write `=`"
        in done.err
    )
    assert run("ratecard", "rollback", "acme-ai").code == 1


def test_an_attribute_that_no_customer_has_is_warned_of(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "customers.yaml"
    file.write_text(
        "customers: [{customer_id: c3, name: C, attributes: {segment: pilot}}]\n", encoding="utf-8"
    )
    assert run("contracts", "apply", str(file)).code == 0
    misspelt = ("--cohort", "{where: \"segmnet = 'pilot'\"}")
    told = "warning: no customer has the attribute `segmnet`; did you mean `segment`?"
    assert told in run("ratecard", "gates", "acme-ai", "2", *misspelt).err
    done = run("ratecard", "activate", "acme-ai", "2", "--from", "2031-01-01T00:00:00Z", *misspelt)
    assert done.code == 0
    assert told in done.err
    right = run("ratecard", "gates", "acme-ai", "2", "--cohort", "{where: \"segment = 'pilot'\"}", "--json")
    assert right.json["warnings"] == []
