"""The one way to the engine: a pool of clients over one store, embedded or server.

After a failed query an embedded client answers the next query with the failed query's rows, so a client that
raised is closed and never used again. Each client is used by one thread at a time.
"""

import contextlib
import fcntl
import os
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sql import render
from sql.errors import EngineError, StoreInUse, as_engine_error
from sql.server import SCHEMES, ServerAddress, connect

DATABASE = "runrate"
DEFAULT_MEMORY_BYTES = 8 << 30
POOL_SIZE = 4

# What every statement of ours relies on, set on each client.
SETTINGS: Mapping[str, Any] = {
    "async_insert": 0,  # the default on servers since 26.3; an answer must mean "stored"
    "materialized_views_ignore_errors": 0,
    "max_insert_block_size": 1_048_576,
    # Rules and cohorts are compiled into statements, of many cards and activations together.
    "max_query_size": 16 << 20,
    "max_ast_elements": 2_000_000,
    "max_expanded_ast_elements": 2_000_000,
    "min_insert_block_size_bytes": 0,
    "min_insert_block_size_rows": 100_000,
    # The ledger takes a block's rows for all products as one part, not as one part a piece of it.
    "min_insert_block_size_rows_for_materialized_views": 400_000,
    "min_insert_block_size_bytes_for_materialized_views": 0,
    "short_circuit_function_evaluation": "enable",
}

# The time of a small read is the engine's planning of the views it goes through: without these steps less than half. To
# look for chains of comparisons it takes a hash of all that is below each AND, and our statements have none. Of the
# embedded engine only, whose version is pinned: a server that does not know a setting refuses the client.
EMBEDDED_SETTINGS: Mapping[str, Any] = {
    **SETTINGS,
    # Machine code for an expression is made when it runs for the third time, for a tenth of a second each: more than
    # reads of invoices and inserts of money, which is Decimals, ever win by it.
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
    "optimize_and_compare_chain": 0,
    "query_plan_remove_unused_columns": 0,
}


@dataclass(frozen=True, slots=True)
class Location:
    """Where a store is: a folder for the embedded engine, or a server's address."""

    place: Path | ServerAddress
    database: str = DATABASE

    @property
    def folder(self) -> Path | None:
        """The folder of an embedded store; None for a server's."""
        return self.place if isinstance(self.place, Path) else None

    @property
    def user(self) -> str:
        """Who we are on a server; empty for a folder."""
        return "" if isinstance(self.place, Path) else self.place.user

    def dictionary_credentials(self) -> str:
        """Return the USER and PASSWORD with which a server's dictionaries read its own tables; empty for a folder."""
        if isinstance(self.place, Path):
            return ""
        return f" USER '{_escaped(self.place.user)}' PASSWORD '{_escaped(self.place.password)}'"

    @classmethod
    def parse(cls, dsn: str, database: str = DATABASE) -> "Location":
        """Read `chdb:FOLDER`, a plain folder, or `clickhouse[s]://user:password@host:port/database`.

        Raises ValueError for a DSN that names nothing to open.
        """
        scheme, separator, rest = dsn.partition(":")
        if separator and scheme in SCHEMES:
            server = ServerAddress.parse(dsn)
            return cls(server, server.database or database)
        if separator and scheme.isalpha() and len(scheme) > 1 and scheme != "chdb":
            raise ValueError(
                f"the DSN {dsn!r} has an unknown scheme; write chdb:FOLDER or clickhouse://host:8123"
            )
        folder = rest.removeprefix("//") if separator and scheme == "chdb" else dsn
        if not folder:
            raise ValueError(f"the DSN {dsn!r} names no folder; write chdb:./data")
        return cls(Path(folder).resolve(), database)


@dataclass
class Database:
    """A pool of clients on one store. Safe for many threads; values are bound, never written into SQL."""

    location: Location
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    pool_size: int = POOL_SIZE
    _idle: "queue.LifoQueue[Any]" = field(default_factory=queue.LifoQueue, init=False, repr=False)
    _places: threading.Semaphore = field(init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _closed: bool = field(default=False, init=False)
    _keeper: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._places = threading.Semaphore(self.pool_size)

    @classmethod
    def open(
        cls, dsn: str, *, database: str = DATABASE, memory_bytes: int = DEFAULT_MEMORY_BYTES
    ) -> "Database":
        """Open the store at `dsn` and make its database if it is new.

        Raises StoreInUse when another process owns the folder, EngineError when the engine refuses.
        """
        opened = cls(Location.parse(dsn, database), memory_bytes)
        if opened.location.folder is not None:
            _prepare_process(opened.location.folder)
        try:
            # One client stays open for the life of the store: the embedded engine shuts down with its last one.
            opened._keeper = opened._connect(None)
            opened._keeper.command(
                render("commands/create_database.sql.j2", database=_identifier(opened.name))
            )
        except Exception as error:
            raise as_engine_error(error) from error
        return opened

    @property
    def embedded(self) -> bool:
        """True when the engine runs in this process."""
        return self.location.folder is not None

    @property
    def name(self) -> str:
        """The database that holds the store's objects."""
        return self.location.database

    def rows(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a query and return its rows as dictionaries; decimals come as Decimal, instants as aware UTC."""
        with self._client() as client:
            result = client.query(statement, parameters=parameters, tz_mode="aware")
            return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    def value(self, statement: str, **parameters: Any) -> Any:
        """Run a query of one row and one column and return that value."""
        with self._client() as client:
            return client.query(statement, parameters=parameters, tz_mode="aware").result_rows[0][0]

    def command(self, statement: str, **parameters: Any) -> None:
        """Run a statement that returns nothing."""
        with self._client() as client:
            client.command(statement, parameters=parameters)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert dictionaries with the same keys; nothing happens for an empty list."""
        if not rows:
            return
        columns = list(rows[0])
        with self._client() as client:
            client.insert(table, [[row[name] for name in columns] for row in rows], column_names=columns)

    def insert_arrow(self, table: str, columns: Any, settings: Mapping[str, Any] | None = None) -> None:
        """Insert a pyarrow table by column names."""
        with self._client() as client:
            client.insert_arrow(table, columns, settings=dict(settings or {}))

    def query_arrow(self, statement: str, **parameters: Any) -> Any:
        """Run a query and return a pyarrow table."""
        with self._client() as client:
            return client.query_arrow(statement, parameters=parameters)

    def make_durable(self) -> None:
        """Have what was written reach the disk. An embedded ledger is not written with fsync: whatever is about to say
        that its entries need not be looked at again calls this first. A server is durable by its own settings."""
        if self.embedded:
            os.sync()

    def close(self) -> None:
        """Close every client. The embedded engine writes what it holds and frees the folder."""
        with self._lock:
            self._closed = True
        while not self._idle.empty():
            _close(self._idle.get_nowait())
        if self._keeper is not None:
            _close(self._keeper)
            self._keeper = None

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        with self._places:
            if self._closed:
                raise EngineError("the store is closed")
            try:
                client = self._idle.get_nowait()
            except queue.Empty:
                try:
                    client = self._connect(self.location.database)
                except Exception as error:
                    raise as_engine_error(error) from error
            try:
                yield client
            except Exception as error:
                _close(client)
                raise as_engine_error(error) from error
            except BaseException:
                _close(client)
                raise
            self._idle.put(client)

    def _connect(self, database: str | None) -> Any:
        place = self.location.place
        if isinstance(place, ServerAddress):
            return connect(place, database, SETTINGS)
        import clickhouse_connect  # the driver takes 0.4 s to load: only for those who open a store

        return clickhouse_connect.get_client(
            interface="chdb",
            path=str(place / "engine"),
            database=database,
            settings=dict(EMBEDDED_SETTINGS),
            chdb_options={"max_server_memory_usage": str(self.memory_bytes)},
        )


def _prepare_process(folder: Path) -> None:
    """Own the folder, force UTC, and keep the engine's temporary files inside the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _own(folder):
        return
    os.environ["TZ"] = "UTC"
    time.tzset()
    scratch = folder / "tmp"
    # A killed insert leaves customers' data in its temporary file: wiped before the engine starts.
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    os.environ["TMPDIR"] = str(scratch)
    tempfile.tempdir = str(scratch)


# The descriptors of the locks, open as long as the process lives.
_owned: dict[Path, int] = {}


def _own(folder: Path) -> bool:
    """Lock the folder for this process; the lock goes with the process, however it ends. False: it was ours before."""
    if folder in _owned:
        return False
    lock = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(lock, 100).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise StoreInUse(folder, owner) from None
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    _owned[folder] = lock
    return True


def _identifier(name: str) -> str:
    if not name.replace("_", "").isalnum():
        raise ValueError(f"{name!r} is no database name; use letters, digits and underscores")
    return f"`{name}`"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _close(client: Any) -> None:
    # The handle is thrown away whatever its closing says.
    with contextlib.suppress(Exception):
        client.close()
