"""The body of a request → validated events.

| content type | body |
|---|---|
| application/json | an array of events, one event, or `{"events": […]}` |
| application/x-ndjson, application/ndjson, application/jsonl | one event a line, blank lines skipped |
| application/cloudevents+json | one CloudEvent 1.0 |
| application/cloudevents-batch+json | an array of CloudEvents 1.0 |

Of a CloudEvent, `id`, `subject`, `type`, `time` and `data` become event id, customer id, event type, event
time and properties. Its `source`, `datacontenttype`, `dataschema` and extension attributes are legal and not
kept.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from api.events.columns import EventColumns, validate_events
from api.events.json_events import CLOUD_EVENTS, PLAIN, Dialect, read_array_fast, read_items, read_lines
from api.events.json_text import check_readable, split_array
from api.events.model import BadRequest, DecodedEvents, EventLimits, shown

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_WRAPPER: Final = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"events"[ \t\r\n]*:[ \t\r\n]*')
_GZIP: Final = 16 + zlib.MAX_WBITS
# Each member copies what follows it, so many small ones would cost the square of the body.
_MAX_GZIP_MEMBERS: Final = 100


def decode_events(body: bytes, content_type: str, limits: EventLimits, now: datetime) -> DecodedEvents:
    """The events of an (already decompressed) request body.

    One bad event never fails the others: it becomes a rejection with its position. BadRequest with status
    400, 413 or 415 is raised for a body that cannot be read at all, has no event, or is over `max_bytes` or
    `max_events`.
    """
    read = _reader(content_type)
    if len(body) > limits.max_bytes:
        raise too_large(limits.max_bytes)
    body = body.removeprefix(BYTE_ORDER_MARK)
    if not body.strip():
        raise no_events("body")
    columns = read(body, limits)
    _check_count(len(columns.positions) + len(columns.rejections), limits)
    if not columns.positions and not columns.rejections:
        raise no_events("body")
    return validate_events(columns, limits, now)


def gunzip(body: bytes, limit: int) -> bytes:
    """Undo gzip, also of several members, without ever holding more than `limit` bytes of the result.

    BadRequest: 413 `body_too_large` beyond the limit, 400 `malformed_gzip` if it is not gzip or is cut off.
    """
    pieces = []
    size = 0
    for _ in range(_MAX_GZIP_MEMBERS):
        member = zlib.decompressobj(_GZIP)
        try:
            piece = member.decompress(body, limit - size + 1)
        except zlib.error:
            message = "The body says that it is gzip but cannot be decompressed."
            raise BadRequest("malformed_gzip", message) from None
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        if not member.eof:
            raise BadRequest("malformed_gzip", "The gzip body is cut off; send it to its end.")
        pieces.append(piece)
        body = member.unused_data
        if not body:
            return b"".join(pieces)
    raise BadRequest("malformed_gzip", "The gzip body has too many members; compress it in one.")


def json_items(body: bytes) -> list[bytes]:
    """The events in a JSON body, each as it was sent: an array of events, one event, or `{"events": […]}`."""
    start = body.lstrip()[:1]
    if start == b"[":
        return split_array(body)
    if not start:
        raise no_events("body")
    check_readable(body)
    if start != b"{":
        message = 'The body must be an array of events, one event, or {"events": […]}.'
        raise BadRequest("unexpected_json", message)
    array = _array_in(body)
    if array is None:
        return [body]
    try:
        return split_array(array)
    except BadRequest:
        message = "An object with events must hold an array there, and nothing else beside it."
        raise BadRequest("unexpected_json", message) from None


def no_events(where: str) -> BadRequest:
    return BadRequest("no_events", f"The {where} holds no event.")


def too_large(limit: int) -> BadRequest:
    message = f"The body is larger than {limit} bytes; send it in several requests."
    return BadRequest("body_too_large", message, status=413)


def _reader(content_type: str) -> Callable[[bytes, EventLimits], EventColumns]:
    media_type, _, parameters = content_type.partition(";")
    reader = _READERS.get(media_type.strip().lower())
    if reader is None:
        message = f"Content type {shown(media_type.strip())} is not read; send one of {', '.join(_READERS)}."
        raise BadRequest("unsupported_media_type", message, status=415)
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset not in ("utf-8", "utf8", "us-ascii"):
            message = f"Charset {shown(charset)} is not read; send UTF-8."
            raise BadRequest("unsupported_media_type", message, status=415)
    return reader


def _read_json(body: bytes, limits: EventLimits) -> EventColumns:
    array = _array_in(body)
    columns = None if array is None else read_array_fast(array, PLAIN, limits)
    return columns or _read_items(json_items(body), PLAIN, limits)


def _read_lines(body: bytes, limits: EventLimits) -> EventColumns:
    # A newline is at most one event, so this bounds the work before it is done.
    if body.count(b"\n") >= limits.max_events:
        _check_count(sum(1 for line in body.split(b"\n") if line.strip()), limits)
    return read_lines(body, PLAIN, limits)


def _read_cloud_event(body: bytes, limits: EventLimits) -> EventColumns:
    if body.lstrip().startswith(b"["):
        message = "The body must be one CloudEvent; for several send application/cloudevents-batch+json."
        raise BadRequest("unexpected_json", message)
    check_readable(body)
    return _read_items([body], CLOUD_EVENTS, limits)


def _read_cloud_events(body: bytes, limits: EventLimits) -> EventColumns:
    columns = read_array_fast(body, CLOUD_EVENTS, limits)
    return columns or _read_items(split_array(body), CLOUD_EVENTS, limits)


def _read_items(items: list[bytes], dialect: Dialect, limits: EventLimits) -> EventColumns:
    _check_count(len(items), limits)
    return read_items(items, dialect, limits)


def _array_in(body: bytes) -> bytes | None:
    """The array that the body is, or that stands in `{"events": …}`; None if the body is something else."""
    if body.lstrip().startswith(b"["):
        return body
    wrapper = _WRAPPER.match(body)
    return None if wrapper is None else body[wrapper.end() :].rstrip().removesuffix(b"}")


def _check_count(count: int, limits: EventLimits) -> None:
    if count > limits.max_events:
        message = (
            f"The body holds {count} events, {limits.max_events} are allowed; send them in several requests."
        )
        raise BadRequest("too_many_events", message, status=413)


_READERS: Final[dict[str, Callable[[bytes, EventLimits], EventColumns]]] = {
    "application/json": _read_json,
    "application/x-ndjson": _read_lines,
    "application/ndjson": _read_lines,
    "application/jsonl": _read_lines,
    "application/cloudevents+json": _read_cloud_event,
    "application/cloudevents-batch+json": _read_cloud_events,
}
