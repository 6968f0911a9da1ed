"""The one client: no answer of another query, one process a folder, UTC, private temporary files, bounded memory, and
values that stay values."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sql.client import Database
from sql.errors import EngineBusy, EngineError, StoreInUse
from tests.conftest import Engine
from tests.sql import statements_of

SQL = statements_of("client")

PROJECT = Path(__file__).parent.parent.parent

# Opens the folder, says how, and stays until its input ends.
OWNER = """
import sys
from sql.client import Database
from sql.errors import StoreInUse
try:
    database = Database.open(f"chdb:{sys.argv[1]}")
except StoreInUse as refused:
    print("refused", refused.owner, refused, flush=True)
else:
    print("opened", database.value("SELECT 1"), flush=True)
    sys.stdin.read()
    database.close()
"""

# Fail when rows are on their way already; and before any is.
LATE_FAILURE = SQL("late_failure")
EARLY_FAILURE = SQL("early_failure")

# Values that look like SQL, like escapes, or like nothing at all.
HOSTILE = [
    "'; DROP TABLE usage_events; --",
    "' OR '1'='1",
    "\\'; SELECT 1; --",
    "\\",
    "\\\\'",
    "{customer_id:String}",
    "`usage_events`",
    "a\tb\nc\rd\x00e\x1ff",
    "%s %(x)s ?",
    "\N{COMBINING ACUTE ACCENT}\N{RIGHT-TO-LEFT OVERRIDE}O\u2019Neill 模型 🦆",
    "/* */ -- # ;",
    "NULL",
    "\\N",
    "",
    " ",
]


@pytest.fixture(scope="module")
def database(engine: Engine) -> Iterator[Database]:
    """A database with nothing in it."""
    opened = Database.open(engine.dsn, database="client_tests")
    yield opened
    opened.close()
    engine.drop("client_tests")


def start(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_no_query_is_answered_with_the_rows_of_another(database: Database) -> None:
    """Eight threads, a hundred queries each, a third of them failing while rows are on their way."""

    failing = (database.rows, database.command, database.query_arrow)

    def ask(thread: int) -> tuple[int, int]:
        random = Random(thread)
        answered = failed = 0
        for place in range(100):
            mark = thread * 1000 + place
            if random.random() < 1 / 3:
                with pytest.raises(EngineError):
                    random.choice(failing)(LATE_FAILURE, mark=mark)
                failed += 1
            else:
                rows = random.randint(1, 5)
                found = database.rows(SQL("numbers"), mark=mark, rows=rows)
                assert found == [{"mark": mark, "number": number} for number in range(rows)]
                answered += 1
        return answered, failed

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(ask, range(8)))
    assert sum(answered + failed for answered, failed in counts) == 800
    assert all(failed > 20 for _, failed in counts)


@pytest.mark.parametrize("ask", ["rows", "value", "command", "query_arrow"])
@pytest.mark.parametrize(
    "statement", [LATE_FAILURE, EARLY_FAILURE, SQL("unknown_name"), "SELEC {mark:UInt64}"]
)
def test_after_a_failed_query_the_next_one_is_its_own(database: Database, ask: str, statement: str) -> None:
    for number in range(5):
        with pytest.raises(EngineError):
            getattr(database, ask)(statement, mark=number)
        assert database.value(SQL("number"), number=number) == number
        assert database.query_arrow(SQL("next")).to_pylist() == [{"one": "next"}]


def test_a_folder_has_one_process(tmp_path: Path) -> None:
    with start(tmp_path) as owner:
        assert first_line(owner) == "opened 1\n"
        with start(tmp_path) as second:
            told = first_line(second)
        assert told.startswith(f"refused {owner.pid} process {owner.pid} already owns")
        assert "over HTTP" in told
        assert owner.stdin is not None
        owner.stdin.close()
        assert owner.wait(timeout=60) == 0
    with start(tmp_path) as third:
        assert first_line(third) == "opened 1\n"


def test_a_process_ends_without_a_warning_about_its_lock(tmp_path: Path) -> None:
    opening = "import sys; from sql.client import Database; Database.open(f'chdb:{sys.argv[1]}').close()"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", opening, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "owner.lock" not in done.stderr


def test_a_folder_that_a_killed_process_owned_is_free(tmp_path: Path) -> None:
    with start(tmp_path) as owner:
        assert first_line(owner) == "opened 1\n"
        owner.kill()
    with start(tmp_path) as second:
        assert first_line(second) == "opened 1\n"


def test_this_process_is_refused_too(tmp_path: Path) -> None:
    with start(tmp_path) as owner:
        assert first_line(owner) == "opened 1\n"
        with pytest.raises(StoreInUse) as refused:
            Database.open(f"chdb:{tmp_path}")
    assert refused.value.owner == str(owner.pid)


def test_the_time_zone_is_utc_whatever_the_machine_says(tmp_path: Path, database: Database) -> None:
    assert (time.tzname[0], database.value(SQL("time_zone"))) == ("UTC", "UTC")
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert database.value(SQL("instant")) == at
    assert database.value(SQL("instant_in_utc")) == at
    script = (
        "import sys; from sql.client import Database; d = Database.open(f'chdb:{sys.argv[1]}');"
        "print(d.value('SELECT toString(toDateTime(0))')); d.close()"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TZ": "Pacific/Auckland"}
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "1970-01-01 00:00:00\n"


def test_temporary_files_are_in_the_folder_and_wiped_at_start(tmp_path: Path) -> None:
    left = tmp_path / "tmp" / "left by a killed insert"
    left.parent.mkdir()
    left.write_text("customers' data")
    with start(tmp_path) as owner:
        assert first_line(owner) == "opened 1\n"
        assert not left.exists()
        assert left.parent.stat().st_mode & 0o077 == 0


def test_temporary_files_of_this_process_are_in_the_folder(engine_folder: Path, database: Database) -> None:
    import tempfile

    assert database.value(SQL("one")) == 1
    assert Path(os.environ["TMPDIR"]) == engine_folder / "tmp"
    assert Path(tempfile.gettempdir()) == engine_folder / "tmp"


def test_a_query_that_is_too_large_fails_alone(database: Database) -> None:
    huge = SQL("huge")
    with ThreadPoolExecutor(2) as pool:
        large = pool.submit(lambda: database.value(f"{huge} SETTINGS max_memory_usage = 200000000"))
        others = [database.value(SQL("small"), n=number) for number in range(50)]
        with pytest.raises(EngineBusy, match=r"memory|MEMORY"):
            large.result(timeout=120)
    assert others == list(range(50))
    assert database.value(SQL("sum")) == 499500


def test_the_engine_s_memory_is_bounded(tmp_path: Path) -> None:
    script = (
        "import sys; from sql.client import Database; from sql.errors import EngineBusy\n"
        "d = Database.open(f'chdb:{sys.argv[1]}', memory_bytes=700 << 20)\n"
        "try:\n    d.value('SELECT length(groupArray(toString(number))) FROM numbers(1000000000)')\n"
        "except EngineBusy:\n    print('busy', d.value('SELECT 7'))\n"
        "d.close()"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "busy 7\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_never_becomes_sql(database: Database, text: str) -> None:
    [row] = database.rows(
        SQL("texts"),
        text=text,
        list=[text, "x", text],
    )
    assert row == {"one": text, "many": [text, "x", text], "bytes": len(text.encode())}


def test_inserted_values_come_back_as_they_were(database: Database) -> None:
    database.command(SQL("create_round_trip"))
    at = datetime(2026, 1, 31, 23, 59, 59, 999000, tzinfo=UTC)
    number = Decimal("-12345678901234567890.123456789012345")
    rows: list[dict[str, Any]] = [
        {"id": place, "text": text, "map": {text: text}, "number": number, "at": at}
        for place, text in enumerate(HOSTILE)
    ]
    try:
        database.insert("round_trip", rows)
        assert database.rows(SQL("round_trip")) == rows
    finally:
        database.command(SQL("drop_round_trip"))


def test_a_closed_store_answers_nothing(tmp_path: Path, engine: Engine) -> None:
    opened = Database.open(engine.dsn, database="closed")
    assert opened.value(SQL("one")) == 1
    opened.close()
    with pytest.raises(EngineError, match="closed"):
        opened.value(SQL("one"))
    engine.drop("closed")


@pytest.mark.parametrize("name", ["a-b", "a`; DROP DATABASE runrate", "", "a.b"])
def test_a_database_s_name_is_letters_digits_and_underscores(engine: Engine, name: str) -> None:
    with pytest.raises((ValueError, EngineError), match="database name"):
        Database.open(engine.dsn, database=name)
