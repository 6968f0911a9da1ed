"""JSON bytes → the bytes of single events, also where one event of an array holds what JSON does not have.

`NaN`, `Infinity` and half a surrogate pair (`"\\ud800"`) are what real senders let slip in: their JSON
writers print them. A parser refuses the whole body for it. Here such a body is *mended* first, by replacing
just these pieces with as many bytes of harmless JSON, so that it can be cut into events at the right places.
The events themselves stay as they were sent: the one with the piece in it is refused, the others stand.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from api.events.model import BadRequest

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding untrusted JSON raises: malformed or of another type, invalid UTF-8, nested too deeply."""

_MOST_PIECES: Final = 20_000
_RAW: Final = msgspec.json.Decoder(msgspec.Raw)
_RAW_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])

# A run of what is in order | a string with an escape in it | a number word. Possessive, and an unterminated
# string runs to the end: linear in the size of the body, whatever is in it.
_PIECE: Final = re.compile(
    rb'(?:[^"NI-]++|-(?!Infinity)|"[^"\\]*+")++|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|NaN|-?Infinity',
    re.DOTALL,
)
_PAIR_OR_HALF: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_NUMBER_WORDS: Final = (b"NaN", b"Infinity", b"-Infinity")
_SEPARATOR: Final = re.compile(rb"[ \t\r\n,]*")
_BYTE_OFFSET: Final = re.compile(r"\(byte (\d+)\)")


class _PastMendingError(Exception):
    """More pieces to mend than any honest body has."""


def mend(text: bytes, *, number: bytes = b"", half: bytes = rb"\ufffd") -> bytes:
    """The text with NaN and the infinities replaced by `number`, and half surrogate pairs by `half`.

    Without `number`, each is replaced by a zero of the same length, so every offset stays what it was. A text
    that is full of such pieces comes back as it is: it is no accident, and mending it is slow.
    """
    replaced = 0

    def count() -> None:
        nonlocal replaced
        replaced += 1
        if replaced > _MOST_PIECES:
            raise _PastMendingError

    def replace_half(match: re.Match[bytes]) -> bytes:
        if match[1] is None:
            return match[0]
        count()
        return half

    def replace(match: re.Match[bytes]) -> bytes:
        piece = match[0]
        if piece in _NUMBER_WORDS:
            count()
            return number or b"0e".ljust(len(piece), b"0")
        return _PAIR_OR_HALF.sub(replace_half, piece) if b"\\u" in piece else piece

    try:
        return _PIECE.sub(replace, text)
    except _PastMendingError:
        return text


def split_array(body: bytes) -> list[bytes]:
    """The elements of a JSON array, each as it was sent. BadRequest where the array itself cannot be read."""
    mended = _readable(body)
    try:
        elements = _RAW_LIST.decode(mended)
    except msgspec.ValidationError:
        raise BadRequest("unexpected_json", "The body must be a JSON array of events.") from None
    if mended is body:
        return [bytes(element) for element in elements]
    pieces = []
    start = body.index(b"[") + 1
    for element in elements:
        separator = _SEPARATOR.match(mended, start)
        start = separator.end() if separator else start
        pieces.append(body[start : start + len(element)])
        start += len(element)
    return pieces


def check_readable(body: bytes) -> None:
    """BadRequest with line and column unless the body is one JSON value (mended or not)."""
    _readable(body)


def reason(error: Exception) -> str:
    """Why a decoder gave up, without its own wording of where."""
    text = _BYTE_OFFSET.sub("", str(error)).removeprefix("JSON is malformed: ").strip()
    return "the text ends too early" if text == "Input data was truncated" else text


def offset(error: Exception, text: bytes) -> int:
    """The byte at which a decoder gave up."""
    match = _BYTE_OFFSET.search(str(error))
    if match is None:
        return len(text)
    # Only this one of the decoder's messages counts from one.
    return int(match[1]) - ("trailing characters" in str(error))


def _readable(body: bytes) -> bytes:
    """The body, or the mended body of the same length; BadRequest if neither is JSON."""
    try:
        _RAW.decode(body)
    except RecursionError:
        raise _too_deep() from None
    except msgspec.DecodeError:
        mended = mend(body)
        try:
            _RAW.decode(mended)
        except RecursionError:
            raise _too_deep() from None
        except msgspec.DecodeError as error:
            raise _malformed(body, error) from None
        return mended
    return body


def _too_deep() -> BadRequest:
    return BadRequest(
        "too_deeply_nested", "The body is nested too deeply to be read; an event needs two levels."
    )


def _malformed(body: bytes, error: Exception) -> BadRequest:
    position = offset(error, body)
    line = body.count(b"\n", 0, position) + 1
    start = body.rfind(b"\n", 0, position) + 1
    column = len(body[start:position].decode("utf-8", "replace")) + 1
    why = reason(error)
    if why == "trailing characters":
        why = (
            "something follows the JSON value; for one event a line use the content type application/x-ndjson"
        )
    message = f"The body is not JSON at line {line}, column {column}: {why}."
    return BadRequest("malformed_json", message, line=line, column=column)
