"""Usage that waits for a price."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.http.cursors import decode_cursor, encode_cursor, is_instant, is_text
from api.http.dependencies import StoreDependency
from api.http.examples import UNRATED_EVENT, UNRATED_SUMMARY
from api.http.openapi import answers
from api.http.parameters import DEFAULT_LIMIT, Cursor, Identifier, Limit
from api.http.responses import json_response
from api.reads.unrated import UnratedEvent, UnratedReason, UnratedSummary, list_unrated, summarise_unrated

router = APIRouter(tags=["unrated usage"])

SentCustomer = Annotated[
    Identifier | None,
    Query(
        description="Events sent under this id only; any id, since usage of unknown customers is listed too."
    ),
]


@dataclass(frozen=True, slots=True)
class UnratedSummaryList:
    """A page of reasons; `next_cursor` is null on the last page."""

    items: tuple[UnratedSummary, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class UnratedEventList:
    """A page of events without a price; `next_cursor` is null on the last page."""

    items: tuple[UnratedEvent, ...]
    next_cursor: str | None


@router.get(
    "/unrated",
    operation_id="summarise_unrated",
    summary="What has no price, and why",
    responses=answers({"items": [UNRATED_SUMMARY], "next_cursor": None}, model=UnratedSummaryList),
)
def get_unrated(
    store: StoreDependency,
    customer_id: SentCustomer = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Count stored usage that has no price, by reason and product, and say what mends it."""
    filters = {"customer_id": customer_id}
    after = decode_cursor("unrated", filters, cursor, (is_text, is_text))
    page = summarise_unrated(store, customer_id=customer_id or "", limit=limit, after=after)
    return json_response(UnratedSummaryList(page.items, encode_cursor("unrated", filters, page.after)))


@router.get(
    "/unrated/events",
    operation_id="list_unrated_events",
    summary="The events without a price",
    responses=answers({"items": [UNRATED_EVENT], "next_cursor": None}, model=UnratedEventList),
)
def get_unrated_events(
    store: StoreDependency,
    customer_id: SentCustomer = None,
    reason: Annotated[UnratedReason | None, Query(description="Of this reason only.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List events, or events and products, that have no price, by event time."""
    filters = {"customer_id": customer_id, "reason": reason}
    after = decode_cursor("unrated_events", filters, cursor, (is_instant, is_text, is_text, is_text))
    page = list_unrated(store, customer_id=customer_id or "", reason=reason or "", limit=limit, after=after)
    return json_response(UnratedEventList(page.items, encode_cursor("unrated_events", filters, page.after)))
