"""What an operation answers when it will not do what it was asked.

OperationRefused
├── NotFound              404: what the request names does not exist
├── Conflicting           409: it contradicts what is stored
└── Unprocessable         422: it is understood and wrong, with places where there are any
StoreUnavailable          503: not now; nothing was lost, the same request may be sent again
"""

from typing import Any


class OperationRefused(Exception):
    """A request that is refused as a whole; nothing changed. `errors` lists places, each with code and message."""

    status = 422

    def __init__(self, code: str, message: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.errors = errors or []


class NotFound(OperationRefused):
    """What the request names does not exist."""

    status = 404


class Conflicting(OperationRefused):
    """The request contradicts what is stored."""

    status = 409


class Unprocessable(OperationRefused):
    """The request is understood and wrong."""

    status = 422


class StoreUnavailable(OperationRefused):
    """The store cannot do it now. Sending the same again is safe."""

    status = 503
