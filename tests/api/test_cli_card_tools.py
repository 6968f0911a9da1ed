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
        (("inference",), "priced by model: add one of model=large, model=small"),
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
    assert (
        "  cost[model], 2 rows\n      cost[small] = 0.001\n      cost[large] = 0.01\n    → inference\n"
        in text
    )
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


def test_a_number_is_set_from_an_instant_on(engine: Engine, tmp_path: Path) -> None:
    """c1 used 100 large at 0.01 on January 10th, 1.00; from the 5th on they cost 0.02, so 2.00."""
    with served_command_line(engine) as run:
        fill(run, tmp_path)
        tried = run(
            "ratecard", "set", "acme-ai", "cost[large]=0.02", "--from", "2026-01-05T00:00:00Z", "--dry-run"
        )
        assert tried.code == 0
        assert "cost[large]: 0.01 → 0.02" in tried.out
        assert "dry run: acme-ai version 1 stays as it is" in tried.out
        assert len(run("ratecard", "show", "acme-ai", "--json").json["activations"]) == 1
        assert run("invoice", "k1:2026-01-01", "--json").json["subtotal"] == "2.00"

        done = run(
            "ratecard", "set", "acme-ai", "cost[large]=0.02", "--from", "2026-01-05T00:00:00Z", "--json"
        ).json
        assert done["prices"] == [
            {
                "product": "inference",
                "dimensions": {"model": "large"},
                "field": "unit_amount",
                "unit": "USD",
                "before": "0.01",
                "after": "0.02",
            }
        ]
        # Both of the customer's events are rated anew: two entries taken back, two added.
        assert (done["base_version"], done["rate_card_version"], done["entries_changed"]) == (1, 2, 4)
        # 100 × 0.02 = 2.00 large; 1000 × 0.001 = 1.00 small.
        assert run("invoice", "k1:2026-01-01", "--json").json["subtotal"] == "3.00"
        document = run("ratecard", "show", "acme-ai", "--json").json["document"]
        assert document == CARD.replace('large: "0.01"', 'large: "0.02"')

        # Version 2 is published later but not in force on the 1st: version 1 is what is changed then.
        early = ("acme-ai", "cost[small]=0.003", "--from", "2026-01-01T00:00:00Z")
        told = run("ratecard", "set", *early).out
        assert "acme-ai version 3, made from version 1, is in force from 2026-01-01T00:00:00Z" in told
        assert "until 2026-01-05T00:00:00Z, when version 2 takes over" in told
        assert run("invoice", "k1:2026-01-01", "--json").json["subtotal"] == "3.00"

        # The number of version 1 again is version 1 again.
        back = run(
            "ratecard", "set", "acme-ai", "cost[large]=0.01", "--from", "2026-01-06T00:00:00Z", "--json"
        ).json
        assert (back["base_version"], back["rate_card_version"]) == (2, 1)
        assert run("invoice", "k1:2026-01-01", "--json").json["subtotal"] == "2.00"
        assert run("verify").code == 0


def test_a_number_set_has_a_parent_an_author_and_a_reason_and_replaces_cohorts(
    engine: Engine, tmp_path: Path
) -> None:
    with served_command_line(engine) as run:
        fill(run, tmp_path)
        (tmp_path / "pilot.yaml").write_text(CARD.replace("0.001", "0.004"), encoding="utf-8")
        assert run("ratecard", "publish", str(tmp_path / "pilot.yaml")).code == 0
        pilot = ("acme-ai", "2", "--from", "2026-01-02T00:00:00Z", "--cohort", "{customers: [c1]}")
        assert run("ratecard", "activate", *pilot).code == 0
        # 100 × 0.01 + 1000 × 0.004
        assert run("invoice", "k1:2026-01-01", "--json").json["subtotal"] == "5.00"
        why = ("--author", "ada", "--note", "large is dearer")
        told = run(
            "ratecard", "set", "acme-ai", "cost[large]=0.02", "--from", "2026-01-03T00:00:00Z", *why
        ).out
        assert "acme-ai version 3, made from version 1, is in force from 2026-01-03T00:00:00Z" in told
        assert "version 2, in force for customers c1 from 2026-01-02T00:00:00Z, is replaced too" in told
        # The version for everyone is what was changed: 100 × 0.02 + 1000 × 0.001
        assert run("invoice", "k1:2026-01-01", "--json").json["subtotal"] == "3.00"
        shown = run("ratecard", "show", "acme-ai", "--version", "3", "--json").json
        assert (shown["parent"], shown["author"], shown["note"]) == (1, "ada", "large is dearer")
        assert [(one["author"], one["note"]) for one in shown["activations"]][:1] == [
            ("ada", "large is dearer")
        ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("acme-ai", "cost[larg]=1"), "did you mean `cost[large]`"),
        (("acme-ai", "cost[large]=1e3"), "'1e3' is not a plain decimal"),
        (("acme-ai", "cost[large]=0.01"), "cost[large] is 0.01 already"),
        (("acme-ai", "cost"), "'cost' is no node and number"),
        (("acme-ai", "cost[large]=1", "cost[large]=2"), "cost[large] is given twice"),
        (("nobody", "cost=1"), "no version of rate card 'nobody' is published"),
        (("acme-ai", "cost[large]=1", "--version", "9"), "rate card 'acme-ai' has no version 9"),
    ],
)
def test_a_number_that_cannot_be_set(ready: Run, arguments: tuple[str, ...], told: str) -> None:
    done = ready("ratecard", "set", *arguments)
    assert (done.code, done.out) == (1, "")
    assert told in done.err
    assert ready("ratecard", "list", "--json").json
    assert ready("ratecard", "show", "acme-ai", "--json").json["rate_card_version"] == 1


LISTS = PROJECT / "fixtures" / "price_lists"
MARGINS = """
rate_card: resold
currency: USD
constants: {margin: "1.20"}
meters:
  tokens: {event_type: llm.request, aggregation: sum, quantity: tokens, unit: token}
products:
  inference:
    meter: tokens
    dimensions: {model: model}
    price: {model: per_unit, unit_amount: "input_cost_per_token[model] * margin"}
"""


@pytest.mark.parametrize("source", ["llm_prices.csv", "litellm_prices.json"])
def test_a_price_list_becomes_a_card_with_margins(ready: Run, tmp_path: Path, source: str) -> None:
    costs, card = tmp_path / "costs.yaml", tmp_path / "card.yaml"
    done = without_store("ratecard", "import", "llm-prices", str(LISTS / source), "--output", str(costs))
    assert (done.code, done.out) == (0, "")
    assert "no output_cost_per_token" in done.err
    card.write_text(MARGINS + costs.read_text(encoding="utf-8"), encoding="utf-8")
    assert ready("ratecard", "publish", str(card)).code == 0
    version = str(ready("ratecard", "show", "resold", "--json").json["rate_card_version"])
    shown = ready("ratecard", "explain", "resold", "inference", "model=acme/deep-1", "--version", version)
    # 0.000003 × 1.20
    assert "= 0.000003 * 1.20" in shown.out
    assert "published: 0.0000036 USD" in shown.out


def test_a_file_that_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    costs = tmp_path / "costs.yaml"
    costs.write_text("mine\n", encoding="utf-8")
    command = ("ratecard", "import", "llm-prices", str(LISTS / "llm_prices.csv"), "--output", str(costs))
    done = without_store(*command)
    assert done.code == 1
    assert f"{costs} is there already; name another file, or replace it with --overwrite" in done.err
    assert costs.read_text(encoding="utf-8") == "mine\n"
    assert without_store(*command, "--overwrite").code == 0
    assert "tables:" in costs.read_text(encoding="utf-8")


def test_validating_where_no_store_is_makes_none(ready: Run, card_file: Path, tmp_path: Path) -> None:
    nowhere = ("--store", f"chdb:{tmp_path / 'nothing'}")
    done = ready("ratecard", "validate", str(card_file), *nowhere, RUNRATE_URL=None)
    assert done.code == 0
    assert "there is no store here that it could be compared with" in done.out
    found = ready("ratecard", "validate", str(card_file), *nowhere, "--json", RUNRATE_URL=None).json
    assert (found["latest"], found["rate_card_version"], found["warnings"]) == (None, None, [])
    (tmp_path / "empty.yaml").write_text("", encoding="utf-8")
    for command in ("validate", "publish", "check"):
        refused = ready("ratecard", command, str(tmp_path / "empty.yaml"), *nowhere, RUNRATE_URL=None)
        assert refused.code == 1
        assert "empty.yaml:1:1 wrong_type (card): the document is empty" in refused.err
    assert not (tmp_path / "nothing").exists()


def test_a_price_list_on_stdout_is_yaml_and_nothing_else(tmp_path: Path) -> None:
    done = without_store("ratecard", "import", "llm-prices", str(LISTS / "llm_prices.csv"))
    card = tmp_path / "card.yaml"
    card.write_text(MARGINS + done.out, encoding="utf-8")
    assert without_store("ratecard", "check", str(card)).code == 0
    assert "input_cost_per_token: 6 models, output_cost_per_token: 4 models" in done.err
    assert "other prices of the list, which --price takes: cache_read_input_token_cost (1)" in done.err


def test_a_price_list_as_json_lists_every_model() -> None:
    found = without_store("ratecard", "import", "llm-prices", str(LISTS / "llm_prices.csv"), "--json").json
    assert found["tables"] == {"input_cost_per_token": 6, "output_cost_per_token": 4}
    assert {"fact": "no output_cost_per_token", "models": ["other/no-output"]} in found["left_out"]
    assert {"fact": "output_cost_per_token is 0", "models": ["other/embed"]} in found["remarks"]
    assert found["document"].startswith(
        "# Costs of 6 models in USD, from llm_prices.csv; of 4 something was left out.\n"
    )


def test_a_price_list_that_is_none_is_refused(card_file: Path) -> None:
    done = without_store("ratecard", "import", "llm-prices", str(card_file))
    assert (done.code, done.out) == (1, "")
    assert "no column `model`" in done.err
    wanted = ("--price", "cost_per_image")
    done = without_store("ratecard", "import", "llm-prices", str(LISTS / "llm_prices.csv"), *wanted)
    assert "the list has no price 'cost_per_image'" in done.err
