"""Group commit: one thread inserts usage; requests that wait at the same time share an insert.

A request is answered only when its rows are stored and rated. Rows of one insert have identities that differ:
a repeat inside the same group waits for the next insert, so "which was first" always has an answer.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

Status = Literal["accepted", "duplicate", "conflict"]

# Stores a block of events and returns what became of each, in row order.
StoreEvents = Callable[[pa.Table], list[Status]]

# Bigger inserts are cut by the engine into blocks, and identity looks at one block at a time.
MAXIMUM_ROWS = 100_000

ACCEPTED: Status = "accepted"


@dataclass(frozen=True, slots=True)
class _Request:
    table: Any
    answer: "Future[list[Status]]"


class Writer:
    """The thread that inserts usage events."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def start(self, store_events: StoreEvents) -> None:
        """Begin storing what is submitted, by `store_events`."""
        self._thread = threading.Thread(
            target=self._run, args=(store_events,), name="runrate-writer", daemon=True
        )
        self._thread.start()

    def submit(self, table: pa.Table) -> "Future[list[Status]]":
        """Queue events (the columns of `usage_inbox`) and return their answers-to-be, in row order.

        The future fails with StoreUnavailable when it is unknown whether the rows are stored; sending them again
        is safe.
        """
        answer: Future[list[Status]] = Future()
        if self._stopped:
            answer.set_exception(RuntimeError("the store is closing"))
        elif table.num_rows == 0:
            answer.set_result([])
        else:
            self._queue.put(_Request(table, answer))
        return answer

    def stop(self) -> None:
        """Store what is queued, then end the thread."""
        self._stopped = True
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _run(self, store_events: StoreEvents) -> None:
        ended = False
        while not ended:
            group, ended = self._next_group()
            if group:
                _commit(group, store_events)

    def _next_group(self) -> tuple[list[_Request], bool]:
        """Wait for a request, then take all that are waiting too, up to one block."""
        group: list[_Request] = []
        rows = 0
        request = self._queue.get()
        while request is not None:
            group.append(request)
            rows += request.table.num_rows
            if rows >= MAXIMUM_ROWS:
                return group, False
            try:
                request = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True


def _commit(group: list[_Request], store_events: StoreEvents) -> None:
    """Store a group in one block, and answer its requests."""
    try:
        tables = [request.table for request in group]
        answers = store_events(tables[0] if len(tables) == 1 else pa.concat_tables(tables))
    except Exception as error:
        for request in group:
            request.answer.set_exception(error)
        return
    start = 0
    for request in group:
        end = start + request.table.num_rows
        request.answer.set_result(answers[start:end])
        start = end
