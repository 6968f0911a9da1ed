"""What ends a command: one line that says what, where and how to mend it."""

from collections.abc import Mapping
from typing import Any


class CommandFailed(Exception):
    """The command did not do what it was asked.

    `details` are further lines; `code` and `problem` are the API's, where it was the API that refused.
    """

    def __init__(
        self,
        message: str,
        details: tuple[str, ...] = (),
        code: str | None = None,
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.code = code
        self.problem = problem or {}
