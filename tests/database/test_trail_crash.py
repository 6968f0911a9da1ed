"""Killed between an audit entry and its change, in the middle of the change, or before the entry: neither is silent,
and nothing is told twice."""

from pathlib import Path

from api.opening import open_store
from api.operations.verify import verify
from tests.database.crash_child import NOW
from tests.database.test_crash import SEED, Deaths
from tests.sql import statements_of

SQL = statements_of("trail_crash")


def test_what_a_death_leaves_of_a_change_is_told(tmp_path: Path) -> None:
    """An episode publishes, activates and stores contracts; each next start finds what was cut off. Of every state in
    between the checks hold (`Deaths.check`)."""
    deaths = Deaths(tmp_path, SEED)
    for point in (
        "audit.after_entry:1",
        "audit.after_entry:2",
        "audit.after_entry:3",
        "contracts.before_contracts:1",
        "audit.before_entry:2",
    ):
        deaths.die_at(point)
    deaths.live()
    with open_store(f"chdb:{tmp_path}", clock=lambda: NOW, memory_bytes=2 << 30) as store:
        rows = store.database.rows(SQL("actions"))
        assert [check.name for check in verify(store) if check.offending] == []
    assert [f"{row['action']}{' CUT' if row['interrupted'] else ''}" for row in rows] == [
        "begin",
        *("publish CUT", "interrupted"),
        *("publish", "activate CUT", "interrupted"),
        *("publish", "activate", "contracts CUT", "interrupted"),
        *("publish", "activate", "contracts CUT", "interrupted"),
        "publish",
        *("publish", "activate", "contracts", "contracts", "top_up"),
    ]
    # Episode 0 left no version; those of 1 to 5 are numbered without a gap.
    assert [row["rate_card_version"] for row in rows if row["action"] == "publish"] == [1, 1, 2, 3, 4, 5]
