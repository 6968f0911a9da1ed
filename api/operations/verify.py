"""Verify: run every check of `sql/checks`. A check is a query that returns what is wrong; no rows = it holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api.instants import EARLIEST, LATEST
from api.operations.reconcile import Comparison, opened_together, settled_instant
from api.reads.customer_groups import customer_groups
from api.store import Store
from sql import FOLDER, load

# The second line of a check whose contradictions one command mends.
FIX = "-- To mend it: "

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A check, what it says in words, the command that mends it (None: there is no one command), and the rows that
    contradict it (at most 100 a query)."""

    name: str
    description: str
    fix: str | None
    offending: list[dict[str, Any]]


def verify(store: Store, progress: Progress | None = None) -> list[CheckResult]:
    """Run every check and return what each found. Reads only; `progress` gets (checks done, checks).

    On a server, events that have not settled (`settled_instant`) are not compared with the ledger.
    """
    files = sorted(path.name for path in (FOLDER / "checks").iterdir())
    results = []
    with store.exclusive():
        for done, file_name in enumerate(files):
            if progress is not None:
                progress(done, len(files))
            results.append(_run(store, file_name))
    if progress is not None:
        progress(len(files), len(files))
    return results


def _run(store: Store, file_name: str) -> CheckResult:
    comparison = Comparison.of(store, settled_instant(store)) if file_name.endswith(".j2") else None
    text = comparison.render(f"checks/{file_name}") if comparison else load(f"checks/{file_name}")
    settled = comparison.parameters if comparison else {}
    comment, second, *_ = text.split("\n", 2)
    fix = second.removeprefix(FIX) if second.startswith(FIX) else None
    offending: list[dict[str, Any]] = []
    for parameters in _parameters(store, text):
        offending += store.database.rows(text, **parameters, **settled)
    return CheckResult(file_name.partition(".")[0], comment.removeprefix("-- "), fix, offending)


def _parameters(store: Store, text: str) -> Iterator[dict[str, Any]]:
    """What a check is run for: each run of days of events, each group of customers that a contract can bill or that
    have grants, or once."""
    if "{range_start:" in text:
        rows = store.database.rows(load("queries/event_ranges.sql"), range_start=EARLIEST, range_end=LATEST)
        days = [(row["range_start"], row["range_end"]) for row in rows]
        for run in opened_together(days, {row["day"]: row["entries"] for row in rows}):
            yield {"range_start": run[0][0], "range_end": run[-1][1]}
    elif "{customers:" in text:
        # Days that are over in every time zone: what they have does not depend on the hour.
        to_day = store.clock().date() - timedelta(days=1)
        for group in customer_groups(store, with_grants="{promised_to:" not in text):
            yield {
                "customers": list(group.customer_ids),
                "promised_to": group.promised_to,
                "as_of": store.clock(),
                "to_day": to_day,
            }
    else:
        yield {}
