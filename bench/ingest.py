"""Rated ingest against a raw insert of the same rows.

Raw: the inbox's five columns into one plain MergeTree table. Rated: the whole chain through the writer
(identity, rating, ledger, the answer's read-back), and a roll-up each minute and at the end, as `runrate serve`
does it. Merges count: the clock of CPU-seconds stops when the engine has none left.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.children import Cost, Stopwatch, run_in_child
from bench.report import Figure, Progress, least_cost
from bench.statements import statement
from bench.workload import MEMORY_BYTES, Workload, set_up
from sql.client import Database

ROUNDS = 2
ROLLUP_SECONDS = 60
SETTLED_READS = 3
SETTLING_PAUSE_SECONDS = 0.5

AIM_CPU_RATIO = 0.25


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one run of one kind took and left: until the last answer, until the last merge, bytes by table."""

    inserted: Cost
    settled: Cost
    bytes_by_table: Mapping[str, int]
    engine_version: str


@dataclass(frozen=True, slots=True)
class Stores:
    """What the last round left: the folders with the raw table and with the rated store, and what ran them."""

    raw: Path
    rated: Path
    engine_version: str


def measure(workload: Workload, folder: Path, progress: Progress) -> tuple[list[Figure], Stores]:
    """Run raw and rated in turn; return the figures, and the stores for the parts that read."""
    raw, rated = [], []
    for number in range(1, ROUNDS + 1):
        progress(f"raw insert, round {number} of {ROUNDS}")
        raw.append(run_in_child(insert_raw, workload, folder / f"raw-{number}"))
        progress(f"rated insert, round {number} of {ROUNDS}")
        rated.append(run_in_child(insert_rated, workload, folder / f"rated-{number}"))
    last = Stores(folder / f"raw-{ROUNDS}", folder / f"rated-{ROUNDS}", rated[-1].engine_version)
    return _figures(workload.events, raw, rated), last


def insert_raw(workload: Workload, folder: Path) -> Ingested:
    """Insert into a plain table; runs in a child."""
    database = Database.open(f"chdb:{folder}", memory_bytes=MEMORY_BYTES)
    try:
        database.command(statement("create_raw_events.sql"))
        watch = Stopwatch()
        for table in workload.batches():
            database.insert_arrow("raw_events", table)
        return _settled(database, watch)
    finally:
        database.close()


def insert_rated(workload: Workload, folder: Path) -> Ingested:
    """Insert through the whole chain; runs in a child."""
    from api.opening import open_store
    from api.operations.rollup import roll_up

    with open_store(f"chdb:{folder}", memory_bytes=MEMORY_BYTES) as store:
        set_up(store, workload.month_start)
        watch = Stopwatch()
        rolled_up = time.monotonic()
        for table in workload.batches():
            statuses = store.writer.submit(table).result()
            if set(statuses) != {"accepted"}:
                raise AssertionError(f"events were not accepted: {set(statuses)}")
            if time.monotonic() - rolled_up > ROLLUP_SECONDS:
                roll_up(store)
                rolled_up = time.monotonic()
        roll_up(store)
        return _settled(store.database, watch)


def wait_for_merges(database: Database) -> None:
    """Return once the engine has had no merge for a while."""
    quiet = 0
    while quiet < SETTLED_READS:
        time.sleep(SETTLING_PAUSE_SECONDS)
        quiet = quiet + 1 if database.value(statement("active_merges.sql")) == 0 else 0


def _settled(database: Database, watch: Stopwatch) -> Ingested:
    inserted = watch.cost()
    wait_for_merges(database)
    settled = watch.cost()
    rows = database.rows(statement("bytes_on_disk.sql"), database=database.name)
    return Ingested(
        inserted,
        settled,
        {row["table"]: row["bytes"] for row in rows},
        database.value(statement("engine_version.sql")),
    )


def _figures(events: int, raw: list[Ingested], rated: list[Ingested]) -> list[Figure]:
    raw_cost, rated_cost = least_cost(run.settled for run in raw), least_cost(run.settled for run in rated)
    raw_wall, rated_wall = (min(run.inserted.wall_seconds for run in runs) for runs in (raw, rated))
    sizes = {**raw[-1].bytes_by_table, **rated[-1].bytes_by_table}
    return [
        Figure("raw insert: CPU", raw_cost.cpu_seconds, "s"),
        Figure(
            "rated ingest: CPU, sums and merges included",
            rated_cost.cpu_seconds,
            "s",
            ratio=raw_cost.cpu_seconds / rated_cost.cpu_seconds,
            ratio_aim=AIM_CPU_RATIO,
        ),
        Figure("raw insert", events / raw_wall, "events/s"),
        Figure("rated ingest", events / rated_wall, "events/s", ratio=raw_wall / rated_wall),
        *(
            Figure(f"on disk: {table}", sizes.get(table, 0) / events, "B/event")
            for table in ("raw_events", "usage_events", "rated_usage", "usage_hourly")
        ),
    ]
