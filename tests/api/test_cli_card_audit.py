"""`ratecard audit`: of a file without a store, and against the usage of a served one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.app import app
from tests.api.cli_world import CARD, CONTRACTS, Run, event, lines, served_command_line
from tests.conftest import Engine

# Only listed models have a price for inference; calls have one for any tool, and show the team.
TWO_PRODUCTS = CARD.replace(
    "meters:\n",
    '  tool_price: {keys: [tool], rows: {search: "0.5", "*": "0.5"}}\n'
    "meters:\n  calls: {event_type: tool.call, aggregation: count, unit: call}\n",
) + (
    "  calls:\n    meter: calls\n    dimensions: {tool: tool}\n    show: {team: team}\n"
    '    price: {model: per_unit, unit_amount: "tool_price[tool]"}\n'
)
USAGE = (
    event(1, properties={"model": "large", "tokens": "100"}),
    event(2, properties={"model": "huge", "tokens": "30"}),
    event(3, properties={"model": "huge", "tokens": "12.5"}, event_time="2026-01-11T00:00:00Z"),
    event(4, properties={"tokens": "1"}, customer_id="c2"),
    event(
        5, properties={"model": "huge", "tokens": "1000"}, customer_id="c2", event_time="2026-01-12T00:00:00Z"
    ),
    event(6, event_type="tool.call", properties={"tool": "fetch", "team": "a"}),
    event(7, customer_id="nobody"),
)


@pytest.fixture(scope="module")
def ready(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A served store with a card in force and usage, some of it without a price."""
    folder = tmp_path_factory.mktemp("files")
    with served_command_line(engine) as run:
        texts = {"card.yaml": TWO_PRODUCTS, "contracts.yaml": CONTRACTS, "events.ndjson": lines(*USAGE)}
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        for command in (
            ("ratecard", "publish", str(folder / "card.yaml")),
            ("ratecard", "activate", "acme-ai", "1", "--from", "2025-01-01T00:00:00Z"),
            ("contracts", "apply", str(folder / "contracts.yaml")),
            ("ingest", str(folder / "events.ndjson")),
        ):
            done = run(*command)
            assert done.code == 0, done
        yield run


def test_usage_tells_what_is_never_used_and_what_has_no_price(ready: Run) -> None:
    found = ready("ratecard", "audit", "acme-ai", "--json").json
    # Two models; search and any other tool.
    assert (found["skus"], found["numbers"]) == (4, 4)
    usage = found["usage"]
    # One of inference, one of calls.
    assert usage["events"] == 2
    assert usage["unused"] == [
        {"product": "inference", "dimensions": {"model": "small"}},
        {"product": "calls", "dimensions": {"tool": "search"}},
    ]
    assert usage["unpriced"] == [
        {
            "product": "inference",
            "dimensions": {"model": "huge"},
            "events": 3,
            "customers": 2,
            "quantity": "1042.5",  # 30 + 12.5 + 1000
            "first_event_time": "2026-01-10T00:00:00Z",
            "last_event_time": "2026-01-12T00:00:00Z",
        },
        {
            "product": "inference",
            "dimensions": {"model": ""},
            "events": 1,
            "customers": 1,
            "quantity": "1",
            "first_event_time": "2026-01-10T00:00:00Z",
            "last_event_time": "2026-01-10T00:00:00Z",
        },
    ]


def test_an_audit_in_words(ready: Run) -> None:
    told = ready("ratecard", "audit", "acme-ai").out
    assert "4 flat prices, written as 4 numbers" in told
    assert "tool_price[search]" in told
    assert "tool_price[*]" in told
    assert "usage from 2015-01-01T00:00:00Z on: 2 rated events" in told
    assert "model=huge" in told
    assert "(no model)" in told


def test_later_usage_only(ready: Run) -> None:
    usage = ready("ratecard", "audit", "acme-ai", "--from", "2026-01-11T12:00:00Z", "--json").json["usage"]
    assert (usage["since"], usage["events"], len(usage["unused"])) == ("2026-01-11T12:00:00Z", 0, 4)
    assert [(one["dimensions"], one["events"]) for one in usage["unpriced"]] == [({"model": "huge"}, 1)]


def test_a_file_is_audited_before_it_is_published(ready: Run, tmp_path: Path) -> None:
    """With a price for the huge model, only what names no model is left without one."""
    file = tmp_path / "next.yaml"
    file.write_text(TWO_PRODUCTS.replace('large: "0.01"', 'large: "0.01", huge: "0.1"'), encoding="utf-8")
    usage = ready("ratecard", "audit", str(file), "--json").json["usage"]
    assert [(one["dimensions"], one["events"]) for one in usage["unpriced"]] == [({"model": ""}, 1)]
    assert {"product": "inference", "dimensions": {"model": "huge"}} in usage["unused"]


def test_a_file_without_a_store(tmp_path: Path) -> None:
    file = tmp_path / "card.yaml"
    file.write_text(TWO_PRODUCTS.replace("tables:\n", 'constants: {spare: "1"}\ntables:\n'), encoding="utf-8")
    nowhere = {"RUNRATE_STORE": f"chdb:{tmp_path / 'none'}", "RUNRATE_URL": None}
    found = CliRunner().invoke(app, ["ratecard", "audit", str(file)], env=nowhere)
    assert found.exit_code == 0
    assert "spare" in found.stdout
    assert "no store is here" in found.stdout
    assert not (tmp_path / "none").exists()
