"""Reconcile: comparing a month's ledger with the rating expression when nothing has changed."""

import time
from pathlib import Path

from bench.children import run_in_child
from bench.report import Figure, Progress
from bench.workload import MEMORY_BYTES, Workload


def measure(workload: Workload, rated: Path, progress: Progress) -> list[Figure]:
    """Reconcile all events of the store in `rated`."""
    progress("reconcile of all events")
    seconds = run_in_child(reconcile_month, workload, rated)
    return [Figure("reconcile of all events, nothing to change", workload.events / seconds, "events/s")]


def reconcile_month(workload: Workload, folder: Path) -> float:
    """Return the seconds it took; runs in a child. Raises AssertionError when the ledger had to be changed."""
    from api.opening import open_store
    from api.operations.reconcile import reconcile

    with open_store(f"chdb:{folder}", memory_bytes=MEMORY_BYTES) as store:
        began = time.perf_counter()
        done = reconcile(store, workload.month_start, workload.month_end)
        seconds = time.perf_counter() - began
    if done.entries_appended:
        raise AssertionError(f"reconcile appended {done.entries_appended} entries")
    return seconds
