"""`runrate ingest`: files of every kind, in requests of a bounded size, with a summary by reason."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.events import REQUEST_CODES
from api.scenarios.plan import read_scenario
from api.scenarios.run import StepFailed, run_scenario
from api.store import Store
from tests.api.cli_world import Run, event, fill, lines, served_command_line
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


def test_a_file_with_bad_events(ready: Run, tmp_path: Path) -> None:
    events = [event(11), event(12, event_time="2026-02-30T00:00:00Z"), event(13, customer_id=""), event(14)]
    file = tmp_path / "mixed.ndjson"
    file.write_text("\n" + lines(*events) + "{broken\n", encoding="utf-8")
    done = ready("ingest", str(file))
    assert done.code == 1
    assert "2 accepted, 0 duplicate, 0 conflict, 3 rejected" in done.out
    assert "bad_event_time" in done.out
    again = ready("ingest", str(file), "--json")
    assert again.code == 1
    assert (again.json["duplicate"], again.json["rejected"]) == (2, 3)
    assert [one["index"] for one in again.json["events"]] == [1, 2, 4]
    assert again.json["reasons"] == {"bad_event_time": 1, "empty_value": 1, "malformed_json": 1}


def test_a_file_with_nothing_but_bad_events(ready: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.ndjson"
    file.write_text(lines(event(21, event_time="yesterday")), encoding="utf-8")
    done = ready("ingest", str(file), "--json")
    assert (done.code, done.json["accepted"], done.json["rejected"]) == (1, 0, 1)


def test_a_conflict_is_told_and_no_failure(ready: Run, tmp_path: Path) -> None:
    file = tmp_path / "conflict.ndjson"
    file.write_text(lines(event(1, properties={"model": "large", "tokens": "7"})), encoding="utf-8")
    done = ready("ingest", str(file), "--json")
    assert (done.code, done.json["conflict"]) == (0, 1)


def write_json(path: Path, events: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(events), encoding="utf-8")


def write_gzip(path: Path, events: list[dict[str, Any]]) -> None:
    path.write_bytes(gzip.compress(lines(*events).encode()))


def write_csv(path: Path, events: list[dict[str, Any]]) -> None:
    head = "event_id,customer_id,event_type,event_time,model,tokens\n"
    rows = [",".join([*list(one.values())[:4], *one["properties"].values()]) + "\n" for one in events]
    path.write_text(head + "".join(rows), encoding="utf-8")


def write_parquet(path: Path, events: list[dict[str, Any]]) -> None:
    names = ("event_id", "customer_id", "event_type", "event_time")
    columns = {name: [one[name] for one in events] for name in names}
    columns |= {name: [one["properties"][name] for one in events] for name in ("model", "tokens")}
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize(
    ("ending", "write"),
    [("json", write_json), ("ndjson.gz", write_gzip), ("csv", write_csv), ("parquet", write_parquet)],
)
def test_every_kind_of_file_holds_the_same_events(
    ready: Run, tmp_path: Path, ending: str, write: Callable[[Path, list[dict[str, Any]]], None]
) -> None:
    """All of them duplicate what came as NDJSON: the same text, whatever carried it."""
    events = [event(31), event(32)]
    first = tmp_path / "first.ndjson"
    first.write_text(lines(*events), encoding="utf-8")
    assert ready("ingest", str(first)).code == 0
    file = tmp_path / f"events.{ending}"
    write(file, events)
    assert ready("ingest", str(file), "--json").json["duplicate"] == 2


def test_a_file_in_many_requests(ready: Run, tmp_path: Path) -> None:
    start = datetime(2026, 1, 20, tzinfo=UTC)
    events = [
        event(
            1000 + number,
            customer_id="c2",
            event_time=(start + timedelta(seconds=number)).isoformat(),
            properties={"model": "small", "tokens": "1"},
        )
        for number in range(12_000)
    ]
    file = tmp_path / "many.ndjson"
    file.write_text(lines(*events) + "{broken\n", encoding="utf-8")
    done = ready("ingest", str(file), "--json")
    assert (done.json["accepted"], done.json["events"][0]["index"]) == (12_000, 12_000)
    assert ready("invoice", "k2:2026-01-01", "--json").json["total"] == "12.00"


GZIP = gzip.compress(lines(event(41)).encode(), mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("plain.ndjson.gz", b"x", "Not a gzipped file"),
        ("cut.ndjson.gz", GZIP[:-9], "cannot be decompressed"),
        ("bent.ndjson.gz", GZIP[:12] + b"\xff\xff\xff" + GZIP[15:], "cannot be decompressed"),
        ("cut.csv.gz", GZIP[:9], "cannot be decompressed"),
        ("columns.csv", b"event_id,a\n1,2\n", "Column customer_id is missing"),
        ("quotes.csv", b'event_id,customer_id,event_type,event_time\n"a', "at line 2"),
        ("events.txt", b"x", "is not read; name it .ndjson"),
        ("none.csv", b"", "holds no event"),
        ("cut.json", b"{", "is not JSON at line 1"),
        ("short.parquet", b"PAR1", "cannot be read as Parquet"),
        ("long.ndjson", b'\n{"event_id": "' + b"x" * (6 << 20) + b'"}\n', "event 1: "),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    ready: Run, tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    done = ready("ingest", str(file))
    assert done.code == 1
    assert done.err.startswith(f"error: {file}: ")
    assert told in done.err
    assert done.err.count(name) == 1
    assert done.err.count("\n") == 1
    failed = ready("ingest", str(file), "--json")
    assert failed.json["error"]["code"] in REQUEST_CODES


def test_events_of_a_scenario_that_cannot_be_read_are_named(store: Store, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("now: 2026-02-03T00:00:00Z\nsteps: [{events: bad.csv.gz}]\n", encoding="utf-8")
    (tmp_path / "bad.csv.gz").write_bytes(b"x")
    with pytest.raises(StepFailed, match=r"^scenario.yaml:2:10: bad.csv.gz: The file says that it is gzip"):
        run_scenario(read_scenario(tmp_path), store)


@pytest.mark.parametrize(
    ("command", "name"),
    [(("scenario", "."), "scenario.yaml"), (("rate", "--cases", "cases.json"), "cases.json")],
)
def test_what_is_not_utf_8_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(b"\xff\xfe")
    done = run(*command)
    assert done.code == 1
    assert name in done.err
    assert "save it as UTF-8" in done.err
