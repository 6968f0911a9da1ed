"""The clock changes of the time zones that contracts have."""

from collections.abc import Iterable

from api.contracts.clocks import clock_changes
from api.store import Store
from sql import load


def store_time_zones(store: Store, timezones: Iterable[str] = ()) -> int:
    """Store the clock changes of these time zones, and of those of all stored contracts, that are not there yet; return
    how many time zones were added."""
    known = {row["timezone"]: row["known"] for row in store.database.rows(load("queries/time_zones.sql"))}
    missing = sorted(timezone for timezone in {*known, *timezones} if not known.get(timezone))
    rows = [
        {"timezone": timezone, "valid_from": valid_from, "offset_seconds": seconds}
        for timezone in missing
        for valid_from, seconds in clock_changes(timezone)
    ]
    if rows:
        store.database.insert("time_zone_offsets", rows)
    return len(missing)
