"""Named points at which a test can kill the process, as a power cut would: no handler runs, nothing is flushed.

Set RUNRATE_KILL_AT=<point> in the environment of the process to be killed.
"""

import os
import signal

POINTS = (
    "ingest.before_insert",
    "ingest.after_insert",
    "ingest.before_answer",
    "publish.before_prices",
    "publish.before_version",
    "activate.before_request",
    "activate.after_rating",
    "activate.before_activation",
    "activate.before_terms",
    "reconcile.before_entries",
    "reconcile.before_mark",
    "rollup.before_commit",
)

VARIABLE = "RUNRATE_KILL_AT"


def reach(point: str) -> None:
    """Die here if the environment asks for it."""
    if os.environ.get(VARIABLE) == point:
        os.kill(os.getpid(), signal.SIGKILL)
