"""Ingest over HTTP, and how long an event takes to show on its invoice: a server in a process of its own, its
clients in another."""

from pathlib import Path

from bench.children import run_in_child
from bench.freshness import probe
from bench.load_client import CONNECTIONS, EVENTS_A_REQUEST, Load, send
from bench.report import Figure, Progress, percentile
from bench.server import cpu_seconds_of, serving
from bench.workload import MEMORY_BYTES, Workload, set_up

PROBES = 50

AIM_EVENTS_A_SECOND = 100_000
AIM_FRESHNESS_MILLISECONDS = 50


def measure(workload: Workload, folder: Path, seconds: int, progress: Progress) -> list[Figure]:
    """Load a new store in `folder` for that many seconds, then probe it at rest."""
    run_in_child(prepare, workload, folder)
    with serving(folder) as address:
        progress(f"HTTP ingest from {CONNECTIONS} connections for {seconds} s")
        cpu_before = cpu_seconds_of(address.process_id)
        load = run_in_child(send, address, seconds)
        cpu_after = cpu_seconds_of(address.process_id)
        progress("time from POST to the new total")
        at_rest = run_in_child(probe, address, PROBES)
    answers, under_load = load.answer_milliseconds, load.fresh_milliseconds
    what = f"HTTP ingest, {EVENTS_A_REQUEST:,} events a request, {CONNECTIONS} connections"
    shown = "POST of one event until its invoice shows it"
    return [
        Figure(what, load.events_a_second, "events/s", aim=AIM_EVENTS_A_SECOND),
        *_server_cpu(cpu_before, cpu_after, load),
        Figure("the clients' CPU meanwhile", load.client_cores, "cores"),
        Figure("answer under that load: p50", percentile(answers, 50), "ms"),
        Figure("answer under that load: p95", percentile(answers, 95), "ms"),
        Figure(f"{shown}: p50", percentile(at_rest, 50), "ms", aim=AIM_FRESHNESS_MILLISECONDS),
        Figure(f"{shown}: p95", percentile(at_rest, 95), "ms"),
        Figure(f"{shown}, under that load: p50", percentile(under_load, 50), "ms"),
        Figure(f"{shown}, under that load: p95", percentile(under_load, 95), "ms"),
    ]


def _server_cpu(before: float | None, after: float | None, load: Load) -> list[Figure]:
    if before is None or after is None or not load.events_sent:
        return []
    microseconds = (after - before) * 1_000_000 / load.events_sent
    return [Figure("the server's CPU meanwhile, all included", microseconds, "µs/event")]


def prepare(workload: Workload, folder: Path) -> None:
    """Make a store with the card and the contracts; runs in a child."""
    from api.opening import open_store

    with open_store(f"chdb:{folder}", memory_bytes=MEMORY_BYTES) as store:
        set_up(store, workload.month_start)
