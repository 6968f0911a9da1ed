"""What ends a command: one line that says what, where and how to mend it."""


class CommandFailed(Exception):  # noqa: N818 - it is how a command ends, not a fault of ours
    """The command did not do what it was asked. `details` are further lines, `code` the API's, if any."""

    def __init__(self, message: str, details: tuple[str, ...] = (), code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.code = code
