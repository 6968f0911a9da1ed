"""Opaque cursors: the place in a list after which the next page starts.

A cursor is base64url of JSON `[check, position]`. The check covers the position, the list and its filters,
so a cursor that was changed, or made by another list or with other filters, is refused and never misread. A
position says nothing that the page before did not say, so the check needs no secret and holds over restarts.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from api.http.problem import ProblemError
from api.instants import LATEST, milliseconds
from api.reads.documents import Position

Part = Callable[[str | int], bool]

_MAX_LENGTH = 16_384
_LAST = milliseconds(LATEST)
_decoder = msgspec.json.Decoder(tuple[str, list[str | int]])


def is_text(part: str | int) -> bool:
    """An id, or a dimension's value."""
    return isinstance(part, str)


def is_number(part: str | int) -> bool:
    """A number that the engine takes as UInt64."""
    return isinstance(part, int) and 0 <= part < 2**63


def is_instant(part: str | int) -> bool:
    """An instant in milliseconds."""
    return isinstance(part, int) and 0 <= part < _LAST


def is_key(part: str | int) -> bool:
    """An event's key, a UInt128 in digits."""
    return (
        isinstance(part, str)
        and part.isascii()
        and part.isdecimal()
        and len(part) < 40
        and int(part) < 2**128
    )


def encode_cursor(listing: str, filters: Mapping[str, Any], position: Position | None) -> str | None:
    """Return the cursor of `position` in `listing`; None (the list has ended) stays None."""
    if position is None:
        return None
    body = msgspec.json.encode((_check(listing, filters, position), list(position)))
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def decode_cursor(
    listing: str, filters: Mapping[str, Any], cursor: str | None, shape: Sequence[Part]
) -> Position | None:
    """Return the position in a cursor of `listing`, whose parts are what `shape` says.

    Any further parts are texts. Raises ProblemError 400 `invalid_cursor`.
    """
    if cursor is None:
        return None
    try:
        if len(cursor) > _MAX_LENGTH:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        check, parts = _decoder.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise _invalid() from None
    position = tuple(parts)
    if check != _check(listing, filters, position) or not _fits(position, shape):
        raise _invalid()
    return position


def _fits(position: Position, shape: Sequence[Part]) -> bool:
    wanted = [*shape, *[is_text] * (len(position) - len(shape))]
    return len(position) >= len(shape) and all(
        fits(part) for fits, part in zip(wanted, position, strict=True)
    )


def _check(listing: str, filters: Mapping[str, Any], position: Position) -> str:
    told = [listing, sorted((name, repr(value)) for name, value in filters.items()), list(position)]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:24]


def _invalid() -> ProblemError:
    return ProblemError(
        400,
        "invalid_cursor",
        "The cursor is not one that this list gave out for these filters. Start again without a cursor.",
    )
