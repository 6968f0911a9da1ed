"""The command line against a served store: what it prints, in tables and as JSON, and how it fails."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from api.cli.app import app
from api.http.server import serving
from tests.api.cli_world import CARD, CONTRACTS, Run, fill, served_command_line
from tests.conftest import Engine


@pytest.fixture(scope="module")
def run(engine: Engine) -> Iterator[Run]:
    """Run a command against a served, empty store."""
    with served_command_line(engine) as command_line:
        yield command_line


@pytest.fixture(scope="module")
def ready(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same, with a card in force, contracts and three events."""
    fill(run, tmp_path_factory.mktemp("files"))
    return run


def test_publishing_again_is_the_same_version(ready: Run, tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(f"# a comment\n{CARD}", encoding="utf-8")
    done = ready("ratecard", "publish", str(tmp_path / "card.yaml"), "--json")
    assert (done.json["rate_card_version"], done.json["created"]) == (1, False)


def test_rate_cards_are_listed_and_shown(ready: Run) -> None:
    assert [card["rate_card"] for card in ready("--json", "ratecard", "list").json["items"]] == ["acme-ai"]
    assert "acme-ai" in ready("ratecard", "list").out
    shown = ready("ratecard", "show", "acme-ai", "--prices")
    assert "model=large" in shown.out
    assert "0.01" in shown.out
    found = ready("ratecard", "show", "acme-ai", "--prices", "--json").json
    assert found["rate_card_version"] == 1
    assert [row["dimensions"]["model"] for row in found["price_list"]] == ["large", "small"]
    assert found["activations"][0]["active_from"] == "2025-01-01T00:00:00Z"


def test_an_invoice_by_id_and_by_customer(ready: Run) -> None:
    by_id = ready("invoice", "k1:2026-01-01", "--json").json
    assert (by_id["subtotal"], by_id["credits_applied"], by_id["total"]) == ("2.00", "1.00", "1.00")
    table = ready("invoice", "--contract", "k1", "--period", "2026-01-01").out
    assert "k1:2026-01-01 (draft)" in table
    assert "Credit g1 for inference" in table
    assert "model=small" in table


def test_invoices_are_listed(ready: Run) -> None:
    listed = ready("invoice", "--json").json
    assert {one["contract_id"] for one in listed["items"]} == {"k1", "k2"}
    table = ready("invoice", "--customer", "c2").out
    assert "k2:2026-02-01" in table
    assert "k1:" not in table


@pytest.mark.parametrize(
    ("narrowed", "ids"),
    [
        ((), 4),
        (("--customer", "c1"), 2),
        (("--customer", "c1", "--period", "2026-01"), 1),
        (("--contract", "k1", "--period", "2026-01-02"), 0),
    ],
)
def test_a_list_of_invoices_is_one_however_many_fit(ready: Run, narrowed: tuple[str, ...], ids: int) -> None:
    listed = ready("invoice", *narrowed, "--json").json
    assert list(listed) == ["items", "next_cursor"]
    assert listed["next_cursor"] is None
    found = [one["invoice_id"] for one in listed["items"] if one["period_start"] >= "2026"]
    assert len(found) == ids
    assert all("lines" not in one for one in listed["items"])


def test_lists_are_in_the_shape_of_the_api(ready: Run) -> None:
    """Whole, whatever a page holds."""
    for command in (
        ("ratecard", "list"),
        ("balance", "c1"),
        ("balance", "c2"),
        ("usage", "c1"),
        ("unrated",),
    ):
        listed = ready(*command, "--json").json
        assert isinstance(listed["items"], list)
        assert listed["next_cursor"] is None
    assert (listed["items"][0]["reason"], len(listed["items"])) == ("unknown_customer", 1)
    usage = ready("usage", "c1", "--by", "month", "--json").json
    assert (usage["customer_id"], usage["timezone"], usage["by"]) == ("c1", "UTC", "month")


def test_a_list_of_many_pages_is_whole(ready: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ready("invoice", "--json").json
    monkeypatch.setattr("api.cli.session.PAGE", 1)
    assert len(whole["items"]) > 2
    assert ready("invoice", "--json").json == whole


def test_amounts_stand_right_and_ids_whole(ready: Run) -> None:
    rows = [line for line in ready("invoice", "--customer", "c1").out.splitlines() if "k1:2026-0" in line]
    ends = {line.index("USD") for line in rows}
    assert len(rows) == 2
    assert len(ends) == 1


def test_balances(ready: Run) -> None:
    [balance] = ready("balance", "c1", "--json").json["items"]
    assert (balance["grant_id"], balance["drawn"], balance["remaining"]) == ("g1", "1", "0")
    assert "g1" in ready("balance", "c1").out
    assert "no credit grants" in ready("balance", "c2").out


@pytest.mark.parametrize("customer", [(), ("--customer", "c1")])
def test_an_event_is_explained(ready: Run, customer: tuple[str, ...]) -> None:
    trace = ready("explain", "e1", *customer, "--json").json
    assert trace["rated"][0]["amount"] == "1"
    text = ready("explain", "e1", *customer).out
    assert "inference" in text
    assert "100 token × 0.01 USD = 1 USD" in text


def test_an_event_without_a_price_is_explained(ready: Run) -> None:
    assert "nobody" in ready("explain", "e3", "--customer", "nobody").out
    [row] = ready("unrated", "--json").json["items"]
    assert (row["reason"], row["entries"]) == ("unknown_customer", 1)
    assert "unknown_customer" in ready("unrated").out


def test_usage_over_time(ready: Run) -> None:
    span = ("--from", "2026-01-01T00:00:00Z", "--to", "2026-02-01T00:00:00Z")
    rows = ready("usage", "c1", "--by", "month", "--group-by", "model", *span, "--json").json["items"]
    assert {(row["dimensions"]["model"], row["quantity"]) for row in rows} == {
        ("large", "100"),
        ("small", "1000"),
    }
    assert "model=large" in ready("usage", "c1", "--group-by", "model", *span).out


def test_keys(ready: Run) -> None:
    made = ready("key", "create", "gateway", "--json").json
    told = ready("key", "create", "console").out
    assert "(shown only now)" in told
    as_gateway = {"RUNRATE_API_KEY": made["key"]}
    listed = ready("key", "list", "--json", **as_gateway).json["items"]
    assert {"bootstrap", "gateway", "console"} <= {one["name"] for one in listed}
    assert "gateway" in ready("key", "list").out
    assert f"{made['key_id']} (gateway) is revoked" in ready("key", "revoke", made["key_id"]).out
    refused = ready("key", "list", **as_gateway)
    assert refused.code == 1
    assert "unknown or revoked" in refused.err
    for one in listed:
        if one["name"] == "console":
            ready("key", "revoke", one["key_id"])
    [good] = [one for one in ready("key", "list", "--json").json["items"] if one["state"] == "good"]
    last = ready("key", "revoke", good["key_id"])
    assert last.code == 1
    assert "last key that is good; create another one" in last.err
    assert "There is no key 'none'" in ready("key", "revoke", "none").err


def test_reconcile_and_verify(ready: Run) -> None:
    first = ready(
        "reconcile", "--from", "2026-01-01T00:00:00Z", "--to", "2026-02-01T00:00:00Z", "--json"
    ).json
    assert first["entries_appended"] == 0
    assert "0 ledger entries" in ready("reconcile").out
    assert "sums" not in ready("reconcile").out
    assert "0 hourly sums corrected" in ready("reconcile", "--sums").out
    answer = ready("verify", "--json")
    assert (answer.code, answer.json["holds"]) == (0, True)
    assert "ledger_matches_rating" in ready("verify").out


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("invoice", "nothing:2026-01-01"), "There is no invoice"),
        (("explain", "nothing"), "no event 'nothing'"),
        (("balance", "nobody"), "There is no customer"),
        (("ratecard", "show", "nothing"), "rate card"),
        (("ratecard", "activate", "acme-ai", "9"), "no version 9"),
        (("ratecard", "publish", "absent.yaml"), "absent.yaml: there is no such file"),
        (("ingest", "absent.ndjson"), "absent.ndjson: there is no such file"),
        (("scenario", "absent"), "scenario.yaml"),
        (("rate", "--cases", "absent.json"), "absent.json"),
        (("usage", "c1", "--from", "2026-02-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"), "before the end"),
    ],
)
def test_what_cannot_be_done_is_one_line(ready: Run, command: tuple[str, ...], told: str) -> None:
    done = ready(*command)
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert told in done.err


def test_errors_as_json(ready: Run) -> None:
    done = ready("invoice", "nothing:2026-01-01", "--json")
    assert (done.code, done.json["error"]["code"]) == (1, "not_found")


def test_a_bad_card_is_told_line_by_line(ready: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(CARD.replace("cost[model]", "costs[model]").replace("USD", "US"), encoding="utf-8")
    for command in ("check", "publish"):
        done = ready("ratecard", command, str(file))
        assert done.code == 1
        assert "bad.yaml:3:11 unknown_currency" in done.err
        assert "bad.yaml:13" in done.err


def test_bad_contracts_are_told_line_by_line(ready: Run, tmp_path: Path) -> None:
    file = tmp_path / "contracts.yaml"
    file.write_text(CONTRACTS.replace("timezone: UTC", "timezone: Mars/Phobos"), encoding="utf-8")
    done = ready("contracts", "apply", str(file))
    assert done.code == 1
    assert "contracts.yaml:9:" in done.err
    assert "unknown_time_zone" in done.err


def test_verify_shows_what_breaks_an_invariant(engine: Engine) -> None:
    with engine.store() as store, serving(store) as address:
        entry = {
            "sign": 1,
            "reason": "rated",
            "recorded_at": datetime(2026, 1, 1, tzinfo=UTC),
            "event_time": datetime(2026, 1, 1, tzinfo=UTC),
            "event_key": 1,
            "period_id": 0,
            "price_id": 0,
            "dimensions": "",
            "quantity": Decimal(1),
            "unit_price": Decimal(0),
            "unrated": "unknown_customer",
        }
        # An entry without an event, which no operation makes.
        store.database.insert("rated_usage", [entry])
        key = {"RUNRATE_API_KEY": address.bootstrap_key}
        table = CliRunner().invoke(app, ["--url", address.url, "verify"], env=key)
        answer = CliRunner().invoke(app, ["--url", address.url, "verify", "--json"], env=key)
    assert (table.exit_code, answer.exit_code) == (1, 1)
    broken = [check["name"] for check in json.loads(answer.stdout)["checks"] if check["offending"]]
    assert "ledger_matches_rating" in broken
    assert table.stdout.count("ledger_matches_rating") == 3
    assert "to mend ledger_matches_rating: runrate reconcile --from 2015-01-01T00:00:00Z" in table.stdout


def test_a_wrong_key(run: Run) -> None:
    done = run("invoice", RUNRATE_API_KEY="rr_wrong_key")
    assert done.code == 1
    assert "RUNRATE_API_KEY" in done.err


def test_no_server(run: Run) -> None:
    done = run("--url", "http://127.0.0.1:1", "invoice")
    assert done.code == 1
    assert "runrate serve" in done.err


def test_wrong_usage_is_exit_code_2(run: Run) -> None:
    assert run("invoices").code == 2
    assert run("usage", "c1", "--by", "week").code == 2
    for period in ("2026-1", "2026-13", "2026-01-32", "January"):
        assert run("invoice", "--period", period).code == 2
    assert run("ratecard", "activate", "acme-ai", "0").code == 2
    for command in (("reconcile", "--from"), ("usage", "c1", "--to")):
        done = run(*command, "2026-01-01")
        assert done.code == 2
        assert "'2026-01-01' is not a date and time with an offset; write it like" in done.err
    for instant in ("1999-01-01T00:00:00Z", "2100-01-01T00:00:00.001Z"):
        done = run("ratecard", "rollback", "acme-ai", "--from", instant)
        assert done.code == 2
        assert f"'--from': '{instant}' is not from 2015-01-01 to 2100-01-01" in done.err


def test_a_contract_before_its_rate_card_is_warned_of(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "early.yaml"
    file.write_text(CONTRACTS, encoding="utf-8")
    with served_command_line(engine) as empty:
        done = empty("contracts", "apply", str(file))
        assert done.code == 0
        assert (
            "warning: early.yaml:4:5 unknown_rate_card contracts[1].rate_card: no rate card `acme-ai`"
            in done.err
        )
        warnings = empty("contracts", "apply", str(file), "--json").json["warnings"]
        assert [one["code"] for one in warnings] == ["unknown_rate_card", "unknown_rate_card"]


def test_a_directory_is_no_file_of_events(run: Run, tmp_path: Path) -> None:
    done = run("ingest", str(tmp_path))
    assert done.code == 1
    assert "is a directory" in done.err


def test_check_and_compile_store_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "card.yaml"
    file.write_text(CARD.replace("acme-ai", "other-ai"), encoding="utf-8")
    assert "1 product, 2 prices in USD" in run("ratecard", "check", str(file)).out
    assert run("ratecard", "check", str(file), "--json").json["prices"] == 2
    compiled = run("ratecard", "compile", str(file), "--json").json
    assert [row["price"]["unit_amount"] for row in compiled["prices"]] == ["0.01", "0.001"]
    assert "properties['tokens']" in run("ratecard", "compile", str(file)).out
    assert "other-ai" not in run("ratecard", "list").out


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, one in command.commands.items():
        if hasattr(one, "commands"):
            yield from leaves(one, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("command", list(leaves(get_command(app))), ids=" ".join)
def test_help_has_an_example(command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*command, "--help"])
    assert done.exit_code == 0
    assert f"Example: runrate {' '.join(command)}" in done.stdout
    assert "--json" in done.stdout


def test_prices_in_force_for_a_customer(ready: Run) -> None:
    shown = ready("prices", "c1", "--at", "2026-01-10T00:00:00Z")
    for text in (
        "acme-ai version 1, by activation 1 for all from 2025-01-01T00:00:00Z",
        "k1",
        "model=large",
        "0.01",
    ):
        assert text in shown.out
    found = ready("prices", "c1", "--product", "inference", "--json").json
    assert [row["unit_amount"] for row in found["items"]] == ["0.01", "0.001"]
    assert found["terms"]["cohort"] == "all"
    assert ready("prices", "c2").code == 0
    for wrong in (("nobody",), ("c1", "--product", "x"), ("c1", "--at", "2024-01-01T00:00:00Z")):
        assert ready("prices", *wrong).code == 1
    assert ready("prices", "c1", "--at", "2024").code == 2


def test_what_a_card_would_become(ready: Run, tmp_path: Path) -> None:
    file = tmp_path / "card.yaml"
    file.write_text(CARD.replace('"0.01"', '"0.02"'), encoding="utf-8")
    shown = ready("ratecard", "validate", str(file))
    assert "would be version 2: 1 product, 2 prices in USD" in shown.out
    assert "against version 1: 0 prices added, 0 removed, 1 changed" in shown.out
    assert "model=large" in shown.out
    assert ready("ratecard", "validate", str(file), "--json").json["latest"]["prices_changed"] == 1
    file.write_text(f"# a comment\n{CARD}", encoding="utf-8")
    assert "says what version 1 says" in ready("ratecard", "validate", str(file)).out
    file.write_text(CARD.replace("rate_card: acme-ai", "rate_card: other"), encoding="utf-8")
    first = ready("ratecard", "validate", str(file)).out
    assert "rate card other would be version 1" in first
    assert "against" not in first
    file.write_text(CARD.replace("cost[model]", "coast[model]"), encoding="utf-8")
    wrong = ready("ratecard", "validate", str(file))
    assert wrong.code == 1
    assert "card.yaml:13:" in wrong.err
    assert "unknown_name" in wrong.err
    assert len(ready("ratecard", "list", "--json").json["items"]) == 1
