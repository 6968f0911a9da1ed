"""Everything that the documents name exists, and everything that exists is in the documents."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from api.cli.app import app
from api.contracts import CONTRACT_CODES
from api.events import REJECTION_CODES, REQUEST_CODES
from api.http.app import create_app
from api.http.problem import CODES as PROBLEM_CODES
from api.reads.traces import explain_event
from api.reads.unrated import REASONS
from api.store import Store
from ratecard_compiler import CODES as COMPILER_CODES
from ratecard_compiler.errors import WARNINGS
from ratecard_compiler.price_reader import AMOUNTS as PRICE_MODELS
from sql import FOLDER as SQL
from sql import statements

PROJECT = Path(__file__).parent.parent
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in (PROJECT / "docs").glob("*.md")}
DOCUMENTS["README.md"] = (PROJECT / "README.md").read_text(encoding="utf-8")
REFUSALS = {"NotFound", "Conflicting", "Unprocessable", "StoreUnavailable", "OperationRefused"}


def section(document: str, title: str) -> str:
    """The text of a document from a heading to the next of the same or a higher level."""
    level, name = title.split(" ", 1)
    match = re.search(
        rf"^{level} {re.escape(name)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)",
        DOCUMENTS[document],
        re.MULTILINE | re.DOTALL,
    )
    assert match, f"{document} has no heading {title!r}"
    return match[1]


def first_cells(text: str) -> list[str]:
    """What the first column of the tables in a text names."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def command_names(command: Any, path: str = "runrate") -> Iterator[str]:
    """Every command of the command line, groups opened."""
    for name, one in command.commands.items():
        if hasattr(one, "commands"):
            yield from command_names(one, f"{path} {name}")
        else:
            yield f"{path} {name}"


def operation_codes() -> set[str]:
    """The codes with which operations refuse: the first argument of their exceptions."""
    found: set[str] = set()
    for path in (PROJECT / "api" / "operations").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS:
                assert isinstance(node.args[0], ast.Constant)
                found.add(str(node.args[0].value))
    return found


def views() -> set[str]:
    """Every view that is deployed."""
    texts = (path.read_text(encoding="utf-8") for path in (SQL / "objects").glob("*.sql.j2"))
    found = [
        match for text in texts for match in re.findall(r"CREATE OR REPLACE VIEW (\w+)(\{\{ of \}\})?", text)
    ]
    return {name for name, _ in found} | {f"{name}_of_customers" for name, of_several in found if of_several}


@pytest.mark.parametrize(
    ("document", "title", "known"),
    [
        ("events.md", "### Why an event is rejected", set(REJECTION_CODES)),
        ("events.md", "### Why a whole request is refused", set(REQUEST_CODES)),
        ("events.md", "## Events without a price", set(REASONS)),
        ("rate-cards.md", "## What the compiler says", set(COMPILER_CODES)),
        ("rate-cards.md", "## What the compiler warns of", set(WARNINGS)),
        ("contracts.md", "## What is refused", set(CONTRACT_CODES)),
        ("http.md", "## Errors", set(PROBLEM_CODES) | operation_codes()),
        ("sql.md", "## Views", views()),
        ("cli.md", "# Command line", set(command_names(get_command(app)))),
    ],
)
def test_a_table_names_what_exists_once_each(document: str, title: str, known: set[str]) -> None:
    named = [name for name in first_cells(section(document, title)) if not name.startswith("--")]
    assert sorted(named) == sorted(known)


def test_every_route_is_documented(store: Store) -> None:
    paths = create_app(store, local=True).openapi()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert set(first_cells(section("http.md", "## Routes"))) == routes
    cells = re.findall(r"^\| (`(?:GET|POST|PUT)[^|]+`) \|", DOCUMENTS["README.md"], re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert named
    assert named <= routes


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_commands_that_are_written_exist(document: str) -> None:
    known = set(command_names(get_command(app)))
    groups = {name.rpartition(" ")[0] for name in known}
    for line in re.findall(r"(?:^\$ |^|`)(runrate [a-z][a-z -]*)", DOCUMENTS[document], re.MULTILINE):
        words = line.split()
        name = " ".join(words[:2])
        while name in groups and words[name.count(" ") + 1 :]:
            name = " ".join(words[: name.count(" ") + 2])
        assert name in known, f"{document}: {line}"


def test_the_readme_lists_views_that_exist() -> None:
    named = first_cells(section("README.md", "## Views"))
    assert named
    assert set(named) <= views()


def test_every_price_model_is_documented() -> None:
    documented = section("rate-cards.md", "## Price models")
    assert set(first_cells(documented)) <= set(PRICE_MODELS)
    assert {model for model in PRICE_MODELS if f"`{model}`" in documented} == set(PRICE_MODELS)
    assert {model for model in PRICE_MODELS if f"`{model}`" in DOCUMENTS["README.md"]} == set(PRICE_MODELS)


def sql_of(title: str, store: Store) -> list[str]:
    """The statements under a heading of sql.md, for the store's own database."""
    [block] = re.findall(r"^```sql\n(.*?)^```$", section("sql.md", title), re.MULTILINE | re.DOTALL)
    return statements(block.replace("runrate.", f"{store.database.name}."))


def test_an_insert_by_sql_is_an_event_like_any_other(store: Store) -> None:
    for _ in range(2):
        for statement in sql_of("## Inserting by SQL", store):
            store.database.command(statement)
    trace = explain_event(store, "northwind", "evt-1")
    assert trace is not None
    assert [entry.unrated for entry in trace.ledger] == ["unknown_customer"]
    assert trace.properties == {"tool": "web-search"}


def test_a_kafka_table_feeds_the_inbox(store: Store) -> None:
    """As documented, but that a table which keeps nothing stands for the broker."""
    table, view = sql_of("## Kafka", store)
    without_broker, replaced = re.subn(r"ENGINE = Kafka\(.*", "ENGINE = Null", table, flags=re.DOTALL)
    assert replaced == 1
    store.database.command(without_broker)
    store.database.command(view)
    message = {
        "event_id": "evt-2",
        "customer_id": "northwind",
        "event_type": "tool.call",
        "event_time": datetime(2026, 1, 15, 10, 30, tzinfo=UTC),
        "properties": {"tool": "web-search"},
    }
    store.database.insert("usage_kafka", [message, message])
    store.database.insert("usage_kafka", [message])
    trace = explain_event(store, "northwind", "evt-2")
    assert trace is not None
    assert len(trace.revisions) == len(trace.ledger) == 1


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_links_lead_somewhere(document: str) -> None:
    folder = PROJECT if document == "README.md" else PROJECT / "docs"
    for target in re.findall(r"\]\(([^)#]+)\)", DOCUMENTS[document]):
        assert (folder / target).exists(), f"{document}: {target}"
