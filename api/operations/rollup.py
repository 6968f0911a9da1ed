"""Roll-up: hourly sums of the ledger for the billing periods with many entries.

A block of events hardly repeats a (period, price, hour), so summing each block as it comes costs as much as the
ledger. Instead the sums are made behind a watermark, and only for periods with enough new entries to be worth it;
the rest is read from the ledger, which is ordered by period. Readers cut sums and ledger at the same roll-up.
"""

from collections.abc import Mapping
from datetime import datetime

from api.instants import EARLIEST, LATEST
from api.operations.reconcile import settled_instant
from api.store import Store
from sql import load
from sql.fail_points import reach

# Reading as many ledger entries of one period takes about 2 ms.
WORTHWHILE_ENTRIES = 50_000


def roll_up(store: Store, worthwhile_entries: int = WORTHWHILE_ENTRIES) -> int:
    """Sum up the ledger's new entries of every period that has at least `worthwhile_entries`; return how many
    periods. Ingest goes on meanwhile: entries from now on are recorded after the watermark."""
    until = settled_instant(store)
    periods = [
        row["period_id"]
        for row in store.database.rows(
            load("queries/periods_to_roll_up.sql"), until=until, entries=worthwhile_entries
        )
    ]
    if not periods:
        return 0
    with store.exclusive():
        discard_uncommitted(store)
        rollup_id = int(store.database.value(load("queries/next_rollup_id.sql")))
        store.database.command(
            load("commands/roll_up.sql"), rollup_id=rollup_id, periods=periods, until=until
        )
        _commit(store, rollup_id, dict.fromkeys(periods, until))
    return len(periods)


def correct_sums(store: Store, start: datetime | None = None, end: datetime | None = None) -> int:
    """Compare the hourly sums of event times in [start, end) with the ledger, and make up for what is wrong with them;
    return how many sums that were. Nothing is overwritten: a roll-up of the differences is added, month by month, so
    that a kill at any point leaves a month as it was or mended."""
    corrected = 0
    bounds = {"range_start": start or EARLIEST, "range_end": end or LATEST}
    for month in store.database.rows(load("queries/summed_months.sql"), **bounds):
        with store.exclusive():
            discard_uncommitted(store)
            rollup_id = int(store.database.value(load("queries/next_rollup_id.sql")))
            store.database.command(load("commands/correct_sums.sql"), rollup_id=rollup_id, **month)
            periods = store.database.rows(load("queries/rolled_up_periods.sql"), rollup_id=rollup_id)
            _commit(store, rollup_id, {row["period_id"]: row["rolled_until"] for row in periods})
        corrected += sum(row["sums"] for row in periods)
    return corrected


def _commit(store: Store, rollup_id: int, rolled_until: Mapping[int, datetime]) -> None:
    """Make a roll-up's sums count, all at once."""
    store.database.make_durable()
    reach("rollup.before_commit")
    recorded_at = store.next_instant()
    store.database.insert(
        "usage_rollups",
        [
            {"period_id": period, "rollup_id": rollup_id, "rolled_until": until, "recorded_at": recorded_at}
            for period, until in rolled_until.items()
        ],
    )


def discard_uncommitted(store: Store) -> None:
    """Delete the sums of a roll-up that a kill or an error cut off, so that no later one makes them count."""
    with store.exclusive():
        if store.database.value(load("queries/uncommitted_rollups.sql")):
            store.database.command(load("commands/discard_uncommitted_rollups.sql"))
