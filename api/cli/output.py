"""What commands print: aligned tables for people, JSON for programs.

In a pipe nothing is cut or wrapped: a table is as wide as it needs to be.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

PIPE_WIDTH = 10_000


def stdout() -> Console:
    """The console for results."""
    return _console(stderr=False)


def stderr() -> Console:
    """The console for progress and problems, so that results can be piped."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=None if terminal else PIPE_WIDTH, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print JSON, keys in the order in which they were given."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


class Columns:
    """A table being made: names of columns, and which of them hold numbers."""

    def __init__(self, *names: str, numbers: Iterable[str] = (), title: str | None = None) -> None:
        right = set(numbers)
        self.table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
        for name in names:
            self.table.add_column(name, justify="right" if name in right else "left", overflow="fold")

    def row(self, *cells: Any, style: str | None = None) -> None:
        """Add a row; None shows as nothing."""
        self.table.add_row(*("" if cell is None else escape(str(cell)) for cell in cells), style=style)

    def rule(self) -> None:
        """Draw a line before the next row."""
        self.table.add_section()

    def show(self, empty: str = "nothing to show") -> None:
        """Print the table, or what is said where it has no rows."""
        console = stdout()
        console.print(self.table if self.table.row_count else f"({empty})")


def counted(count: int, noun: str) -> str:
    """A number and what it counts: `1 customer`, `12 customers`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def pairs(values: Mapping[str, Any] | None) -> str:
    """Names and values on one line: `model=large region=eu`; empty values are left out."""
    return " ".join(f"{name}={value}" for name, value in (values or {}).items() if value != "")


def facts(values: Sequence[tuple[str, Any]]) -> None:
    """Print names and values, one a line; None is left out."""
    shown = [(name, value) for name, value in values if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    console = stdout()
    for name, value in shown:
        console.print(f"[bold]{name:<{width}}[/bold]  {escape(str(value))}")
