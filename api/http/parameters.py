"""What path and query may hold, checked before anything reaches the engine.

Every text is bounded, free of control characters and valid Unicode; every instant is RFC 3339 with an offset
and within the years that are stored; a query parameter that a route does not know is refused, never ignored.
"""

import re
from datetime import date, datetime
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

from fastapi import Path, Query, Request
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BeforeValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.problem import ProblemError, problem_response
from api.instants import check_bounds, parse_day, parse_instant

MAX_IDENTIFIER_LENGTH: Final = 256
MAX_LIMIT: Final = 1_000
DEFAULT_LIMIT: Final = 100
MAX_NUMBER: Final = 2**32 - 1

# Stands for an encoded slash inside a path's part; identifiers hold no control characters, so nothing else is
# it.
_SLASH: Final = "\x01"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INSTANT_FIX: Final = "write an instant with its offset, for example 2026-01-31T12:00:00Z"


def clean_text(value: str) -> str:
    """Return an identifier; ValueError says what is wrong with it."""
    text = value.replace(_SLASH, "/")
    if not text:
        raise ValueError("it is empty")
    if len(text) > MAX_IDENTIFIER_LENGTH:
        raise ValueError(f"it has more than {MAX_IDENTIFIER_LENGTH} characters")
    if _CONTROL.search(text):
        raise ValueError("it has a control character in it")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("it has half of a surrogate pair in it")
    return text


def read_instant(value: object) -> datetime:
    """Read an instant as UTC, cut to milliseconds; ValueError says what is wrong with it."""
    if not isinstance(value, str):
        raise ValueError(f"it is no text; {_INSTANT_FIX}")
    # In a query an unencoded "+" is read as a space.
    text = value.replace(" ", "+") if "T" in value.upper() else value
    try:
        instant = parse_instant(text, cut=True)
        check_bounds(instant)
    except ValueError as fault:
        raise ValueError(f"it {fault}; {_INSTANT_FIX}") from None
    return instant


def plain_number(value: object) -> object:
    """Let plain digits pass: `1_0`, `1.0` and `+1` are Python's idea of a number, not ours."""
    if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
        raise ValueError("write a whole number in digits")
    return value


def read_day(value: object) -> date:
    """Read a day of the calendar; ValueError says what is wrong with it."""
    if not isinstance(value, str):
        raise ValueError("it is no text; write a day, for example 2026-01-31")
    return parse_day(value)


Identifier = Annotated[str, AfterValidator(clean_text)]
# Who did something, and why; empty where nobody says.
RemarkText = Annotated[str, AfterValidator(lambda text: clean_text(text) if text else text)]
Number = Annotated[int, BeforeValidator(plain_number)]
Instant = Annotated[datetime, BeforeValidator(read_instant)]
Day = Annotated[date, BeforeValidator(read_day)]

CustomerId = Annotated[Identifier, Path(description="The customer's id.", examples=["northwind"])]
EventId = Annotated[Identifier, Path(description="The sender's id of the event.", examples=["evt-000001"])]
InvoiceId = Annotated[
    Identifier,
    Path(
        description="Contract id, a colon, and the local date on which the billing period starts.",
        examples=["northwind-2025:2026-01-01"],
    ),
]
LineId = Annotated[Identifier, Path(description="`line_id` of the line.", examples=["usage:input_tokens:1"])]
ContractId = Annotated[Identifier, Path(description="The contract.", examples=["northwind-2025"])]
GrantId = Annotated[Identifier, Path(description="The grant.", examples=["northwind-credits"])]
HoldId = Annotated[Identifier, Path(description="The hold.", examples=["job-4711"])]
ProductId = Annotated[Identifier, Path(description="The product.", examples=["input_tokens"])]
TopUpId = Annotated[Identifier, Path(description="The top-up.", examples=["top-up-northwind-2025-1"])]
FileName = Annotated[
    Identifier, Query(description="What errors call the document.", examples=["ratecard.yaml"])
]
RateCardId = Annotated[Identifier, Path(description="The rate card.", examples=["aurora-ai"])]
VersionNumber = Annotated[
    Number, Path(description="The version's number within its card.", ge=1, le=MAX_NUMBER, examples=[1])
]

Limit = Annotated[
    Number, Query(description="How many entries a page has at most.", ge=1, le=MAX_LIMIT, examples=[100])
]
Cursor = Annotated[
    str | None, Query(description="`next_cursor` of the page before.", examples=[None], max_length=4096)
]
Start = Annotated[Instant | None, Query(description="From this instant on, RFC 3339.")]
End = Annotated[Instant | None, Query(description="Up to before this instant, RFC 3339.")]


async def known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not have: a misspelt one would silently change the
    answer."""
    names = [name for name, _ in request.query_params.multi_items()]
    if not names:
        return
    known = _query_names(request.scope["route"])
    unknown = sorted({name for name in names if name not in known})
    repeated = sorted({name for name in names if known.get(name) is False and names.count(name) > 1})
    if unknown or repeated:
        raise ProblemError(
            400,
            "unknown_parameter",
            f"This route takes the parameters: {', '.join(sorted(known)) or 'none'}; each once.",
            errors=[_fault(name, "it is not known here") for name in unknown]
            + [_fault(name, "it is given more than once") for name in repeated],
        )


# Filled once a route; a route's parameters do not change.
_known: dict[str, dict[str, bool]] = {}


def _query_names(route: APIRoute) -> dict[str, bool]:
    """The route's query parameters, and whether each may be given more than once."""
    if route.unique_id not in _known:
        _known[route.unique_id] = {
            field.alias: "list[" in str(field.field_info.annotation).lower()
            for field in route.dependant.query_params
        }
    return _known[route.unique_id]


def _fault(name: str, message: str) -> dict[str, str]:
    shown = name if len(name) <= 60 else f"{name[:57]}…"
    return {"field": ascii(shown)[1:-1], "in": "query", "message": message}


class UrlDecoding:
    """Decodes path and query before routes match: escapes that are no UTF-8 are refused, not replaced by a character
    that nobody sent, and `%2F` stays inside its part of the path, since an id may have a slash."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its path decoded part by part; else answer 400 `malformed_url`."""
        raw: bytes = scope.get("raw_path") or b"" if scope["type"] == "http" else b""
        try:
            if b"%" in scope.get("query_string", b""):
                unquote_to_bytes(scope["query_string"]).decode()
            if b"%" in raw:
                parts = raw.partition(b"?")[0].split(b"/")
                scope = {**scope, "path": "/".join(map(_decoded, parts))}
        except UnicodeDecodeError:
            refused = ProblemError(
                400,
                "malformed_url",
                "The path or query has a percent-escape that is not UTF-8; encode it as UTF-8.",
            )
            await problem_response(Request(scope), refused)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _decoded(part: bytes) -> str:
    # A control character that was sent stays one, but not the one that means a slash.
    return unquote_to_bytes(part).decode().replace(_SLASH, "\x00").replace("/", _SLASH)


def text_fault(field: str, message: str) -> ProblemError:
    """Return the problem of one part of the path or query."""
    return ProblemError(
        422,
        "invalid_parameter",
        "The path or query has a value that this route does not take.",
        errors=[{"field": field, "in": "query", "message": message}],
    )
