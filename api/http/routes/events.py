"""Taking events in, and amending or voiding one."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.events import BadRequest, DecodedEvents, EventLimits, decode_events, gunzip
from api.http.bodies import received, refuse_what_is_no_text
from api.http.dependencies import (
    LimitsDependency,
    StoreDependency,
    ThreadsDependency,
)
from api.http.event_changes import EventChange, read_change
from api.http.openapi import answers, refuses, takes, takes_json
from api.http.parameters import CustomerId, EventId
from api.http.problem import ProblemError
from api.http.responses import json_response
from api.operations.amend import amend_event, void_event
from api.operations.ingest import EventAnswer, ingest, ingest_atomic
from api.store import Store

router = APIRouter(tags=["events"])

_EVENT = {
    "event_id": "evt-000001",
    "customer_id": "northwind",
    "event_type": "llm.request",
    "event_time": "2026-01-15T10:30:00.000Z",
    "properties": {"model": "swift-1", "region": "us-east", "input_tokens": "1200", "output_tokens": "350"},
}
_LINE = (
    '{"event_id": "evt-000001", "customer_id": "northwind", "event_type": "tool.call", '
    '"event_time": "2026-01-15T10:30:00Z", "properties": {"tool": "web-search"}}\n'
)
_CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "evt-000001",
    "source": "/gateway",
    "subject": "northwind",
    "type": "tool.call",
    "time": "2026-01-15T10:30:00Z",
    "data": {"tool": "web-search"},
}
_BODIES = {
    "application/json": [_EVENT],
    "application/x-ndjson": _LINE,
    "application/cloudevents+json": _CLOUD_EVENT,
    "application/cloudevents-batch+json": [_CLOUD_EVENT],
}


@dataclass(frozen=True, slots=True)
class EventsAnswer:
    """What became of the events of a request. `events` has those that were not accepted, in request order,
    or all with `verbose=true`; `index` is the position in the request, from 0."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: int
    events: list[EventAnswer] = field(default_factory=list)


_ANSWER = {
    "accepted": 1,
    "duplicate": 0,
    "conflict": 0,
    "rejected": 1,
    "events": [
        {
            "index": 1,
            "status": "rejected",
            "code": "missing_field",
            "field": "event_time",
            "message": "event_time is missing; every event needs one.",
        }
    ],
}


@router.post(
    "/events",
    operation_id="ingest_events",
    summary="Send usage events",
    responses=answers(_ANSWER, model=EventsAnswer, description="Every event is answered.")
    | refuses(415, "unsupported_media_type"),
    openapi_extra=takes(
        _BODIES,
        description="At most 10,000 events or 5 MiB, unzipped too. `Content-Encoding: gzip` is read.",
        schema={},
    ),
)
async def post_events(
    request: Request,
    store: StoreDependency,
    limits: LimitsDependency,
    threads: ThreadsDependency,
    atomic: Annotated[bool, Query(description="Store all events or none.")] = False,
    verbose: Annotated[bool, Query(description="Answer accepted events one by one, too.")] = False,
) -> Response:
    """Store events and rate them; answered once they are in the very next invoice read.

    One bad event never fails the others, unless `atomic=true`. 422 when not one event can be stored. Sending
    the same request again is always safe: what is stored is answered as `duplicate` and counts once.
    """
    content_type = request.headers.get("content-type", "application/json")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise BadRequest(
            "unsupported_media_type", "Send the body as it is or with Content-Encoding: gzip.", status=415
        )
    zipped = encoding == "gzip"
    async with received(request, limits.max_bytes, unpacked=limits.max_bytes if zipped else 0) as body:
        events = await threads.decode(_decode, store, limits, body, content_type, zipped)
        return await threads.store(_store, store, events, atomic, verbose)


def _decode(store: Store, limits: EventLimits, body: bytes, content_type: str, zipped: bool) -> DecodedEvents:
    text = gunzip(body, limits.max_bytes) if zipped else body
    return decode_events(text, content_type, limits, store.clock())


def _store(store: Store, events: DecodedEvents, atomic: bool, verbose: bool) -> Response:
    """Store and answer; in a thread of its own, because it waits for the writer."""
    take_in = ingest_atomic if atomic else ingest
    answered = take_in(store, events, verbose=verbose)
    counts = Counter(answer.status for answer in answered)
    if events.total and counts["rejected"] == events.total:
        raise ProblemError(
            422,
            "all_events_rejected",
            f"None of the {events.total} events can be stored; the first: {answered[0].message}",
            errors=[_fault(answer) for answer in answered],
        )
    return json_response(
        EventsAnswer(
            accepted=events.total - counts["duplicate"] - counts["conflict"] - counts["rejected"],
            duplicate=counts["duplicate"],
            conflict=counts["conflict"],
            rejected=counts["rejected"],
            events=answered,
        )
    )


def _fault(answer: EventAnswer) -> dict[str, Any]:
    fault = asdict(answer)
    del fault["status"]
    return fault


@dataclass(frozen=True, slots=True)
class EventRevised:
    """The event's new revision, and how many ledger entries were appended for it."""

    customer_id: str
    event_id: str
    revision: int
    entries_changed: int


_REVISED = {"customer_id": "northwind", "event_id": "evt-000001", "revision": 1, "entries_changed": 4}


@router.patch(
    "/events/{customer_id}/{event_id}",
    operation_id="amend_event",
    summary="Amend an event",
    responses=answers(_REVISED, model=EventRevised) | refuses(404, "unknown_event"),
    openapi_extra=takes_json(
        EventChange,
        {"properties": {"model": "swift-1", "input_tokens": "10", "output_tokens": "5"}},
        description="New properties (all of them) or a new time.",
    ),
)
async def patch_event(
    request: Request,
    store: StoreDependency,
    limits: LimitsDependency,
    customer_id: CustomerId,
    event_id: EventId,
) -> Response:
    """Give an event other properties or another time. The ledger takes the old rating back and adds the new
    one."""
    refuse_what_is_no_text(request)
    async with received(request, limits.max_bytes) as body:
        event_time, properties = read_change(body, limits, store.clock())
    revised = await run_in_threadpool(amend_event, store, customer_id, event_id, event_time, properties)
    return json_response(revised)


@router.delete(
    "/events/{customer_id}/{event_id}",
    operation_id="void_event",
    summary="Void an event",
    responses=answers(_REVISED, model=EventRevised) | refuses(404, "unknown_event"),
)
def delete_event(store: StoreDependency, customer_id: CustomerId, event_id: EventId) -> Response:
    """Take an event back. It stays stored and explainable; it no longer counts."""
    return json_response(void_event(store, customer_id, event_id))
