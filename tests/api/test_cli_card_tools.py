"""The commands about one card: of a file without a store, and of what is published."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.app import app
from tests.api.cli_world import CARD, Result, Run, fill, served_command_line
from tests.conftest import Engine

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def ready(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A served store with a card in force, contracts and three events."""
    with served_command_line(engine) as run:
        fill(run, tmp_path_factory.mktemp("files"))
        yield run


@pytest.fixture
def card_file(tmp_path: Path) -> Path:
    """The card as a file."""
    file = tmp_path / "card.yaml"
    file.write_text(CARD, encoding="utf-8")
    return file


def without_store(*arguments: str) -> Result:
    """Run a command that needs no store: at this address is no server."""
    nowhere = {"RUNRATE_URL": "http://127.0.0.1:9", "COLUMNS": "300"}
    done = CliRunner().invoke(app, list(arguments), env=nowhere)
    return Result(done.exit_code, done.stdout, done.stderr)


def test_a_price_of_a_file_is_explained(card_file: Path) -> None:
    done = without_store("ratecard", "explain", str(card_file), "inference", "model=large")
    assert done.code == 0
    assert "unit_amount = cost[model]  (line 13, column 43)" in done.out
    assert "  cost[large] = 0.01  (line 5, column 55)" in done.out
    assert "  published: 0.01 USD (exact)" in done.out


def test_a_price_of_a_published_card_is_explained(ready: Run) -> None:
    found = ready("ratecard", "explain", "acme-ai", "inference", "model=small", "--json").json
    assert found["card"] == "acme-ai version 1"
    assert (found["dimensions"], found["priced_as"]) == ({"model": "small"}, {"model": "small"})
    [amount] = found["amounts"]
    assert (amount["with_numbers"], amount["exact"], amount["published"]) == ("0.001", "0.001", "0.001")
    assert amount["numbers"] == [
        {"node": "cost[small]", "value": "0.001", "line": 5, "column": 39, "asked": []}
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("inference",), "priced by model: add model=large, model=small"),
        (("inference", "model=x"), "no price for model=x"),
        (("inference", "model"), "'model' is no dimension and value"),
        (("inference", "model=large", "model=small"), "model is given twice"),
        (("nothing",), "no product 'nothing'"),
    ],
)
def test_what_cannot_be_explained_is_told(card_file: Path, arguments: tuple[str, ...], told: str) -> None:
    done = without_store("ratecard", "explain", str(card_file), *arguments)
    assert (done.code, done.out) == (1, "")
    assert told in done.err


def test_a_card_that_is_not_there(ready: Run) -> None:
    assert "no-card.yaml: there is no such file" in ready("ratecard", "graph", "no-card.yaml").err
    done = ready("ratecard", "graph", "nobody")
    assert done.code == 1
    assert "nobody" in done.err


def test_a_graph_is_drawn(ready: Run, card_file: Path) -> None:
    text = without_store("ratecard", "graph", str(card_file)).out
    assert "  cost[model], 2 rows\n    → inference\n" in text
    assert ready("ratecard", "graph", "acme-ai").out == text
    drawn = without_store("ratecard", "graph", str(card_file), "--format", "mermaid").out
    assert drawn.startswith("flowchart LR\n")
    graph = without_store("ratecard", "graph", str(card_file), "--json").json
    assert graph["edges"] == [{"from": "tables.cost", "to": "products.inference"}]


def test_the_documented_explanation_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = (PROJECT / "docs" / "rate-cards.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    Path("ratecard.yaml").write_text(document.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    example = document.split("$ runrate ratecard explain ", 1)[1].split("```")[0]
    arguments, _, printed = example.partition("\n")
    assert without_store("ratecard", "explain", *arguments.split()).out == printed
