"""What people say about a change: who makes it, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remark:
    """Who does something and why, as told; both may be empty."""

    author: str = ""
    note: str = ""


NO_REMARK = Remark()
