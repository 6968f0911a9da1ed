"""Why an event costs what it costs."""

from fastapi import APIRouter
from starlette.responses import Response

from api.http.dependencies import StoreDependency, not_found, shown
from api.http.examples import TRACE
from api.http.openapi import answers
from api.http.parameters import CustomerId, EventId
from api.http.responses import json_response
from api.reads.trace_documents import EventTrace
from api.reads.traces import explain_event

router = APIRouter(tags=["events"])


@router.get(
    "/events/{customer_id}/{event_id}",
    operation_id="explain_event",
    summary="One event's trace",
    responses=answers(TRACE, model=EventTrace),
)
def get_trace(store: StoreDependency, customer_id: CustomerId, event_id: EventId) -> Response:
    """Explain an event: its revisions, every ledger entry, and per product quantity × price = amount, or why
    not."""
    trace = explain_event(store, customer_id, event_id)
    if trace is None:
        raise not_found(f"event {shown(event_id)} of customer", customer_id)
    return json_response(trace)
