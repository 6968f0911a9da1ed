"""Files of events → validated events, in batches.

| ending | content |
|---|---|
| .ndjson, .jsonl (also .gz) | one event a line, blank lines skipped |
| .json (also .gz) | an array of events, one event, or `{"events": […]}` |
| .csv (also .gz) | a header; each column that is not a field of an event is a property |
| .parquet | the same columns |

A position is the number of the event in the file, from 0; blank lines and the header do not count.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, cast

from api.events.columns import EventColumns, validate_events
from api.events.csv_files import read_csv
from api.events.decode import BYTE_ORDER_MARK, json_items, no_events
from api.events.json_events import PLAIN, read_array_fast, read_items, read_lines
from api.events.model import EVENT_SCHEMA, BadRequest, DecodedEvents, EventError, EventLimits
from api.events.parquet_files import read_parquet

BATCH_ROWS: Final = 50_000
BATCH_BYTES: Final = 16 * 1024 * 1024
MAX_JSON_BYTES: Final = 256 * 1024 * 1024


def read_event_file(path: Path, limits: EventLimits, now: datetime) -> Iterator[DecodedEvents]:
    """The events of a file in its order, at most 50,000 in a batch; a bad event is a rejection in its batch.

    `limits.max_events` does not apply; `limits.max_bytes` bounds one line. BadRequest where the file cannot
    be read as what its ending says (batches before that place were already given), or has no event. OSError
    as of `open`.
    """
    name = path.name.lower()
    is_compressed = name.endswith(".gz")
    ending = Path(name.removesuffix(".gz")).suffix
    total = 0
    try:
        for batch in _batches(path, ending, is_compressed, limits, now):
            total += batch.total
            yield batch
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        message = f"The file says that it is gzip but cannot be decompressed: {error}."
        raise BadRequest("malformed_file", message) from None
    if total == 0:
        raise no_events("file")


def _batches(
    path: Path, ending: str, is_compressed: bool, limits: EventLimits, now: datetime
) -> Iterator[DecodedEvents]:
    if ending == ".parquet" and not is_compressed:
        for columns in read_parquet(path, limits, BATCH_ROWS, BATCH_BYTES):
            yield validate_events(columns, limits, now)
        return
    reader = _READERS.get(ending)
    if reader is None:
        message = (
            "The ending of the file is not read; name it .ndjson, .jsonl, .json or .csv "
            "(or one of these with .gz), or .parquet."
        )
        raise BadRequest("unsupported_media_type", message, status=415)
    # GzipFile reads like a file but has no common type with one.
    with cast(BinaryIO, gzip.open(path)) if is_compressed else path.open("rb") as stream:
        for read in reader(stream, limits):
            yield validate_events(read, limits, now) if isinstance(read, EventColumns) else read


def _read_lines(stream: BinaryIO, limits: EventLimits) -> Iterator[EventColumns | DecodedEvents]:
    batch: list[bytes] = []
    size = first = 0
    for line in _lines(stream, limits.max_bytes):
        if line is not None:
            batch.append(line)
            size += len(line)
            if len(batch) < BATCH_ROWS and size < BATCH_BYTES:
                continue
        if batch:
            yield read_lines(b"".join(batch), PLAIN, limits, first)
        first += len(batch)
        batch, size = [], 0
        if line is None:
            yield _too_large(first, limits.max_bytes)
            first += 1
    if batch:
        yield read_lines(b"".join(batch), PLAIN, limits, first)


def _lines(stream: BinaryIO, max_bytes: int) -> Iterator[bytes | None]:
    """The lines that are not blank; None for one that is too long, of which no more than that is ever
    held."""
    line = stream.readline(max_bytes + 1).removeprefix(BYTE_ORDER_MARK)
    while line:
        if len(line) > max_bytes and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(max_bytes)
            yield None
        elif not line.isspace():
            yield line
        line = stream.readline(max_bytes + 1)


def _too_large(position: int, max_bytes: int) -> DecodedEvents:
    message = f"The line is longer than {max_bytes} bytes; no event is. Check the line breaks of the file."
    fault = EventError("event_too_large", None, message)
    return DecodedEvents(EVENT_SCHEMA.empty_table(), [], (fault.at(position),), 1)


def _read_json(stream: BinaryIO, limits: EventLimits) -> Iterator[EventColumns]:
    body = stream.read(MAX_JSON_BYTES + 1).removeprefix(BYTE_ORDER_MARK)
    if len(body) > MAX_JSON_BYTES:
        message = f"A .json file may have {MAX_JSON_BYTES} bytes; write one event a line (.ndjson) instead."
        raise BadRequest("body_too_large", message, status=413)
    items = json_items(body)
    for first in range(0, len(items), BATCH_ROWS):
        batch = items[first : first + BATCH_ROWS]
        columns = read_array_fast(b"[" + b",".join(batch) + b"]", PLAIN, limits, first)
        yield columns or read_items(batch, PLAIN, limits, first)


def _read_csv(stream: BinaryIO, limits: EventLimits) -> Iterator[EventColumns]:
    return read_csv(stream, limits, BATCH_ROWS, BATCH_BYTES)


_READERS: Final[dict[str, Callable[[BinaryIO, EventLimits], Iterator[EventColumns | DecodedEvents]]]] = {
    ".ndjson": _read_lines,
    ".jsonl": _read_lines,
    ".json": _read_json,
    ".csv": _read_csv,
}
