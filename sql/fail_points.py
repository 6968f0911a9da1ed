"""Named points at which a test can kill the process, as a power cut would: no handler runs, nothing is flushed.

Set RUNRATE_KILL_AT=<point>, or <point>:<n> for the n-th time it is reached, in the environment of the process to be
killed.
"""

import os
import signal
from collections import Counter

POINTS = (
    "ingest.before_insert",
    "ingest.after_insert",
    "ingest.before_answer",
    "contracts.before_contracts",
    "amend.before_superseded",
    "audit.before_entry",
    "audit.after_entry",
    "publish.before_prices",
    "publish.before_version",
    "overrides.before_variant",
    "activate.before_request",
    "activate.after_rating",
    "activate.before_activation",
    "activate.before_terms",
    "top_up.before_grant",
    "reconcile.before_entries",
    "reconcile.before_mark",
    "rollup.before_commit",
)

VARIABLE = "RUNRATE_KILL_AT"


_reached: Counter[str] = Counter()


def reach(point: str) -> None:
    """Die here if the environment asks for it."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    name, _, times = wanted.partition(":")
    if name != point:
        return
    _reached[point] += 1
    if _reached[point] >= int(times or "1"):
        os.kill(os.getpid(), signal.SIGKILL)
