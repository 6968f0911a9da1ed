"""Compiled expressions on the engine, over blocks of events."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sql.client import Database
from tests.sql import statements_of

SQL = statements_of("expression_engine")

Properties = Mapping[str, str]


class Engine:
    """Expressions over blocks of events: all rows of a block are computed together, as at ingest."""

    def __init__(self, database: Database) -> None:
        self.database = database
        columns = "id UInt64, properties Map(LowCardinality(String), String)"
        database.command(SQL("create_events", columns=columns))

    def load(self, events: Sequence[Properties]) -> None:
        self.database.command(SQL("empty_events"))
        rows = [{"id": number, "properties": dict(event)} for number, event in enumerate(events)]
        self.database.insert("events", rows)

    def values(self, sql: str) -> list[Any]:
        found = self.database.rows(SQL("values", sql=sql))
        return [row["value"] for row in found]

    def type_of(self, sql: str) -> str:
        return str(self.database.value(SQL("type", sql=sql)))


@contextmanager
def open_engine(folder: Path) -> Iterator[Engine]:
    """An engine of its own in a folder, closed afterwards: a process has one folder open at a time."""
    database = Database.open(str(folder))
    try:
        yield Engine(database)
    finally:
        database.close()
