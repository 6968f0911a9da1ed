"""What follows the commits of events: work for the customers concerned, on a thread of its own.

Ingest does not wait for it. A customer that waits already is not queued twice, however many commits there are.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

log = logging.getLogger("runrate.followers")

Work = Callable[[str], object]


class Follower:
    """Does its work once for every customer that is noted, after it is noted. A failure is logged; whoever needs the
    work done asks again (upkeep does every minute)."""

    def __init__(self, name: str) -> None:
        self._name = name
        # Every id under which events of the customers followed may come, and the customer.
        self._customers: Mapping[str, str] = {}
        self._waiting: dict[str, None] = {}
        self._working = False
        self._stopped = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self, work: Work) -> None:
        """Begin working."""
        self._thread = threading.Thread(
            target=self._run, args=(work,), name=f"runrate-{self._name}", daemon=True
        )
        self._thread.start()

    def follow(self, customers: Mapping[str, str]) -> None:
        """Follow these: the customer of each id under which events may come."""
        with self._changed:
            self._customers = dict(customers)

    @property
    def customers(self) -> Mapping[str, str]:
        """Whom it follows: the customer of each id under which events may come."""
        return self._customers

    def committed(self, event_customers: Iterable[str]) -> None:
        """Note the customers followed among those whose events were stored, by the ids of the events."""
        followed = self._customers
        self.note(followed[one] for one in event_customers if one in followed)

    def note(self, customer_ids: Iterable[str]) -> None:
        """Have the work done for these customers, soon."""
        with self._changed:
            self._waiting.update(dict.fromkeys(customer_ids))
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait until the work is done for all that were noted."""
        with self._changed:
            self._changed.wait_for(lambda: self._thread is None or not (self._waiting or self._working))

    def stop(self) -> None:
        """Do what is waiting, then end the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, work: Work) -> None:
        while (customer_id := self._next()) is not None:
            try:
                work(customer_id)
            except Exception:
                log.exception("%s failed for one customer; it is tried again later", self._name)

    def _next(self) -> str | None:
        with self._changed:
            self._working = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped or bool(self._waiting))
            if not self._waiting:
                return None
            customer_id = next(iter(self._waiting))
            del self._waiting[customer_id]
            self._working = True
            return customer_id
