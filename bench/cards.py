"""A large rate card: compiling, publishing and activating it while events come in."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from api.instants import EARLIEST
from bench.children import run_in_child
from bench.report import Figure, Progress
from bench.workload import (
    CUSTOMERS,
    EVENT_MIX,
    MEMORY_BYTES,
    RATE_CARD,
    REGIONS,
    SEED,
    Workload,
    large_card_text,
    model_names,
    set_up,
)
from fixtures.demo.generator import generate
from ratecard_compiler import compile_card

if TYPE_CHECKING:
    from api.store import Store

LARGE_CARD_MODELS = 16_667
LARGE_CARD_PRICES = LARGE_CARD_MODELS * 2 * len(REGIONS)
EARLIER_BLOCKS = 5
BATCH_ROWS = 1_000
STREAM_EVENTS = 100_000_000  # more than can come in meanwhile
REST_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Activation:
    """Seconds of each step, and the longest that an insert of events took, at rest and during the steps."""

    compile_seconds: float
    publish_seconds: float
    gates_seconds: float
    activate_seconds: float
    entries_changed: int
    longest_insert_at_rest: float
    longest_insert: float


def measure(workload: Workload, folder: Path, progress: Progress) -> list[Figure]:
    """Activate the card in a new store in `folder`."""
    progress(f"a card of {LARGE_CARD_PRICES:,} prices while events come in")
    done = run_in_child(activate_large_card, workload, folder)
    what = f"card of {LARGE_CARD_PRICES:,} prices"
    return [
        Figure(f"{what}: compile", done.compile_seconds, "s"),
        Figure(f"{what}: publish (compiles too)", done.publish_seconds, "s"),
        Figure(f"{what}: its gates", done.gates_seconds, "s"),
        Figure(f"{what}: activate from now on, with its gates", done.activate_seconds, "s"),
        Figure("ledger entries of events since then, rated again by it", done.entries_changed, ""),
        Figure("longest insert of 1,000 events meanwhile", done.longest_insert, "s"),
        Figure("longest insert of 1,000 events before", done.longest_insert_at_rest, "s"),
    ]


def activate_large_card(workload: Workload, folder: Path) -> Activation:
    """Compile at rest; publish, ask the gates and activate while a stream is rated by the same card; runs in a child.

    The gates have usage of the month before to look at, none of it rolled up. The version is in force from the instant
    of its activation, and the stream's events are of now.
    """
    from api.cohorts import EVERYONE
    from api.opening import open_store
    from api.operations.activate import activate_version
    from api.operations.gates import pass_gates
    from api.operations.publish import publish_rate_card

    with open_store(f"chdb:{folder}", memory_bytes=MEMORY_BYTES) as store:
        set_up(store, workload.month_start)
        text = large_card_text(LARGE_CARD_MODELS)
        compile_seconds = -time.perf_counter()
        compile_card(text, "large.yaml")
        compile_seconds += time.perf_counter()
        for block in islice(workload.batches(), EARLIER_BLOCKS):
            store.writer.submit(block).result()
        with _stream(store) as inserts:
            time.sleep(REST_SECONDS)
            before = len(inserts)
            began = time.perf_counter()
            published = publish_rate_card(store, text, "large.yaml")
            publish_ended = time.perf_counter()
            version = published.rate_card_version
            pass_gates(store, RATE_CARD, version, EVERYONE, force=False)
            gates_ended = time.perf_counter()
            done = activate_version(store, RATE_CARD, version, datetime.now(UTC).replace(microsecond=0))
            ended = time.perf_counter()
        # The insert that was under way at the end counts as well.
        return Activation(
            compile_seconds,
            publish_ended - began,
            gates_ended - publish_ended,
            ended - gates_ended,
            done.entries_changed,
            max(inserts[:before]),
            max(inserts[before:]),
        )


@contextmanager
def _stream(store: "Store") -> Iterator[list[float]]:
    """Insert small batches one after the other as long as the context lasts; the list gets their seconds."""
    batches = generate(
        STREAM_EVENTS,
        SEED,
        EARLIEST,
        EARLIEST + timedelta(hours=1),
        customers=CUSTOMERS,
        models=model_names(LARGE_CARD_MODELS),
        event_mix=EVENT_MIX,
        batch_rows=BATCH_ROWS,
    )
    stop = threading.Event()
    inserts: list[float] = []

    def run() -> None:
        while not stop.is_set():
            table = _of_now(pa.Table.from_batches([next(batches)]))
            began = time.perf_counter()
            store.writer.submit(table).result()
            inserts.append(time.perf_counter() - began)

    thread = threading.Thread(target=run, name="stream")
    thread.start()
    try:
        yield inserts
    finally:
        stop.set()
        thread.join()


def _of_now(events: pa.Table) -> pa.Table:
    name = "event_time"
    now = pa.scalar(datetime.now(UTC), type=events.schema.field(name).type)
    return events.set_column(events.schema.get_field_index(name), name, pa.repeat(now, events.num_rows))
