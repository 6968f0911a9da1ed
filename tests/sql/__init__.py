"""The statements that tests run. A file holds those of one module, each under a line `-- name: …`."""

import re
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent
NAMED = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


def statements_of(file: str) -> Callable[..., str]:
    """Return what gives a file's statements by name; `{{ part }}` is replaced by the part given for it."""
    found: dict[str, str] = dict(NAMED.findall((FOLDER / f"{file}.sql").read_text(encoding="utf-8")))

    def statement(name: str, /, **parts: str) -> str:
        text = found[name].strip()
        for part, value in parts.items():
            text = text.replace(f"{{{{ {part} }}}}", value)
        return text

    return statement
