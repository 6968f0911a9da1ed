"""Every statement the engine runs, as files, and the one client that runs them.

`load` returns a plain `.sql` file, `render` a `.sql.j2` template; both name files relative to this folder.
Values never go into the text: they are bound by the engine as `{name:Type}` parameters.
"""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent

_environment = Environment(
    loader=FileSystemLoader(FOLDER),
    undefined=StrictUndefined,
    autoescape=False,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@cache
def load(name: str) -> str:
    """Return the text of the statement in file `name`, for example `queries/invoice_lines.sql`."""
    return (FOLDER / name).read_text(encoding="utf-8")


def render(name: str, /, **context: Any) -> str:
    """Return the statement that template `name` makes of `context`; an unknown name in it raises."""
    return _environment.get_template(name).render(**context)


def statements(text: str) -> list[str]:
    """Split a file of statements. A statement ends with a semicolon at the end of a line."""
    parts = (part.strip() for part in f"{text.strip()}\n".split(";\n"))
    return [part for part in parts if part]
