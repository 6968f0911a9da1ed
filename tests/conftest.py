"""Stores for tests: real ones, in one embedded engine. A process has one engine folder, so each test that
wants isolation gets a database of its own inside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from api.opening import open_store as open_store_at
from api.store import Store, utc_now
from sql.client import Database
from tests.sql import statements_of

SQL = statements_of("conftest")

MEMORY_BYTES = 4 << 30

StoreFactory = Callable[..., Store]

_numbers = count(1)


class Engine:
    """The test process's one engine folder. `store()` opens a fresh database in it."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        # Held open between stores: the engine ends with its last client.
        self._keeper = Database.open(dsn, database="keeper", memory_bytes=MEMORY_BYTES)

    @contextmanager
    def store(self, clock: Callable[[], datetime] = utc_now, database: str | None = None) -> Iterator[Store]:
        """A store in a new database, dropped afterwards; or in `database`, which stays."""
        name = database or f"test_{next(_numbers)}"
        try:
            with open_store_at(self.dsn, database=name, clock=clock, memory_bytes=MEMORY_BYTES) as store:
                yield store
        finally:
            if database is None:
                self.drop(name)

    def drop(self, name: str) -> None:
        """Drop a database, whatever is in it."""
        self._keeper.command(SQL("drop_database", name=name))

    def close(self) -> None:
        """Close the engine."""
        self._keeper.close()


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine folder of this test process."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def engine(engine_folder: Path) -> Iterator[Engine]:
    """The engine, open as long as a module's tests run: another module may have a folder of its own."""
    opened = Engine(f"chdb:{engine_folder}")
    yield opened
    opened.close()


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    """An empty store, for one test."""
    with engine.store() as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_store(engine: Engine) -> Iterator[Store]:
    """One store for all tests of a module, which keep apart by the ids they use."""
    with engine.store() as opened:
        yield opened


@pytest.fixture
def open_store(engine: Engine) -> Iterator[StoreFactory]:
    """Open any number of empty stores, each with its own clock."""
    with ExitStack() as stack:
        yield lambda clock=utc_now: stack.enter_context(engine.store(clock))


def fixed_clock(year: int, month: int, day: int, hour: int = 0) -> Callable[[], datetime]:
    """A clock that stands still."""
    instant = datetime(year, month, day, hour, tzinfo=UTC)
    return lambda: instant
