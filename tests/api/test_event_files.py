"""Files of events: NDJSON, JSON, CSV and Parquet give the same events, in batches, faults with their rows."""

from __future__ import annotations

import ast
import gzip
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import api.events
from api.events import (
    EVENT_SCHEMA,
    REJECTION_CODES,
    REQUEST_CODES,
    BadRequest,
    DecodedEvents,
    EventLimits,
    read_event_file,
)
from tests.api.test_event_decoding import BASE, NOW, event

HEADER = "event_id,customer_id,event_type,event_time"
ROW = "e1,c1,llm.completion,2026-01-31T10:00:00Z"
INSTANT = datetime(2026, 1, 31, 10, tzinfo=UTC)


def read(path: Path, limits: EventLimits | None = None) -> list[DecodedEvents]:
    batches = list(read_event_file(path, limits or EventLimits(), NOW))
    position = 0
    for batch in batches:
        assert batch.table.schema == EVENT_SCHEMA
        batch.table.validate(full=True)
        seen = sorted([*batch.positions, *(rejection.index for rejection in batch.rejections)])
        assert seen == list(range(position, position + batch.total))
        position += batch.total
    return batches


def read_one(path: Path) -> DecodedEvents:
    (batch,) = read(path)
    return batch


def refused(path: Path) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        read(path)
    assert caught.value.code in REQUEST_CODES
    return caught.value


def write(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def write_parquet(path: Path, **columns: Any) -> Path:
    """A Parquet file of one-row columns: the four fields unless they are given, and the columns given."""
    fields = {"event_id": ["e1"], "customer_id": ["c1"], "event_type": ["t"], "event_time": [INSTANT]}
    pq.write_table(pa.table({**fields, **columns}), path)
    return path


def properties_of(batch: DecodedEvents) -> list[dict[str, str]]:
    return [dict(pairs) for pairs in batch.table["properties"].to_pylist()]


EVENTS = [
    event(event_id="e1", properties={"tokens": 12, "model": "large"}),
    event(event_id="e2", properties={"tokens": "0.50"}),
    event(event_id="e3", properties={}),
]
LINES = "".join(json.dumps(item) + "\n" for item in EVENTS)
CSV = f"""{HEADER},tokens,model
e1,c1,llm.completion,2026-01-31T10:00:00Z,12,large
e2,c1,llm.completion,2026-01-31T10:00:00Z,0.50,
e3,c1,llm.completion,2026-01-31T10:00:00Z,,
"""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("events.ndjson", LINES),
        ("events.jsonl", "\ufeff" + LINES.replace("\n", "\r\n\n")),
        ("EVENTS.NDJSON.GZ", LINES),
        ("events.ndjson.gz", LINES),
        ("events.json", json.dumps(EVENTS)),
        ("events.json", "\ufeff" + json.dumps({"events": EVENTS}, indent=1)),
        ("events.json.gz", json.dumps(EVENTS)),
        ("events.csv", CSV),
        ("events.csv", "\ufeff" + CSV.replace("\n", "\r\n")),
        ("events.csv", CSV.replace("\n", "\n\n")),
        ("events.csv.gz", CSV),
    ],
)
def test_the_same_events_in_each_format(tmp_path: Path, name: str, content: str) -> None:
    path = write(tmp_path / name, content)
    if name.endswith("GZ"):
        path.write_bytes(gzip.compress(content.encode(), mtime=0))
    batch = read_one(path)
    assert batch.rejections == ()
    assert batch.table["event_id"].to_pylist() == ["e1", "e2", "e3"]
    assert set(batch.table["event_time"].to_pylist()) == {INSTANT}
    assert properties_of(batch) == [{"tokens": "12", "model": "large"}, {"tokens": "0.50"}, {}]


def test_batches_have_at_most_fifty_thousand_rows(tmp_path: Path) -> None:
    lines = [json.dumps(event(event_id=f"e{number}", properties={})) for number in range(100_001)]
    lines[50_000] = "nonsense"
    batches = read(write(tmp_path / "events.ndjson", "\n".join(lines)))
    assert [batch.total for batch in batches] == [50_000, 50_000, 1]
    assert [[r.index for r in batch.rejections] for batch in batches] == [[], [50_000], []]
    assert batches[2].table["event_id"].to_pylist() == ["e100000"]
    rows = read(write(tmp_path / "events.json", f"[{','.join(lines[:50_000] + lines[50_001:])}]"))
    assert [batch.total for batch in rows] == [50_000, 50_000]


def test_large_csv_and_parquet_come_in_batches_too(tmp_path: Path) -> None:
    names = [f"e{number}" for number in range(60_000)]
    rows = "\n".join(ROW.replace("e1", name, 1) for name in names)
    csv_batches = read(write(tmp_path / "events.csv", f"{HEADER}\n{rows}\n"))
    count = len(names)
    table = pa.table(
        {
            "event_id": names,
            "customer_id": ["c1"] * count,
            "event_type": ["llm.completion"] * count,
            "event_time": pa.array([INSTANT] * count, pa.timestamp("us", "UTC")),
        }
    )
    pq.write_table(table, tmp_path / "events.parquet")
    parquet_batches = read(tmp_path / "events.parquet")
    assert (
        [batch.total for batch in csv_batches]
        == [batch.total for batch in parquet_batches]
        == [50_000, 10_000]
    )
    assert [batch.table for batch in csv_batches] == [batch.table for batch in parquet_batches]


def test_a_line_without_end_is_one_rejection_and_not_kept(tmp_path: Path) -> None:
    lines = [json.dumps(BASE), "x" * 5_000, json.dumps(event(event_id="e2")), "y" * 1_200]
    path = write(tmp_path / "events.ndjson", "\n".join(lines))
    batches = read(path, EventLimits(max_bytes=1_000))
    assert [r.code for batch in batches for r in batch.rejections] == ["event_too_large"] * 2
    assert [list(batch.positions) for batch in batches] == [[0], [], [2], []]


def test_faulty_csv_rows_are_rejections_with_their_row(tmp_path: Path) -> None:
    content = f"{HEADER},tokens\n".encode() + b"\n".join(
        [
            f"{ROW},1".encode(),
            ROW.encode(),
            f"{ROW},1,2".encode(),
            ROW.encode() + b",\xff",
            f"{ROW.replace('c1', '')},1".encode(),
            f"{ROW.replace('01-31', '02-30')},1".encode(),
            f'{ROW},"1,5\n2"'.encode(),
        ]
    )
    batch = read_one(write(tmp_path / "events.csv", content))
    assert batch.positions == [0, 6]
    assert properties_of(batch)[1] == {"tokens": "1,5\n2"}
    assert [(r.index, r.code, r.field) for r in batch.rejections] == [
        (1, "malformed_row", None),
        (2, "malformed_row", None),
        (3, "invalid_text", "tokens"),
        (4, "empty_value", "customer_id"),
        (5, "bad_event_time", "event_time"),
    ]


def test_a_csv_column_of_json_properties(tmp_path: Path) -> None:
    cells = ['{"tokens": 1.50, "tags": [1, 2]}', "", '{"tokens": 1e5}', "[]", "{"]
    rows = [f'{ROW},"{cell.replace(chr(34), chr(34) * 2)}"' for cell in cells]
    batch = read_one(write(tmp_path / "events.csv", "\n".join([f"{HEADER},properties", *rows])))
    assert properties_of(batch) == [{"tokens": "1.50", "tags": "[1,2]"}, {}]
    assert [(r.index, r.code, r.field) for r in batch.rejections] == [
        (2, "bad_number", "properties.tokens"),
        (3, "wrong_type", "properties"),
        (4, "malformed_json", "properties"),
    ]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("event_id,customer_id,event_type", "event_time is missing"),
        ("event_id;customer_id;event_type;event_time", "event_id is missing"),
        (f"{HEADER},event_id", "event_id is there twice"),
        (f"{HEADER},", "no name"),
        (f"{HEADER},tokens,properties", "tokens stands beside properties"),
    ],
)
def test_csv_headers_that_are_refused(tmp_path: Path, header: str, words: str) -> None:
    refusal = refused(write(tmp_path / "events.csv", f"{header}\n{ROW}\n"))
    assert refusal.code == "bad_columns"
    assert words in refusal.message


def test_broken_quotes_are_refused_with_their_line(tmp_path: Path) -> None:
    refusal = refused(write(tmp_path / "events.csv", f'{HEADER}\n{ROW}\n"e2"x,c1,t,2026-01-31T10:00:00Z\n'))
    assert (refusal.code, refusal.line) == ("malformed_file", 3)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (pa.array(["as is"]), "as is"),
        (pa.array(["text"], pa.large_string()), "text"),
        (pa.array(["text"]).dictionary_encode(), "text"),
        (pa.array([7], pa.int8()), "7"),
        (pa.array([999_999_999_999_999], pa.uint64()), "999999999999999"),
        (pa.array([True]), "true"),
        (pa.array([date(2026, 1, 31)]), "2026-01-31"),
        (pa.array([Decimal("1.10")], pa.decimal128(10, 2)), "1.10"),
        (pa.array([Decimal("0.000000000")], pa.decimal128(10, 9)), "0.000000000"),
        (pa.array([Decimal("0.00000001")], pa.decimal128(20, 18)), "0.000000010"),
        (pa.array([Decimal("-999999999999999.5")], pa.decimal256(40, 20)), "-999999999999999.500000000"),
    ],
)
def test_parquet_values_are_exact_text(tmp_path: Path, column: pa.Array, value: str) -> None:
    expected = [{"x": value}]
    assert properties_of(read_one(write_parquet(tmp_path / "events.parquet", x=column))) == expected
    if not pa.types.is_dictionary(column.type):
        struct = pa.StructArray.from_arrays([column], ["x"])
        assert (
            properties_of(read_one(write_parquet(tmp_path / "struct.parquet", properties=struct))) == expected
        )
        maps = pa.MapArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array(["x"]), column)
        assert properties_of(read_one(write_parquet(tmp_path / "map.parquet", properties=maps))) == expected


def test_parquet_json_properties_and_nulls(tmp_path: Path) -> None:
    columns = {
        "event_id": ["e1", "e2", None, "e4", "e5"],
        "customer_id": ["c1"] * 5,
        "event_type": ["t"] * 5,
        "event_time": pa.array(
            [INSTANT, INSTANT, INSTANT, None, INSTANT], pa.timestamp("s", "Europe/Berlin")
        ),
        "properties": ['{"x": 1.50}', None, "{}", "{}", "{"],
    }
    pq.write_table(pa.table(columns), tmp_path / "events.parquet")
    batch = read_one(tmp_path / "events.parquet")
    assert batch.table["event_time"].to_pylist() == [INSTANT, INSTANT]
    assert properties_of(batch) == [{"x": "1.50"}, {}]
    assert [(r.index, r.code, r.field) for r in batch.rejections] == [
        (2, "missing_field", "event_id"),
        (3, "missing_field", "event_time"),
        (4, "malformed_json", "properties"),
    ]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([10**15]),
        pa.array([Decimal("0.0000000001")], pa.decimal128(20, 10)),
        pa.array([Decimal(10**15)], pa.decimal128(30, 0)),
    ],
)
def test_a_parquet_number_that_is_not_kept_is_a_rejection(tmp_path: Path, column: pa.Array) -> None:
    (rejection,) = read_one(write_parquet(tmp_path / "events.parquet", x=column)).rejections
    assert (rejection.code, rejection.field) == ("bad_number", "properties.x")


def test_parquet_instants_are_cut_to_milliseconds(tmp_path: Path) -> None:
    for text, column in (
        ("text", pa.array(["2026-01-31T10:00:00.999999999Z"])),
        ("time", pa.array([1_769_853_600_999_999_999], pa.timestamp("ns", "Asia/Tokyo"))),
    ):
        batch = read_one(write_parquet(tmp_path / f"{text}.parquet", event_time=column))
        assert batch.table["event_time"].to_pylist() == [INSTANT + timedelta(milliseconds=999)]


@pytest.mark.parametrize(
    ("name", "column", "words"),
    [
        ("x", pa.array([0.1]), "no exact value"),
        ("x", pa.array([0.1], pa.float32()), "no exact value"),
        ("properties", pa.array([{"x": 0.1}]), "no exact value"),
        ("properties", pa.array([[("x", 0.1)]], pa.map_(pa.string(), pa.float64())), "no exact value"),
        ("properties", pa.array([[(1, "x")]], pa.map_(pa.int64(), pa.string())), "keys"),
        ("properties", pa.array([7]), "must be a map"),
        ("x", pa.array([[1]]), "store a string"),
        ("x", pa.array([b"x"]), "store a string"),
        ("x", pa.array([INSTANT]), "store a string"),
        ("event_id", pa.array([7]), "must be a string"),
        ("event_time", pa.array([datetime(2026, 1, 31, 10)]), "with a zone"),
        ("event_time", pa.array([1_769_853_600]), "with a zone"),
    ],
)
def test_parquet_types_that_are_refused(tmp_path: Path, name: str, column: pa.Array, words: str) -> None:
    refusal = refused(write_parquet(tmp_path / "events.parquet", **{name: column}))
    assert refusal.code == "bad_columns"
    assert name in refusal.message
    assert words in refusal.message


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("events.txt", LINES, 415, "unsupported_media_type"),
        ("events", LINES, 415, "unsupported_media_type"),
        ("events.parquet.gz", LINES, 415, "unsupported_media_type"),
        ("events.ndjson", "", 400, "no_events"),
        ("events.ndjson", "\n \n", 400, "no_events"),
        ("events.json", "[]", 400, "no_events"),
        ("events.json", "", 400, "no_events"),
        ("events.json", "[{]", 400, "malformed_json"),
        ("events.csv", "", 400, "no_events"),
        ("events.csv", f"{HEADER}\n", 400, "no_events"),
        ("events.parquet", LINES, 400, "malformed_file"),
        ("events.parquet", "", 400, "malformed_file"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, name: str, content: str, status: int, code: str) -> None:
    refusal = refused(write(tmp_path / name, content))
    assert (refusal.status, refusal.code) == (status, code)


@pytest.mark.parametrize("name", ["events.ndjson.gz", "events.json.gz", "events.csv.gz"])
@pytest.mark.parametrize("data", [b"plain", gzip.compress(f"{HEADER}\n{ROW}\n".encode(), mtime=0)[:-9]])
def test_broken_gzip_files_are_refused(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert refused(path).code == "malformed_file"


def test_damaged_parquet_is_refused_and_never_a_crash(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "events.parquet", x=pa.array(["value"]))
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read(path)
        except BadRequest as error:
            assert error.code in ("malformed_file", "bad_columns", "no_events")  # noqa: PT017  # either is right


def test_a_file_that_is_not_there_is_told_as_by_open(tmp_path: Path) -> None:
    for name in ("events.ndjson", "events.csv.gz", "events.parquet"):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / name)


def test_each_code_in_the_tables_is_used_and_each_used_one_is_in_its_table() -> None:
    used: dict[str, set[str]] = {"EventError": set(), "BadRequest": set()}
    for module in Path(api.events.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in used:
                assert isinstance(node.args[0], ast.Constant)
                used[node.func.id].add(str(node.args[0].value))
    assert used == {"EventError": set(REJECTION_CODES), "BadRequest": set(REQUEST_CODES)}
