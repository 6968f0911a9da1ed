"""The benchmarks' own statements: files of `bench/sql`."""

from pathlib import Path

FOLDER = Path(__file__).parent / "sql"


def statement(name: str) -> str:
    """Return the text of file `name`, for example `active_merges.sql`."""
    return (FOLDER / name).read_text(encoding="utf-8")
