"""Invoices, live."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.http.cursors import decode_cursor, encode_cursor, is_instant, is_key, is_text
from api.http.dependencies import StoreDependency, not_found, shown
from api.http.filters import known_contract, known_customer
from api.http.invoice_examples import INVOICE, INVOICE_SUMMARY, LINE_EVENT
from api.http.openapi import answers
from api.http.parameters import DEFAULT_LIMIT, Cursor, End, Identifier, InvoiceId, Limit, LineId, Start
from api.http.responses import json_response
from api.reads.invoice_documents import Invoice, InvoiceSummary
from api.reads.invoices import get_invoice, list_invoices
from api.reads.line_events import LineEvent, list_line_events

router = APIRouter(tags=["invoices"])


@dataclass(frozen=True, slots=True)
class InvoiceList:
    """A page of invoices; `next_cursor` is null on the last page."""

    items: tuple[InvoiceSummary, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LineEventList:
    """A page of the events behind a line; the amounts of all pages add up to the line's `exact_amount`."""

    items: tuple[LineEvent, ...]
    next_cursor: str | None


@router.get(
    "/invoices",
    operation_id="list_invoices",
    summary="List invoices",
    responses=answers({"items": [INVOICE_SUMMARY], "next_cursor": None}, model=InvoiceList),
)
def get_invoices(
    store: StoreDependency,
    customer_id: Annotated[Identifier | None, Query(description="Of this customer only.")] = None,
    contract_id: Annotated[Identifier | None, Query(description="Of this contract only.")] = None,
    start: Start = None,
    end: End = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List the invoices of all billing periods that have begun, the latest first, without their lines.

    `customer_id` may be an alias. 422 for a customer or contract that is not stored.
    """
    filters = {"customer_id": customer_id, "contract_id": contract_id, "start": start, "end": end}
    page = list_invoices(
        store,
        customer_id=known_customer(store, customer_id),
        contract_id=known_contract(store, contract_id),
        start=start,
        end=end,
        limit=limit,
        after=decode_cursor("invoices", filters, cursor, (is_instant, is_text)),
    )
    return json_response(InvoiceList(page.items, encode_cursor("invoices", filters, page.after)))


@router.get(
    "/invoices/{invoice_id}",
    operation_id="get_invoice",
    summary="One invoice with lines and breakdown",
    responses=answers(INVOICE, model=Invoice),
)
def get_one_invoice(store: StoreDependency, invoice_id: InvoiceId) -> Response:
    """Return an invoice as it is now: every acknowledged event is in it."""
    invoice = get_invoice(store, invoice_id)
    if invoice is None:
        raise not_found("invoice", invoice_id)
    return json_response(invoice)


@router.get(
    "/invoices/{invoice_id}/lines/{line_id}/events",
    operation_id="list_line_events",
    summary="The events behind an invoice line",
    responses=answers({"items": [LINE_EVENT], "next_cursor": None}, model=LineEventList),
)
def get_line_events(
    store: StoreDependency,
    invoice_id: InvoiceId,
    line_id: LineId,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List the events of a usage line by event time, each with its exact amount, tiers and packages
    included."""
    filters = {"invoice_id": invoice_id, "line_id": line_id}
    after = decode_cursor("line_events", filters, cursor, (is_instant, is_key))
    page = list_line_events(store, invoice_id, line_id, limit=limit, after=after)
    if page is None:
        raise not_found(f"usage line {shown(line_id)} of invoice", invoice_id)
    return json_response(LineEventList(page.items, encode_cursor("line_events", filters, page.after)))
