"""What a running server does by itself: reconcile what came in, roll up sums, extend open contracts'
periods, top credits up."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.operations.begin_periods import begin_periods
from api.operations.contracts import extend_periods
from api.operations.reconcile import reconcile
from api.operations.rollup import roll_up
from api.operations.top_ups import top_up_all
from api.store import Store

log = logging.getLogger("runrate.upkeep")

INTERVAL_SECONDS = 60


@contextmanager
def upkeep(store: Store, interval_seconds: int = INTERVAL_SECONDS) -> Iterator[None]:
    """Keep the store up from another thread as long as the context lasts; a round that began is finished."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(interval_seconds):
            run_once(store)

    thread = threading.Thread(target=run, name="runrate-upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def run_once(store: Store) -> None:
    """Reconcile what came in since the last time, roll up, extend and begin periods, top credits up. A failure is
    logged; the next round tries again."""
    for work in (reconcile, roll_up, extend_periods, begin_periods, top_up_all):
        try:
            work(store)
        except Exception:
            log.exception("%s failed; it is tried again in a minute", work.__name__)
