"""Threads for taking events in, apart from those that answer reads: a burst of the one never stops the other."""

import os
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

# Waiting for the writer costs nothing but the thread.
WAITING = 128

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


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
