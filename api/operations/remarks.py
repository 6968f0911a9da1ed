"""What is known and said about a change: who makes it, and why."""

from dataclasses import dataclass

# This program itself.
PROGRAM = "runrate"


@dataclass(frozen=True, slots=True)
class Remark:
    """Who does something and why: `author` and `note` as told, both may be empty; `actor` as we know it ourselves:
    `key:…` is an API key, `user:…` who runs the command."""

    author: str = ""
    note: str = ""
    actor: str = PROGRAM


NO_REMARK = Remark()
