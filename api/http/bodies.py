"""Reading bodies: the limit holds while reading, and what all requests hold together has a limit too."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.http.problem import ProblemError

# Of a body that is too large, this much is still taken in and thrown away, so that a client that sends all
# before it reads gets its answer and not a broken connection.
DRAIN_BYTES = 128 << 20
BUDGET_BYTES = 512 << 20
JSON_BYTES = 64 << 10
DOCUMENT_BYTES = 10 << 20

Model = TypeVar("Model", bound=BaseModel)


class Budget:
    """How many bytes of bodies all requests may hold at one time. Used in the event loop only."""

    def __init__(self, limit: int = BUDGET_BYTES) -> None:
        self._left = limit

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Hold `size` bytes; ProblemError 503 `too_busy` when there are not as many left."""
        if size > self._left:
            raise ProblemError(
                503,
                "too_busy",
                "More requests are being received than can be held; send it again in a moment.",
                headers={"Retry-After": "1"},
            )
        self._left -= size
        try:
            yield
        finally:
            self._left += size


def body_size(request: Request, limit: int, zipped: bool) -> int:
    """Return how many bytes a request will hold at most: what it declares, or the limit where that says little."""
    declared = request.headers.get("content-length", "")
    return limit if zipped or not declared.isdecimal() else min(int(declared[:20]), limit)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body, at most `limit` bytes of it ever in memory.

    Raises ProblemError 413 `body_too_large`.
    """
    declared = request.headers.get("content-length", "")
    too_large = declared.isdecimal() and int(declared[:20]) > limit
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        too_large = too_large or size > limit
        if too_large:
            chunks.clear()
            if size > DRAIN_BYTES:
                break
        else:
            chunks.append(chunk)
    if too_large:
        shown = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
        raise ProblemError(413, "body_too_large", f"The body may have at most {shown}; send it in parts.")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def read_text(request: Request) -> str:
    """Return a YAML or JSON document sent as UTF-8 text, at most 10 MiB.

    Raises ProblemError 413 `body_too_large`, 400 `invalid_body`.
    """
    body = await read_body(request, DOCUMENT_BYTES)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise ProblemError(400, "invalid_body", f"The body is not UTF-8 text: see line {line}.") from None
    if not text.strip():
        raise ProblemError(400, "invalid_body", "The body is empty; send the document as YAML or JSON.")
    return text


def json_body(model: type[Model]) -> Callable[[Request], Awaitable[Model]]:
    """Return a dependency that reads a small JSON object as `model`.

    Not the framework's own way, which reads a body of any size before it asks for a key.
    Raises ProblemError 413 `body_too_large`, 422 `invalid_body`.
    """

    async def read(request: Request) -> Model:
        body = await read_body(request, JSON_BYTES)
        try:
            return model.model_validate_json(body or b"{}")
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise ProblemError(
            422,
            "invalid_body",
            "The body is not what this route takes.",
            errors=[
                {
                    "field": ".".join(str(part) for part in fault["loc"]),
                    "message": fault["msg"].removeprefix("Value error, "),
                }
                for fault in faults
            ],
        )

    return read
