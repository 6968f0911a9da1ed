"""What commands print: aligned tables for people, JSON for programs.

In a pipe nothing is cut or wrapped: a table is as wide as it needs to be. In a terminal it is no wider than that.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.words import counted as counted  # what most commands print with

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


def sentence(text: str, *, indent: str = "", to_stderr: bool = False) -> None:
    """Print a sentence. In a terminal it goes on in the next line between two words, as far in as `indent`."""
    console = stderr() if to_stderr else stdout()
    width = max(console.width, 40)
    lines = wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    for line in lines or [""]:
        console.print(line, markup=False)


# What a table takes besides its cells: a space at each side, and three between two columns.
_FRAME = 2
_BETWEEN = 3


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[str, ...]
    style: str | None
    ends_section: bool = False


class Columns:
    """A table being made: names of columns, which of them hold numbers, and which hold words.

    Only words may be wrapped, between two of them: ids, instants and numbers stay whole. Where the table is too
    wide for the terminal even so, each row becomes a block of lines.
    """

    def __init__(
        self, *names: str, numbers: Iterable[str] = (), words: Iterable[str] = (), title: str | None = None
    ) -> None:
        self._names = names
        self._numbers = frozenset(numbers)
        self._words = frozenset(words)
        self._title = title
        self._rows: list[_Row] = []

    def row(self, *cells: Any, style: str | None = None) -> None:
        """Add a row; None shows as nothing."""
        self._rows.append(_Row(tuple("" if cell is None else str(cell) for cell in cells), style))

    def rule(self) -> None:
        """Draw a line before the next row."""
        if self._rows:
            self._rows[-1] = replace(self._rows[-1], ends_section=True)

    def show(self, empty: str = "nothing to show", *, to_stderr: bool = False) -> None:
        """Print the table, or what is said where it has no rows."""
        console = stderr() if to_stderr else stdout()
        console.print(self.fitted(console.width) if self._rows else f"({empty})")

    def fitted(self, width: int) -> RenderableType:
        """Return the table, or blocks, no wider than this unless one cell is."""
        whole = [self._width(place, whole=True) for place in range(len(self._names))]
        least = [self._width(place, whole=False) for place in range(len(self._names))]
        room = width - _FRAME - _BETWEEN * (len(self._names) - 1)
        if sum(least) > room:
            return self._blocks(width)
        spare = room - sum(least)
        # Those that need least to be whole come first.
        for place in sorted(range(len(whole)), key=lambda place: whole[place] - least[place]):
            more = min(spare, whole[place] - least[place])
            least[place] += more
            spare -= more
        return self._table(least)

    def _width(self, place: int, *, whole: bool) -> int:
        """How wide a column is, or must be at least."""
        name = self._names[place]
        cells = [row.cells[place] for row in self._rows]
        if not whole:
            texts = [word for cell in cells for word in cell.split()] if name in self._words else cells
            return max((cell_len(text) for text in (*texts, *name.split())), default=0)
        return max(cell_len(text) for text in (*cells, name))

    def _table(self, widths: Sequence[int]) -> Table:
        table = Table(box=box.SIMPLE_HEAD, title=self._title, title_justify="left", pad_edge=False)
        for name, width in zip(self._names, widths, strict=True):
            table.add_column(name, justify="right" if name in self._numbers else "left", width=max(width, 1))
        for row in self._rows:
            table.add_row(*map(escape, row.cells), style=row.style, end_section=row.ends_section)
        return table

    def _blocks(self, width: int) -> Text:
        """The rows as blocks of `name  value`, without the cells that hold nothing."""
        indent = max(cell_len(name) for name in self._names) + 2
        text = Text(f"{self._title}\n" if self._title else "")
        for row in self._rows:
            for name, cell in zip(self._names, row.cells, strict=True):
                if not cell.strip():
                    continue
                lines = [cell.strip()]
                if name in self._words:
                    room = max(width - indent, 20)
                    lines = wrap(cell, room, break_long_words=False, break_on_hyphens=False)
                text.append(f"{name:<{indent}}{lines[0]}\n", row.style or "")
                for line in lines[1:]:
                    text.append(f"{'':<{indent}}{line}\n", row.style or "")
            text.append("\n")
        # A blank line stands between the last block and what follows, as between two.
        text.rstrip()
        return text.append("\n")


def entries_changed(done: Mapping[str, Any]) -> str:
    """How much of the ledger an answer says to have changed."""
    changed = done["entries_changed"]
    return f"{changed} ledger {'entry' if changed == 1 else 'entries'} changed"


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
