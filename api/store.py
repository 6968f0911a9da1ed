"""An open store: the database, the one writer, and the clock. Everything that changes state goes through it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from api.followers import Follower
from api.instants import MILLISECOND
from api.standings import Standings
from api.writer import Writer
from migrations import deploy_rating, reload_dictionaries
from migrations.deploy import DICTIONARIES, PRICE_DICTIONARIES
from ratecard_compiler.rating import Shape
from sql import load
from sql.client import Database

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time, UTC, in milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Store:
    """An open store, as `open_store` makes it. One process has one store a folder; its operations may be called from
    any thread."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self.database = database
        self.clock = clock
        # Held by whoever changes usage, rates or terms: one writer a store (ENGINE "check-then-insert").
        self._exclusive = threading.RLock()
        # Held by whoever publishes; usage comes in meanwhile.
        self._publishing = threading.Lock()
        # The dictionaries have the prices of the versions up to this one.
        self._latest_priced = 0
        self._last_instant = datetime(2000, 1, 1, tzinfo=UTC)
        # Dictionaries whose sources changed since they were loaded.
        self._outdated: set[str] = set()
        self.ready = False
        self.writer = Writer()
        # Tops credits up after commits; the customer that upkeep looked at last.
        self.top_ups = Follower("top-ups")
        self.topped_up_to = ""
        # What customers may use now, in memory.
        self.standings = Standings()

    def problems(self) -> list[str]:
        """Say why the store must not serve; empty when it may."""
        found = [] if self.ready else ["the store is starting or closing"]
        for row in self.database.rows(load("queries/detached_parts.sql"), database=self.database.name):
            found.append(f"table {row['table']} has a damaged part {row['name']} ({row['reason']})")
        for row in self.database.rows(load("queries/unloaded_dictionaries.sql"), database=self.database.name):
            found.append(f"dictionary {row['name']} is {row['status']}")
        return found

    def committed(self, customer_ids: Sequence[str]) -> None:
        """Say that events of these customers, by the ids of the events, count from now on, or changed."""
        self.standings.committed(customer_ids)
        self.top_ups.committed(customer_ids)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep every other writer out."""
        with self._exclusive:
            yield

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Keep every other publication out. Enter it before `exclusive`."""
        with self._publishing:
            yield

    def next_instant(self) -> datetime:
        """Return a time of recording later than every one before it, so that it names one batch for ever."""
        with self._exclusive:
            self._last_instant = max(self._recording_time(), self._last_instant + MILLISECOND)
            return self._last_instant

    def _recording_time(self) -> datetime:
        """A server's own clock, by which it also records what others insert."""
        if self.database.embedded:
            return self.clock()
        now: datetime = self.database.value(load("queries/now.sql"))
        return now

    def start_after(self, instant: datetime) -> None:
        """Give out times of recording later than `instant` only: an earlier process gave out that one."""
        with self._exclusive:
            self._last_instant = max(self._last_instant, instant)

    @property
    def last_instant(self) -> datetime:
        """The latest time of recording that was given out; what has it or an earlier one is stored or never will be."""
        with self._exclusive:
            return self._last_instant

    def outdate_dictionaries(self, *names: str) -> None:
        """Say, before a change, which dictionaries it makes outdated. Should their reload fail, the old ones go on
        rating; reconcile loads them before it compares anything."""
        with self._exclusive:
            self._outdated.update(names)

    def refresh_dictionaries(self) -> None:
        """Load what is outdated, prices before the terms that point at them. Raises EngineError."""
        with self._exclusive:
            reload_dictionaries(self.database, tuple(name for name in DICTIONARIES if name in self._outdated))
            if self._outdated:
                self.standings.forget()
            self._outdated.clear()

    def load_dictionaries(self) -> None:
        """Load all of them. Raises EngineError."""
        latest: int = self.database.value(load("queries/latest_version_id.sql"))
        reload_dictionaries(self.database)
        self._latest_priced = latest

    def load_prices(self, version_id: int) -> None:
        """Load a published version's prices, unless they are: once, whatever is activated then. Usage comes in
        meanwhile, rated by what is in force. Raises EngineError."""
        if version_id > self._latest_priced:
            reload_dictionaries(self.database, PRICE_DICTIONARIES)
            self._latest_priced = max(self._latest_priced, version_id)

    def deploy_rating(self) -> None:
        """Make the rating view rate under every shape that an activation can reach."""
        deploy_rating(self.database, self.shapes())

    def shapes(self) -> dict[int, Shape]:
        """Return the rules in use, by shape id."""
        rows = self.database.rows(load("queries/rating_shapes.sql"))
        return {row["shape_id"]: Shape.from_json(row["rules"]) for row in rows}

    def close(self) -> None:
        """Finish what the writer has, and free the store."""
        self.ready = False
        self.writer.stop()
        self.top_ups.stop()
        self.standings.stop()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
