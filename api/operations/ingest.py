"""Storing usage events: identity, rating and sums happen in the engine; here are the answers.

An insert and its views are not atomic. When an insert fails, the batch's days are reconciled before anyone is
answered, so that "accepted" always means stored and rated.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from api.errors import StoreUnavailable, Unprocessable
from api.events import DecodedEvents
from api.instants import MILLISECOND
from api.operations.reconcile import SETTLING, reconcile
from api.store import Store
from api.writer import ACCEPTED, Status
from sql import load
from sql.errors import EngineError
from sql.fail_points import reach

INSTANT = pa.timestamp("ms", tz="UTC")

# How late a batch may reach a server: well before what has its time of recording counts as settled.
BATCH_VALIDITY = SETTLING * 2 / 3

# How long an answer waits for an insert whose connection was lost.
ENDING_SECONDS = 30

_UNAVAILABLE = "not all events could be stored now; send them again, repeats are harmless"


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """What became of the event at position `index` of a request (SEMANTICS §3)."""

    index: int
    status: Literal["accepted", "duplicate", "conflict", "rejected"]
    code: str | None = None
    field: str | None = None
    message: str | None = None


_MESSAGES: dict[Status, str | None] = {
    "accepted": None,
    "duplicate": "stored before with the same content; counted once",
    "conflict": "stored before with other content or in this request with another time; the first stands, "
    "this one is kept in event_conflicts and not billed. To change an event, amend it",
}


def ingest(store: Store, events: DecodedEvents, *, verbose: bool = True) -> list[EventAnswer]:
    """Store the good events and answer every one, in request order; only those that were not accepted unless
    `verbose`. Blocks until they are stored and rated.

    Raises StoreUnavailable when that is unknown; sending the same again is safe.
    """
    statuses = store.writer.submit(events.table).result()
    answers = [
        EventAnswer(rejection.index, "rejected", rejection.code, rejection.field, rejection.message)
        for rejection in events.rejections
    ]
    answers.extend(
        EventAnswer(position, status, None if status == ACCEPTED else status, None, _MESSAGES[status])
        for position, status in zip(events.positions, statuses, strict=True)
        if verbose or status != ACCEPTED
    )
    answers.sort(key=lambda answer: answer.index)
    return answers


def ingest_atomic(store: Store, events: DecodedEvents, *, verbose: bool = True) -> list[EventAnswer]:
    """As `ingest`, but a request with a rejected event is refused whole and stores nothing."""
    if events.rejections:
        raise Unprocessable(
            "batch_rejected",
            f"{len(events.rejections)} of {events.total} events are wrong and atomic=true was asked; "
            "nothing was stored",
            [
                {
                    "index": rejection.index,
                    "code": rejection.code,
                    "field": rejection.field,
                    "message": rejection.message,
                }
                for rejection in events.rejections
            ],
        )
    return ingest(store, events, verbose=verbose)


def store_events(store: Store, table: pa.Table) -> list[Status]:
    """Store a block of events and return their statuses in row order. Called by the writer alone."""
    with store.exclusive():
        statuses = _store_block(store, table)
        # Before anyone else writes: whoever decides by a balance knows whose usage it does not have yet.
        store.committed(pc.unique(table.column("customer_id")).to_pylist())
    return statuses


def _store_block(store: Store, table: pa.Table) -> list[Status]:
    if not _has_repeats(table):
        return _store_distinct(store, table)
    statuses: list[Status] = [ACCEPTED] * table.num_rows
    rows = list(range(table.num_rows))
    while rows:
        now, later = _split_repeats(table)
        part_statuses = _store_distinct(store, table.take(pa.array(now)))
        for place, status in zip(now, part_statuses, strict=True):
            statuses[rows[place]] = status
        rows = [rows[place] for place in later]
        table = table.take(pa.array(later, type=pa.int64()))
    return statuses


def _has_repeats(table: pa.Table) -> bool:
    """Whether two rows have the same identity. Mostly the event ids alone tell, which is half the work."""
    if len(pc.unique(table.column("event_id"))) == table.num_rows:
        return False
    identity = ["customer_id", "event_id"]
    distinct = table.select(identity).group_by(identity, use_threads=False).aggregate([])
    return bool(distinct.num_rows < table.num_rows)


def _split_repeats(table: pa.Table) -> tuple[list[int], list[int]]:
    """Return the rows with the first of each identity, and the rest."""
    identities = zip(
        table.column("customer_id").to_pylist(), table.column("event_id").to_pylist(), strict=True
    )
    seen: set[tuple[str, str]] = set()
    first: list[int] = []
    rest: list[int] = []
    for row, identity in enumerate(identities):
        (rest if identity in seen else first).append(row)
        seen.add(identity)
    return first, rest


def _store_distinct(store: Store, table: pa.Table) -> list[Status]:
    with store.exclusive():
        recorded_at = store.next_instant()
        columns = _batch(store, table, recorded_at)
        # By its id a server tells whether an insert that was not answered still runs, and runs no repeat beside it.
        query_id = f"runrate-{uuid4()}"
        reach("ingest.before_insert")
        try:
            store.database.insert_arrow("usage_batches", columns, {"query_id": query_id})
            reach("ingest.after_insert")
            stored = _stored_count(store, table, recorded_at)
            if stored == table.num_rows:
                reach("ingest.before_answer")
                return [ACCEPTED] * stored
            return _statuses(store, table, recorded_at)
        except EngineError as error:
            return _after_doubt(store, table, recorded_at, query_id, error)


def _batch(store: Store, table: pa.Table, recorded_at: datetime) -> pa.Table:
    """Return the rows of `usage_batches`. A server refuses a batch that a network held back until reconcile and
    roll-ups have gone past its time of recording."""
    named = {"recorded_at": recorded_at}
    if not store.database.embedded:
        named["valid_until"] = recorded_at + BATCH_VALIDITY
    for name, instant in named.items():
        table = table.append_column(name, pa.repeat(pa.scalar(instant, type=INSTANT), table.num_rows))
    return table


def _bounds(table: pa.Table) -> tuple[datetime, datetime]:
    bounds = pc.min_max(table.column("event_time")).as_py()
    return bounds["min"].astimezone(UTC), bounds["max"].astimezone(UTC)


def _stored_count(store: Store, table: pa.Table, recorded_at: datetime) -> int:
    first, last = _bounds(table)
    count: int = store.database.value(
        load("queries/batch_accepted_count.sql"), first=first, last=last, recorded_at=recorded_at
    )
    return count


def _statuses(store: Store, table: pa.Table, recorded_at: datetime) -> list[Status]:
    """Ask the store about each row: one read of the batch's keys."""
    place = pa.array(range(table.num_rows), type=pa.uint64())
    store.database.command(load("commands/clear_ingest_batch.sql"))
    store.database.insert_arrow("ingest_batch", table.append_column("place", place))
    rows = store.database.rows(load("queries/batch_statuses.sql"), recorded_at=recorded_at)
    store.database.command(load("commands/clear_ingest_batch.sql"))
    return [row["status"] for row in rows]


def _after_doubt(
    store: Store, table: pa.Table, recorded_at: datetime, query_id: str, error: EngineError
) -> list[Status]:
    """An insert failed somewhere along its chain: repair the batch's days, then say what is stored."""
    first, last = _bounds(table)
    try:
        ended = _has_ended(store, query_id)
        if ended:
            reconcile(store, first, last + MILLISECOND, batch=recorded_at)
            statuses = _statuses(store, table, recorded_at)
    except EngineError as second:
        raise StoreUnavailable("store_unavailable", _UNAVAILABLE) from second
    if not ended or "missing" in statuses:
        raise StoreUnavailable("store_unavailable", _UNAVAILABLE) from error
    return statuses


def _has_ended(store: Store, query_id: str) -> bool:
    """Wait until no server runs the query; False when it takes too long. An embedded engine has ended when it says
    so; a server may work on while the connection is lost."""
    if store.database.embedded:
        return True
    deadline = time.monotonic() + ENDING_SECONDS
    while store.database.value(load("queries/running_queries.sql"), query_id=query_id):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
