"""Running a part of a benchmark in a process of its own, and what it cost.

An engine folder belongs to one process, CPU-seconds are counted by process, and a child that is forked after
the engine was loaded hangs: so every part is a spawned child.
"""

import multiprocessing
import resource
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeVar

Result = TypeVar("Result")


class ChildFailedError(Exception):
    """A child ended without a result; its text says why."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What some work took: CPU-seconds of all the process's threads, and seconds of wall time."""

    cpu_seconds: float
    wall_seconds: float


class Stopwatch:
    """Counts from where it was made."""

    def __init__(self) -> None:
        self._cpu = cpu_seconds()
        self._wall = time.perf_counter()

    def cost(self) -> Cost:
        """Return what this process has used since."""
        return Cost(cpu_seconds() - self._cpu, time.perf_counter() - self._wall)


def cpu_seconds(who: int = resource.RUSAGE_SELF) -> float:
    """CPU-seconds this process has used so far, the engine's background threads included."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def run_in_child(work: Callable[..., Result], *arguments: Any) -> Result:
    """Call `work(*arguments)` in a spawned process and return what it returns. Raises ChildFailedError."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    # Not a daemon: some children start children of their own.
    child = context.Process(target=_child, args=(theirs, work, arguments))
    child.start()
    theirs.close()
    try:
        done, value = ours.recv()
    except EOFError:
        child.join()
        raise ChildFailedError(f"{work.__name__} ended with exit code {child.exitcode}") from None
    finally:
        ours.close()
    child.join()
    if not done:
        raise ChildFailedError(f"{work.__name__} failed:\n{value}")
    result: Result = value
    return result


def _child(answer: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        value = work(*arguments)
    except Exception:
        answer.send((False, traceback.format_exc()))
    else:
        answer.send((True, value))
    answer.close()
