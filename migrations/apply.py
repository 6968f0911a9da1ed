"""Numbered migrations: each file of `versions/` runs once, in order, and is recorded with its hash."""

import hashlib
from pathlib import Path

from sql import load, statements
from sql.client import Database

VERSIONS = Path(__file__).parent / "versions"


class NewerStore(Exception):
    """The store has migrations that this version of runrate does not know."""


class MigrationChanged(Exception):
    """A migration that was applied has another text now; landed migrations are never edited."""


def migrate(database: Database) -> list[str]:
    """Apply what is missing and return the names of the migrations applied now.

    Raises NewerStore and MigrationChanged before anything is changed by what they concern.
    A migration that a kill interrupted runs again from its beginning: its statements are made to bear that.
    """
    database.command(load("commands/create_schema_migrations.sql"))
    applied = {row["name"]: row["hash"] for row in database.rows(load("queries/schema_migrations.sql"))}
    unknown = sorted(applied.keys() - {path.stem for path in VERSIONS.glob("*.sql")})
    if unknown:
        raise NewerStore(
            f"this store was made by a newer version of runrate (it has migration {unknown[-1]}); open it with that "
            "version or a later one. Nothing was changed"
        )
    done = []
    for path in sorted(VERSIONS.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        if path.stem in applied:
            if applied[path.stem] != digest:
                raise MigrationChanged(
                    f"migration {path.stem} is not the text that was applied to this store; run the version of "
                    "runrate that made it, or restore the file (changes go into a new migration)"
                )
            continue
        for statement in statements(text):
            database.command(statement)
        database.insert("schema_migrations", [{"name": path.stem, "hash": digest}])
        done.append(path.stem)
    return done
