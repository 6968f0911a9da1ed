"""Reading bodies: no more than a limit, no longer than a deadline, and all requests together have a limit too."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.events.repeated_names import repeated_name
from api.http.problem import ProblemError

# Of a body that is too large, this much is still taken in and thrown away, so that a client that sends all
# before it reads gets its answer and not a broken connection.
DRAIN_BYTES = 128 << 20
BUDGET_BYTES = 512 << 20
# A whole body has arrived after this long. The largest needs 350 kB a second for it.
BODY_SECONDS = 30
JSON_BYTES = 64 << 10
DOCUMENT_BYTES = 10 << 20

# What is left of a body that was given up is not read: the connection ends with the answer.
_CLOSE = {"Connection": "close"}

_NO_TEXT = ("image", "audio", "video", "font", "multipart")

Model = TypeVar("Model", bound=BaseModel)


class Budget:
    """What bodies may take: bytes, of all requests at one time; seconds, each. Used in the event loop only."""

    def __init__(self, limit: int = BUDGET_BYTES, seconds: float = BODY_SECONDS) -> None:
        self.seconds = seconds
        self.left = limit


class _Held:
    """The bytes of one request's body in the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._size = 0

    def grow(self, size: int) -> None:
        """Take `size` more bytes; ProblemError 503 `too_busy` when there are not as many left."""
        if size > self._budget.left:
            raise ProblemError(
                503,
                "too_busy",
                "More requests are being received than can be held; send it again in a moment.",
                headers={"Retry-After": "1"} | _CLOSE,
            )
        self._budget.left -= size
        self._size += size

    def release(self) -> None:
        """Give all of it back."""
        self._budget.left += self._size
        self._size = 0


@asynccontextmanager
async def received(request: Request, limit: int, *, unpacked: int = 0) -> AsyncIterator[bytes]:
    """Receive the body, at most `limit` bytes of it, and hold it as long as the context lasts.

    Memory is taken as bytes arrive, so a client that declares much and sends little takes little. `unpacked` is
    what the work on a complete body takes besides. Raises ProblemError 413 `body_too_large`, 408
    `body_too_slow`, 503 `too_busy`.
    """
    budget: Budget = request.app.state.budget
    held = _Held(budget)
    try:
        body = await _read(request, limit, held, budget.seconds)
        held.grow(unpacked)
        yield body
    finally:
        held.release()


async def _read(request: Request, limit: int, held: _Held, seconds: float) -> bytes:
    declared = request.headers.get("content-length", "")
    too_large = declared.isdecimal() and int(declared[:20]) > limit
    chunks: list[bytes] = []
    size = 0
    is_complete = False
    with anyio.move_on_after(seconds):
        async for chunk in request.stream():
            size += len(chunk)
            too_large = too_large or size > limit
            if not too_large:
                held.grow(len(chunk))
                chunks.append(chunk)
            else:
                chunks.clear()
                held.release()
                if size > DRAIN_BYTES:
                    break
        else:
            is_complete = True
    if too_large:
        shown = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
        raise ProblemError(
            413,
            "body_too_large",
            f"The body may have at most {shown}; send it in parts.",
            headers={} if is_complete else _CLOSE,
        )
    if not is_complete:
        raise ProblemError(
            408,
            "body_too_slow",
            f"The body did not arrive within {seconds:g} seconds; send it again, in smaller parts where the line "
            "is slow.",
            headers=_CLOSE,
        )
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def refuse_what_is_no_text(request: Request) -> None:
    """Raise ProblemError 415 `unsupported_media_type` for a body that says to be compressed, in another charset than
    UTF-8, or no text at all. What a client sends as a form by default (curl does) is taken for what the route takes.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise _unsupported(f"Content-Encoding {encoding[:40]!r} is not taken here; send the body as it is.")
    media_type, *parameters = request.headers.get("content-type", "").lower().split(";")
    if media_type.strip().partition("/")[0] in _NO_TEXT:
        raise _unsupported(f"Content type {media_type.strip()[:80]!r} is not read; send YAML or JSON.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"')
        if name.strip() == "charset" and charset not in ("utf-8", "utf8", "us-ascii"):
            raise _unsupported(f"Charset {charset[:40]!r} is not read; send UTF-8.")


def _unsupported(detail: str) -> ProblemError:
    return ProblemError(415, "unsupported_media_type", detail)


@asynccontextmanager
async def received_text(request: Request) -> AsyncIterator[str]:
    """Receive a YAML or JSON document sent as UTF-8 text, at most 10 MiB, as `received` does.

    Raises ProblemError 400 `invalid_body`, 415 `unsupported_media_type`, and what `received` raises.
    """
    refuse_what_is_no_text(request)
    async with received(request, DOCUMENT_BYTES) as body:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
            raise ProblemError(400, "invalid_body", f"The body is not UTF-8 text: see line {line}.") from None
        if not text.strip():
            raise ProblemError(400, "invalid_body", "The body is empty; send the document as YAML or JSON.")
        yield text


def json_body(model: type[Model], limit: int = JSON_BYTES) -> Callable[[Request], Awaitable[Model]]:
    """Return a dependency that reads a JSON object of at most `limit` bytes, a small one, as `model`.

    Not the framework's own way, which reads a body of any size before it asks for a key.
    Raises ProblemError 422 `invalid_body`, also for a name that stands twice in one object: one of the two would be
    lost in silence; 415 `unsupported_media_type`, and what `received` raises.
    """

    async def read(request: Request) -> Model:
        refuse_what_is_no_text(request)
        async with received(request, limit) as body:
            twice = repeated_name(body)
            if twice is not None:
                raise ProblemError(
                    422,
                    "invalid_body",
                    "A name stands twice in one object; keep one of them.",
                    errors=[{"field": twice, "message": "the name stands twice"}],
                )
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
