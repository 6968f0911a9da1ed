"""Threads for taking events in and for rate cards, apart from those that answer reads: a burst of the one never stops
the others."""

import os
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from api.http.problem import ProblemError

# Waiting for the writer costs nothing but the thread.
WAITING = 128
MOST_CARDS_WAITING = 4

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class CardThread:
    """Does what takes many seconds of a processor that all share with one rate card after the other: compiling one, and
    putting one in force. Each has a thread of its own, so that a rollback never waits for other people's cards; what
    they change they change one after the other all the same, by the store's lock."""

    def __init__(self, busy: str) -> None:
        self._limiter = CapacityLimiter(1)
        self._busy = busy

    async def run(
        self, work: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """Run `work` when it is its turn. Raises ProblemError 503 `too_busy` when too many wait already."""
        if self._limiter.statistics().tasks_waiting >= MOST_CARDS_WAITING:
            raise ProblemError(
                503,
                "too_busy",
                f"{self._busy}; send it again in a moment.",
                headers={"Retry-After": "5"},
            )
        return await run_sync(partial(work, *args, **kwargs), limiter=self._limiter)


class IngestThreads:
    """Runs the two steps of taking events in. More threads that decode than processors only get in each other's way."""

    def __init__(self) -> None:
        self._decoding = CapacityLimiter(max(2, os.cpu_count() or 2))
        self._waiting = CapacityLimiter(WAITING)

    async def decode(
        self, work: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """Run what needs the processor."""
        return await run_sync(partial(work, *args, **kwargs), limiter=self._decoding)

    async def store(
        self, work: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """Run what waits for the writer."""
        return await run_sync(partial(work, *args, **kwargs), limiter=self._waiting)
