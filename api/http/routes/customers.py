"""Customers: usage and prices of one."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.http.cursors import decode_cursor, encode_cursor, is_instant, is_number, is_text
from api.http.dependencies import StoreDependency, not_found
from api.http.examples import CUSTOMER, TERMS, USAGE_ROW
from api.http.filters import known_dimensions, known_product
from api.http.openapi import answers
from api.http.parameters import (
    DEFAULT_LIMIT,
    Cursor,
    CustomerId,
    End,
    Identifier,
    Instant,
    Limit,
    Start,
    text_fault,
)
from api.http.rate_card_examples import CUSTOMER_PRICE
from api.http.responses import json_response
from api.instants import EARLIEST, from_milliseconds, instant_text, milliseconds
from api.reads.contracts import Customer, get_customer, list_customers
from api.reads.overridden_prices import CustomerPrice, list_customer_prices
from api.reads.prices import Terms, terms_at
from api.reads.usage import DEFAULT_SPANS, Grain, UsageRow, list_usage, usage_timezone
from api.store import Store

router = APIRouter(tags=["customers"])

MAX_GROUPS = 8


@dataclass(frozen=True, slots=True)
class CustomerList:
    """A page of customers; `next_cursor` is null on the last page."""

    items: tuple[Customer, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class UsageList:
    """A page of usage in `[start, end)`; hours, days and months are those of `timezone`."""

    customer_id: str
    timezone: str
    by: Grain
    start: str
    end: str
    items: tuple[UsageRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CustomerPriceList:
    """A page of the prices that rate the customer's events at `terms.at`; none when no version is active
    then."""

    terms: Terms
    items: tuple[CustomerPrice, ...]
    next_cursor: str | None


@router.get(
    "/customers",
    operation_id="list_customers",
    summary="List customers",
    responses=answers({"items": [CUSTOMER], "next_cursor": None}, model=CustomerList),
)
def get_customers(store: StoreDependency, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """List customers by id."""
    page = list_customers(store, limit=limit, after=decode_cursor("customers", {}, cursor, (is_text,)))
    return json_response(CustomerList(page.items, encode_cursor("customers", {}, page.after)))


@router.get(
    "/customers/{customer_id}",
    operation_id="get_customer",
    summary="One customer",
    responses=answers(CUSTOMER, model=Customer),
)
def get_one_customer(store: StoreDependency, customer_id: CustomerId) -> Response:
    """Return the customer with this id or alias."""
    return json_response(_customer(store, customer_id))


@router.get(
    "/customers/{customer_id}/usage",
    operation_id="list_usage",
    summary="Usage over time",
    responses=answers(
        {
            "customer_id": "northwind",
            "timezone": "America/New_York",
            "by": "day",
            "start": "2026-01-01T05:00:00Z",
            "end": "2026-02-01T05:00:00Z",
            "items": [USAGE_ROW],
            "next_cursor": None,
        },
        model=UsageList,
    ),
)
def get_usage(
    store: StoreDependency,
    customer_id: CustomerId,
    by: Annotated[Grain, Query(description="Hours, days or months of the contract's time zone.")] = "day",
    group_by: Annotated[
        list[Identifier] | None,
        Query(
            description="Dimensions to split by, besides product and version. Repeat for more.",
            max_length=MAX_GROUPS,
        ),
    ] = None,
    product: Annotated[Identifier | None, Query(description="Of this product only.")] = None,
    start: Start = None,
    end: End = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List rated usage by time, product and dimensions, with exact amounts.

    Without `end` up to now; without `start` two days (hours), 31 days (days) or a year (months) before the
    end. Later pages keep the bounds of the first. 422 for a product or dimension that no published rate card
    has; one that others have splits nothing.
    """
    customer = _customer(store, customer_id)
    filters: dict[str, Any] = {"customer_id": customer.customer_id, "start": start, "end": end, "by": by}
    filters |= {"group_by": group_by, "product": product}
    after = decode_cursor("usage", filters, cursor, (is_instant, is_instant, is_instant, is_text, is_number))
    if after is None:
        until = store.clock() if end is None else end
        since = max(until - DEFAULT_SPANS[by], EARLIEST) if start is None else start
    else:
        since, until = (from_milliseconds(int(bound)) for bound in after[:2])
    if since >= until:
        raise text_fault("start", "it must be before the end")
    zone = usage_timezone(store, customer.customer_id, until)
    page = list_usage(
        store,
        customer.customer_id,
        by=by,
        start=since,
        end=until,
        timezone=zone,
        group_by=known_dimensions(store, group_by),
        product=known_product(store, product),
        limit=limit,
        after=after[2:] if after else None,
    )
    position = None if page.after is None else (milliseconds(since), milliseconds(until), *page.after)
    return json_response(
        UsageList(
            customer_id=customer.customer_id,
            timezone=zone,
            by=by,
            start=instant_text(since),
            end=instant_text(until),
            items=page.items,
            next_cursor=encode_cursor("usage", filters, position),
        )
    )


@router.get(
    "/customers/{customer_id}/prices",
    operation_id="list_customer_prices",
    summary="Prices in force for a customer",
    responses=answers(
        {"terms": TERMS, "items": [CUSTOMER_PRICE], "next_cursor": None}, model=CustomerPriceList
    ),
)
def get_customer_prices(
    store: StoreDependency,
    customer_id: CustomerId,
    at: Annotated[Instant | None, Query(description="At this instant instead of now.")] = None,
    product: Annotated[Identifier | None, Query(description="Of this product only.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List the prices that rate the customer's events at an instant; 404 when no contract is in force
    then."""
    instant = store.clock() if at is None else at
    wanted = known_product(store, product)
    found = terms_at(store, _customer(store, customer_id).customer_id, instant)
    if found is None:
        raise not_found("contract in force at that time for", customer_id)
    terms, version_id = found
    if not version_id:
        return json_response(CustomerPriceList(terms, (), None))
    # What has the prices is part of the check: a page never goes on in those of another version or other overrides.
    filters = {"customer_id": customer_id, "at": at, "product": product, "version_id": version_id}
    after = decode_cursor("customer_prices", filters, cursor, (is_number,))
    page = list_customer_prices(
        store, version_id, terms.contract_id, instant, product=wanted, limit=limit, after=after
    )
    return json_response(
        CustomerPriceList(terms, page.items, encode_cursor("customer_prices", filters, page.after))
    )


def _customer(store: Store, customer_id: str) -> Customer:
    customer = get_customer(store, customer_id)
    if customer is None:
        raise not_found("customer", customer_id)
    return customer
