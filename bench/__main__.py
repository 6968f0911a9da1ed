"""`python -m bench`: measure this machine and print ratios of one run."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import cards, drawdowns, entitlements, http, ingest, reads, reconciling
from bench.report import Figure, as_json, as_table
from bench.workload import make_workload
from fixtures.demo.generator import BATCH_ROWS


def main() -> None:
    """Run every part and print the results."""
    arguments = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="runrate-bench-"))
    try:
        facts, figures = _measure(arguments, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        print(as_json(facts, figures))
    else:
        print(as_table(" · ".join(str(fact) for fact in facts.values()), figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--events", type=int, default=2_000_000, help="events to insert (default: %(default)s)"
    )
    parser.add_argument("--http-seconds", type=int, default=15, help="length of the load over HTTP")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    if arguments.events < 1 or arguments.http_seconds < 1:
        parser.error("--events and --http-seconds must be at least 1")
    return arguments


def _measure(arguments: argparse.Namespace, folder: Path) -> tuple[dict[str, object], list[Figure]]:
    now = datetime.now(UTC)
    began = time.monotonic()
    load = os.getloadavg()[0]

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {text}", file=sys.stderr, flush=True)

    progress(f"making {arguments.events:,} events")
    workload = make_workload(arguments.events, folder / "events.arrow", now)
    figures, stores = ingest.measure(workload, folder, progress)
    figures += reconciling.measure(workload, stores.rated, progress)
    figures += reads.measure(workload, stores.rated, stores.raw, progress)
    figures += drawdowns.measure(workload, folder / "credits", progress)
    figures += http.measure(workload, folder / "http", arguments.http_seconds, progress)
    figures += entitlements.measure(workload, folder / "entitlements", arguments.http_seconds, progress)
    figures += cards.measure(workload, folder / "cards", progress)
    facts: dict[str, object] = {
        "engine": f"ClickHouse {stores.engine_version} (chDB)",
        "cores": f"{os.cpu_count()} cores",
        "date": f"{now:%Y-%m-%d}",
        "load": f"load average {load:.1f} before",
        "events": f"{workload.events:,} events in blocks of {BATCH_ROWS:,}",
    }
    return facts, figures


if __name__ == "__main__":
    main()
