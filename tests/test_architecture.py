"""The rules of the layout, held by reading the code: imports run one way, functions and modules stay small,
and no binary fraction comes near an amount."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sql.fail_points import POINTS
from tests.sql import NAMED

ROOT = Path(__file__).parents[1]

# Each package, and the packages of ours that it may import; the compiler's input and output stay pure.
MAY_IMPORT = {
    "sql": set[str](),
    "ratecard_compiler": {"sql"},
    "fixtures": {"ratecard_compiler", "sql"},
    "migrations": {"ratecard_compiler", "sql"},
    "api": {"migrations", "ratecard_compiler", "sql", "fixtures"},
}
OURS = {*MAY_IMPORT, "tests", "bench"}
ENGINE_AND_SERVER = ("clickhouse_connect", "chdb", "fastapi", "pyarrow")

# Commands that need no engine start without loading it, and the driver takes 0.4 s.
LOADED_WHEN_NEEDED = {
    "api/cli/revenue.py",
    "api/cli/session.py",
    "api/cli/stores.py",
    "sql/client.py",
    "sql/errors.py",
    "sql/server.py",
}

# How a statement begins, in capitals and with something after it: a method or a word of a sentence is none.
STATEMENT = re.compile(
    r"[\s(]*(SELECT|INSERT\s+INTO|ALTER|CREATE|SYSTEM|DESCRIBE|DROP|OPTIMIZE|TRUNCATE|RENAME|ATTACH|DETACH|DELETE\s+FROM"
    r"|EXISTS|SHOW|WITH|FROM|UNION|WHERE|GROUP\s+BY|ORDER\s+BY)\s+[^\s]"
)

# Patterns that look for statements.
NO_STATEMENTS = {
    ("tests/database/test_server_dsn.py", r"INSERT INTO \W?usage_batches\W? .*FORMAT Arrow"),
    ("tests/database/test_server_dsn.py", "CREATE OR REPLACE DICTIONARY"),
    ("tests/database/clickhouse_http.py", r"CREATE (?:OR REPLACE )?DICTIONARY (\w+)"),
    ("tests/database/clickhouse_http.py", r"SYSTEM RELOAD DICTIONARY \w+\.(\w+)"),
    ("tests/test_docs.py", r"CREATE OR REPLACE VIEW (\w+)(\{\{ of \}\})?"),
}

MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_MODULE = 400


def _modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, wherever in it, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            # A relative import stays in its package, which is what the rule allows anyway.
            yield node.lineno, node.module or "" if node.level == 0 else path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_run_one_way(package: str) -> None:
    forbidden = OURS - MAY_IMPORT[package] - {package}
    found = [
        f"{_name(path)}:{line} imports {module}"
        for path in _modules(package)
        for line, module in _imported(path)
        if module.split(".")[0] in forbidden
    ]
    assert found == []


def test_the_compiler_imports_no_engine_and_no_server() -> None:
    found = [
        f"{_name(path)}:{line} imports {module}"
        for path in _modules("ratecard_compiler")
        for line, module in _imported(path)
        if module.split(".")[0] in ENGINE_AND_SERVER
    ]
    assert found == []


def test_imports_stand_at_the_top() -> None:
    """But where a command, or opening a client, need not wait for what is slow to load. An import for the types only
    would hide a circle."""
    found = []
    for path in _modules(*MAY_IMPORT):
        if _name(path) in LOADED_WHEN_NEEDED:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom) and node.col_offset > 0:
                found.append(f"{_name(path)}:{node.lineno}")
    assert found == []


@pytest.mark.parametrize("statement", ["import ratecard_compiler", "import ratecard_compiler.rating"])
def test_the_compiler_loads_no_engine_and_no_server(statement: str) -> None:
    program = (
        f"{statement}\nimport sys\nprint(*[name for name in {ENGINE_AND_SERVER!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("package", sorted(OURS))
def test_modules_and_functions_stay_small(package: str) -> None:
    found: list[str] = []
    for path in _modules(package):
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        if lines > MOST_LINES_OF_A_MODULE:
            found.append(f"{_name(path)} has {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > MOST_LINES_OF_A_FUNCTION:
                    found.append(f"{_name(path)}:{node.lineno} {node.name} has {length} lines")
    assert found == []


def test_no_number_becomes_a_binary_fraction() -> None:
    """Money is exact from the first byte: no `float(…)` in any package."""
    found: list[str] = []
    for path in _modules(*MAY_IMPORT):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
                found.append(f"{_name(path)}:{node.lineno}")
    assert found == []


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text in a file's code, with its line; of a text with values in it, `{}` stands for each."""
    pieces: set[ast.AST] = set()
    # Outer nodes come first: the pieces of a text are known before they are met.
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in pieces:
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            pieces.update(node.values)
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, parts))


@pytest.mark.parametrize("package", sorted(OURS))
def test_no_sql_in_python(package: str) -> None:
    found = [
        f"{_name(path)}:{line} {text[:60]!r}"
        for path in _modules(package)
        for line, text in _texts(path)
        if STATEMENT.match(text)
        and (_name(path), text.strip()) not in NO_STATEMENTS
        and path != Path(__file__)
    ]
    assert found == []


def test_a_statement_has_one_file_and_is_used() -> None:
    files = [path for folder in ("commands", "queries") for path in (ROOT / "sql" / folder).rglob("*.sql*")]
    assert files
    names = Counter(path.name.partition(".")[0] for path in files)
    assert [name for name, count in names.items() if count > 1] == []
    named = {text for path in _modules(*MAY_IMPORT) for _, text in _texts(path)}
    assert [str(path) for path in files if str(path.relative_to(ROOT / "sql")) not in named] == []


def test_every_statement_of_the_tests_is_used() -> None:
    for path in (ROOT / "tests" / "sql").glob("*.sql"):
        names = [name for name, _ in NAMED.findall(path.read_text(encoding="utf-8"))]
        assert names
        [user] = [
            one for one in _modules("tests") if f'statements_of("{path.stem}")' in one.read_text("utf-8")
        ]
        assert set(names) - {text for _, text in _texts(user)} == set(), path
        assert len(names) == len(set(names)), path


def test_every_point_of_death_is_in_the_code_and_every_one_in_the_code_is_named() -> None:
    """A kill at a point that nothing reaches would be a crash test without a crash."""
    reached: list[object] = []
    for path in _modules(*MAY_IMPORT):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reach":
                assert isinstance(node.args[0], ast.Constant), f"{_name(path)}:{node.lineno}"
                reached.append(node.args[0].value)
    assert sorted(map(str, reached)) == sorted(POINTS)


def test_the_rules_see_the_code() -> None:
    """A rule that reads nothing always holds: each package has modules, imports are found in them, and SQL would be."""
    for text in ("SELECT 1", " (SELECT *", "DROP VIEW {}", "\nINSERT INTO t", "SYSTEM RELOAD DICTIONARY d"):
        assert STATEMENT.match(text), text
    for package in MAY_IMPORT:
        assert _modules(package), package
    assert any(
        module.startswith("ratecard_compiler")
        for _, module in _imported(ROOT / "ratecard_compiler/prices.py")
    )
