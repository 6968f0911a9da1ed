"""A large rate card: compiling, publishing and activating it while events come in."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from bench.children import run_in_child
from bench.report import Figure, Progress
from bench.workload import (
    CUSTOMERS,
    EVENT_MIX,
    MEMORY_BYTES,
    RATE_CARD,
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

LARGE_CARD_MODELS = 50_000
BATCH_ROWS = 1_000
STREAM_EVENTS = 100_000_000  # more than can come in meanwhile
REST_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Activation:
    """Seconds of each step, and the longest that an insert of events took, at rest and during the steps."""

    compile_seconds: float
    publish_seconds: float
    activate_seconds: float
    longest_insert_at_rest: float
    longest_insert: float


def measure(workload: Workload, folder: Path, progress: Progress) -> list[Figure]:
    """Activate the card in a new store in `folder`."""
    progress(f"a card of {LARGE_CARD_MODELS:,} models while events come in")
    done = run_in_child(activate_large_card, workload, folder)
    what = f"card of {LARGE_CARD_MODELS:,} models × 2 products"
    return [
        Figure(f"{what}: compile", done.compile_seconds, "s"),
        Figure(f"{what}: publish (compiles too)", done.publish_seconds, "s"),
        Figure(f"{what}: activate", done.activate_seconds, "s"),
        Figure("longest insert of 1,000 events meanwhile", done.longest_insert, "s"),
        Figure("longest insert of 1,000 events before", done.longest_insert_at_rest, "s"),
    ]


def activate_large_card(workload: Workload, folder: Path) -> Activation:
    """Compile at rest; publish and activate while a stream is rated by the same card; runs in a child."""
    from api.opening import open_store
    from api.operations.activate import activate_version
    from api.operations.publish import publish_rate_card

    with open_store(f"chdb:{folder}", memory_bytes=MEMORY_BYTES) as store:
        set_up(store, workload.month_start)
        text = large_card_text(LARGE_CARD_MODELS)
        compile_seconds = -time.perf_counter()
        compile_card(text, "large.yaml")
        compile_seconds += time.perf_counter()
        now = datetime.now(UTC).replace(microsecond=0)
        with _stream(store, now) as inserts:
            time.sleep(REST_SECONDS)
            before = len(inserts)
            began = time.perf_counter()
            published = publish_rate_card(store, text, "large.yaml")
            publish_ended = time.perf_counter()
            activate_version(store, RATE_CARD, published.rate_card_version, now)
            ended = time.perf_counter()
        # The insert that was under way at the end counts as well.
        return Activation(
            compile_seconds,
            publish_ended - began,
            ended - publish_ended,
            max(inserts[:before]),
            max(inserts[before:]),
        )


@contextmanager
def _stream(store: "Store", start: datetime) -> Iterator[list[float]]:
    """Insert small batches one after the other as long as the context lasts; the list gets their seconds."""
    batches = generate(
        STREAM_EVENTS,
        SEED,
        start,
        start + timedelta(hours=1),
        customers=CUSTOMERS,
        models=model_names(LARGE_CARD_MODELS),
        event_mix=EVENT_MIX,
        batch_rows=BATCH_ROWS,
    )
    stop = threading.Event()
    inserts: list[float] = []

    def run() -> None:
        while not stop.is_set():
            table = pa.Table.from_batches([next(batches)])
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
