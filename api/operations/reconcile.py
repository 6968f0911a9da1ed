"""Reconcile: append to the ledger the difference between what it says and what the rating expression says.

One mechanism for everything that changes a rating after the fact: a card activated in the past, a rollback, a
contract stored late or changed, an event amended or voided, a new product over old events, a kill between two
tables of one insert. Running it again changes nothing (ARCHITECTURE §4).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from api.instants import EARLIEST, LATEST, MILLISECOND
from api.store import Store
from migrations import rating_for
from sql import load, render
from sql.fail_points import reach

# On a server other writers insert too, and what they insert is recorded before it has gone through the views. An INSERT
# is seen to run; this is left for what is not: a block of a Kafka table, a batch of ours that reaches the server late.
SETTLING = timedelta(seconds=30)

# Days that differ are opened together up to so many entries, about what one insert brings.
OPENED_TOGETHER = 100_000

Progress = Callable[[int, int], None]
Range = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a run did: days of event time compared, days that differed, ledger entries appended, events found to be
    second under an identity, and hourly sums corrected (if that was asked for)."""

    days_checked: int
    days_changed: int
    entries_appended: int
    conflicts_found: int
    sums_corrected: int = 0


def reconcile(
    store: Store,
    start: datetime | None = None,
    end: datetime | None = None,
    progress: Progress | None = None,
    *,
    batch: datetime | None = None,
) -> Reconciled:
    """Make the ledger say what the rating expression says.

    With `start` or `end`: all events with an event time in [start, end). Without: what was recorded since the last
    run, and what earlier operations asked for. `progress` gets (days done, days to do). Interrupted, it is simply
    run again.

    On a server, events that have not settled (settled_instant) are left to the next run, but for those recorded at
    `batch`: the caller knows that their insert has ended.
    """
    with store.exclusive():
        # What failed to load after a change must not rate on, nor pass for compared.
        store.refresh_dictionaries()
        requests = store.database.rows(load("queries/reconcile_requests.sql"))
        mark = store.database.value(load("queries/reconcile_mark.sql"))
        until = settled_instant(store)
        conflicts = _find_conflicts(store, mark, until)
        ranges = _ranges(store, start, end, mark, requests)
    comparison = Comparison.of(store, until, batch)
    appended, changed = _reconcile_ranges(store, comparison, ranges, progress)
    reach("reconcile.before_mark")
    if ranges:
        store.database.make_durable()
    _finish(store, requests, until)
    if appended:
        store.standings.forget()
    return Reconciled(len(ranges), changed, appended, conflicts)


def request_reconcile(store: Store, start: datetime, end: datetime, cause: str) -> None:
    """Write down that [start, end) of event time is to be re-rated, before changing what asks for it: if the
    process is killed in between, the next start finishes it."""
    store.database.insert(
        "reconcile_requests",
        [
            {
                "request_id": store.database.value(load("queries/next_reconcile_request_id.sql")),
                "range_start": max(start, EARLIEST),
                "range_end": min(end, LATEST),
                "cause": cause,
                "done": False,
                "recorded_at": store.next_instant(),
            }
        ],
    )


def settled_instant(store: Store) -> datetime:
    """Return until when every recorded event has all its ledger entries, if its insert did not fail. On a server that
    is SETTLING before now and before the start of the oldest INSERT that runs."""
    if store.database.embedded:
        return store.last_instant
    settled: datetime = store.database.value(
        load("queries/settled_instant.sql"), settling_milliseconds=SETTLING // MILLISECOND
    )
    return settled


@dataclass(frozen=True, slots=True)
class Comparison:
    """Expected against actual: the rating expression over the events that count, and what both sides leave out."""

    rating: str
    settling: bool
    parameters: dict[str, datetime]

    @classmethod
    def of(cls, store: Store, until: datetime, batch: datetime | None = None) -> "Comparison":
        """Compare what was recorded up to `until`, or at `batch`. One embedded writer leaves nothing on its way."""
        settling = not store.database.embedded
        source = render("queries/current_events.sql.j2", settling=settling)
        parameters = {"settled_until": until, "settled_batch": batch or EARLIEST} if settling else {}
        return cls(rating_for(store.database, store.shapes(), source=f"({source})"), settling, parameters)

    def under_rules_of(self, store: Store) -> "Comparison":
        """Return the comparison under the rules of now. An activation may have come since it was made: under older
        rules all that the new ones rate would be taken back as if no product took it."""
        until = self.parameters.get("settled_until", EARLIEST)
        return Comparison.of(store, until, self.parameters.get("settled_batch"))

    def render(self, name: str) -> str:
        """Return the statement of a template that compares."""
        return render(name, rating=self.rating, settling=self.settling)


def _find_conflicts(store: Store, mark: datetime, until: datetime) -> int:
    """Supersede events stored under an identity that another event had first: with another time, or in one
    block by SQL."""
    rows: list[dict[str, Any]] = store.database.rows(
        load("queries/identity_conflicts.sql"), recorded_after=mark, recorded_until=until
    )
    recorded_at = store.next_instant()
    store.database.insert("superseded_events", [{**row, "recorded_at": recorded_at} for row in rows])
    return len(rows)


def _ranges(
    store: Store,
    start: datetime | None,
    end: datetime | None,
    mark: datetime,
    requests: list[dict[str, Any]],
) -> list[Range]:
    """What to compare, one range a day of event time: the hours of what was recorded since the mark (a live stream
    touches one or two), and the days asked for."""
    asked = [(row["range_start"], row["range_end"]) for row in requests]
    if start is not None or end is not None:
        asked.append((start or EARLIEST, end or LATEST))
    rows = store.database.rows(load("queries/recorded_ranges.sql"), recorded_after=mark)
    for first, last in asked:
        rows += store.database.rows(load("queries/event_ranges.sql"), range_start=first, range_end=last)
    by_day: dict[date, Range] = {}
    for row in rows:
        first, last = by_day.get(row["day"], (row["range_start"], row["range_end"]))
        by_day[row["day"]] = min(first, row["range_start"]), max(last, row["range_end"])
    return [by_day[day] for day in sorted(by_day)]


def _reconcile_ranges(
    store: Store, comparison: Comparison, ranges: list[Range], progress: Progress | None
) -> tuple[int, int]:
    """Compare month by month as sums of hashes, and open only the days that differ. Ingest goes on in between: what
    an insert adds while months are compared can only make a day look different that is not."""
    appended = changed = done = 0
    for _, month in groupby(ranges, key=lambda bounds: (bounds[0].year, bounds[0].month)):
        of_month = list(month)
        for days in opened_together(of_month, _differing_days(store, comparison, of_month)):
            if progress is not None:
                progress(done + of_month.index(days[0]), len(ranges))
            entries = _append_difference(store, comparison, (days[0][0], days[-1][1]))
            appended += entries
            changed += len(days) if entries else 0
        done += len(of_month)
    if progress is not None:
        progress(done, len(ranges))
    return appended, changed


def opened_together(ranges: list[Range], entries: Mapping[date, int]) -> list[list[Range]]:
    """Split the days that differ, of which `entries` says how much there is to compare, into runs that are opened
    with one statement each: a statement costs as much as thousands of entries."""
    runs: list[list[Range]] = []
    room = 0
    for bounds in ranges:
        count = entries.get(bounds[0].date(), 0)
        if not count:
            room = 0
            continue
        if count > room:
            runs.append([])
            room = OPENED_TOGETHER
        runs[-1].append(bounds)
        room -= count
    return runs


def _differing_days(store: Store, comparison: Comparison, ranges: list[Range]) -> dict[date, int]:
    rows = store.database.rows(
        comparison.render("queries/differing_days.sql.j2"),
        range_start=ranges[0][0],
        range_end=ranges[-1][1],
        **comparison.parameters,
    )
    return {row["day"]: row["entries"] for row in rows}


def _append_difference(store: Store, comparison: Comparison, bounds: Range) -> int:
    parameters = {"range_start": bounds[0], "range_end": bounds[1]}
    with store.exclusive():
        statement = comparison.under_rules_of(store).render("commands/append_rating_difference.sql.j2")
        recorded_at = store.next_instant()
        reach("reconcile.before_entries")
        store.database.command(statement, recorded_at=recorded_at, **parameters, **comparison.parameters)
    count: int = store.database.value(
        load("queries/entries_recorded_at.sql"), recorded_at=recorded_at, **parameters
    )
    return count


def _finish(store: Store, requests: list[dict[str, Any]], until: datetime) -> None:
    now = store.next_instant()
    store.database.insert(
        "reconcile_requests", [{**row, "done": True, "recorded_at": now} for row in requests]
    )
    store.database.insert("reconcile_marks", [{"recorded_until": until, "recorded_at": now}])
