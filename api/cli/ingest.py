"""`runrate ingest`: a file of events, in requests of a bounded size, with a summary by reason."""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from api.cli.failures import CommandFailed
from api.cli.output import Columns, print_json, stderr, stdout
from api.cli.session import Session
from api.cli.settings import Settings, command
from api.events import REQUEST_CODES, BadRequest, EventLimits, read_event_file

EVENTS_A_REQUEST = 5_000
BYTES_A_REQUEST = 4 << 20
SHOWN = 10
LINE_ENDINGS = (".ndjson", ".jsonl")

# The server decides about times; a file is only read here.
READING = EventLimits(
    max_events=1 << 62, max_late=timedelta(days=200 * 365), max_future=timedelta(days=200 * 365)
)


@dataclass(frozen=True, slots=True)
class Request:
    """A part of the file: events as NDJSON, their positions in the file from 0, and what is refused."""

    body: bytes
    positions: Sequence[int]
    refused: Sequence[Mapping[str, Any]] = ()


@dataclass
class Summary:
    """What became of a file's events. `events` has the first ones that were refused or conflict."""

    file: str
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, answer: Mapping[str, Any], positions: Sequence[int]) -> None:
        """Add the answer to one request."""
        for status in ("accepted", "duplicate", "conflict", "rejected"):
            self.counts[status] += answer[status]
        for event in answer["events"]:
            self.refuse({**event, "index": positions[event["index"]]})

    def refuse(self, event: Mapping[str, Any]) -> None:
        """Count one event that was not accepted by its reason."""
        if event["status"] == "duplicate":
            return
        self.reasons[event["code"]] += 1
        if len(self.events) < SHOWN:
            self.events.append(dict(event))

    def as_json(self) -> dict[str, Any]:
        """The summary as `--json` prints it."""
        counts = {status: self.counts[status] for status in ("accepted", "duplicate", "conflict", "rejected")}
        return {
            "file": self.file,
            **counts,
            "reasons": dict(sorted(self.reasons.items())),
            "events": self.events,
        }


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "ingest", "runrate ingest events.ndjson")
    def ingest(
        settings: Settings,
        file: Annotated[
            Path, typer.Argument(help="Events: .ndjson, .jsonl, .json, .csv (each also .gz) or .parquet.")
        ],
    ) -> None:
        """Store the usage events of a file.

        Sending a file again is safe: what is stored is a duplicate and counts once. Exit code 1 when an event
        was rejected.
        """
        if file.is_dir():
            raise CommandFailed(f"{file}: is a directory; name a file of events")
        if not file.is_file():
            raise CommandFailed(f"{file}: there is no such file")
        summary = Summary(str(file))
        with Session(settings) as session, _progress(settings) as progress:
            # How far it is can be told where requests are pieces of the file itself.
            size = file.stat().st_size if file.name.lower().endswith(LINE_ENDINGS) else None
            task = progress.add_task(file.name, total=size, events=0, rate="")
            started = datetime.now(UTC)
            for request in requests_of(file):
                for refused in request.refused:
                    summary.counts["rejected"] += 1
                    summary.refuse(refused)
                if request.positions:
                    summary.add(_send(session, file, request), request.positions)
                events = summary.counts.total()
                progress.update(task, advance=len(request.body), events=events, rate=_rate(summary, started))
        _show(summary, settings)
        if summary.counts["rejected"]:
            raise typer.Exit(1)


def _progress(settings: Settings) -> Progress:
    console = stderr()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TextColumn("{task.fields[rate]}"),
        TaskProgressColumn(),
        console=console,
        disable=settings.as_json or not console.is_terminal,
        transient=True,
    )


def _rate(summary: Summary, started: datetime) -> str:
    milliseconds = (datetime.now(UTC) - started) // timedelta(milliseconds=1)
    return f"{summary.counts.total() * 1000 // max(milliseconds, 1):,} events/s"


def _send(session: Session, file: Path, request: Request) -> Any:
    try:
        return session.send("POST", "/v1/events", request.body, "application/x-ndjson")
    except CommandFailed as failed:
        if failed.code in REQUEST_CODES:
            first, last = request.positions[0] + 1, request.positions[-1] + 1
            where = f"{file}: event {first}" if first == last else f"{file}: events {first} to {last}"
            raise CommandFailed(f"{where}: {failed.message}", failed.details, failed.code) from None
        if failed.code != "all_events_rejected":
            raise
        events = [{"status": "rejected", **event} for event in failed.problem["errors"]]
        return {"accepted": 0, "duplicate": 0, "conflict": 0, "rejected": len(events), "events": events}


def requests_of(file: Path) -> Iterator[Request]:
    """The file as requests. Raises CommandFailed for a file that cannot be read as what its ending says."""
    try:
        yield from _requests_of(file)
    except BadRequest as refused:
        raise CommandFailed(f"{file}: {refused.message}", code=refused.code) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        message = f"{file}: The file says that it is gzip but cannot be decompressed: {error}."
        raise CommandFailed(message, code="malformed_file") from None


def _requests_of(file: Path) -> Iterator[Request]:
    name = file.name.lower()
    if name.removesuffix(".gz").endswith(LINE_ENDINGS):
        yield from _requests_of_lines(file, name.endswith(".gz"))
        return
    for decoded in read_event_file(file, READING, datetime.now(UTC)):
        refused = [
            {
                "index": one.index,
                "status": "rejected",
                "code": one.code,
                "field": one.field,
                "message": one.message,
            }
            for one in decoded.rejections
        ]
        yield Request(b"", (), refused)
        for first in range(0, decoded.table.num_rows, EVENTS_A_REQUEST):
            body = ndjson(decoded.table.slice(first, EVENTS_A_REQUEST))
            yield Request(body, decoded.positions[first : first + EVENTS_A_REQUEST])


def _requests_of_lines(file: Path, is_compressed: bool) -> Iterator[Request]:
    """Lines go as they are: the server reads them anyway."""
    lines: list[bytes] = []
    size = first = 0
    # GzipFile reads like a file but has no common type with one.
    with cast(BinaryIO, gzip.open(file)) if is_compressed else file.open("rb") as stream:
        for line in stream:
            if not line.strip():
                continue
            if lines and (len(lines) == EVENTS_A_REQUEST or size + len(line) > BYTES_A_REQUEST):
                yield Request(b"".join(lines), range(first, first + len(lines)))
                first += len(lines)
                lines, size = [], 0
            lines.append(line)
            size += len(line)
    if lines:
        yield Request(b"".join(lines), range(first, first + len(lines)))


def ndjson(table: pa.Table) -> bytes:
    """Events as the API takes them, one a line."""
    times = pc.strftime(table.column("event_time"), format="%Y-%m-%dT%H:%M:%SZ").to_pylist()
    names = ("event_id", "customer_id", "event_type")
    columns = [table.column(name).to_pylist() for name in names]
    properties = table.column("properties").to_pylist()
    return msgspec.json.Encoder().encode_lines(
        [
            {**dict(zip(names, texts, strict=True)), "event_time": time, "properties": dict(pairs)}
            for *texts, time, pairs in zip(*columns, times, properties, strict=True)
        ]
    )


def _show(summary: Summary, settings: Settings) -> None:
    if settings.as_json:
        print_json(summary.as_json())
        return
    counts = summary.counts
    stdout().print(
        f"{summary.file}: {counts.total():,} events: {counts['accepted']:,} accepted, "
        f"{counts['duplicate']:,} duplicate, {counts['conflict']:,} conflict, {counts['rejected']:,} rejected"
    )
    if not summary.reasons:
        return
    table = Columns("reason", "events", numbers=("events",))
    for reason, count in summary.reasons.most_common():
        table.row(reason, f"{count:,}")
    table.show()
    first = Columns(
        "event", "status", "reason", "field", "what is wrong", numbers=("event",), words=("what is wrong",)
    )
    for event in summary.events:
        first.row(event["index"] + 1, event["status"], event["code"], event["field"], event["message"])
    first.show()
