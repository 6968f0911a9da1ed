"""May a product be used now, and holds: credits reserved for work that is not done yet."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.contracts.time_fields import parse_duration
from api.http.bodies import json_body
from api.http.credit_examples import ENTITLEMENT, HOLD
from api.http.dependencies import StoreDependency, not_found
from api.http.openapi import answers, refuses, takes_json
from api.http.parameters import CustomerId, HoldId, Identifier, ProductId
from api.http.responses import json_response
from api.instants import instant_text
from api.operations.holds import Hold, confirm_hold, place_hold, release_hold
from api.reads.entitlements import Entitlement, entitlement
from api.store import Store
from ratecard_compiler.decimals import AMOUNT_LIMIT, PRICE_DECIMALS, decimal_text, decimals_of, plain_decimal

router = APIRouter(tags=["customers"])

LONGEST_HOLD = timedelta(days=31)


def _units(text: str) -> str:
    value = plain_decimal(text)
    if value is None or not 0 <= value < AMOUNT_LIMIT or decimals_of(value) > PRICE_DECIMALS:
        raise ValueError(f"write a plain decimal from 0 on with at most {PRICE_DECIMALS} decimals")
    return text


def _some_units(text: str) -> str:
    if Decimal(_units(text)) == 0:
        raise ValueError("write a number above 0")
    return text


def _lasting(text: str) -> str:
    if not timedelta(0) < parse_duration(text) <= LONGEST_HOLD:
        raise ValueError(f"write a time above 0 and of at most {LONGEST_HOLD.days} days")
    return text


class CheckRequest(BaseModel):
    """How many units of the product's unit would be used; without, whether any may be."""

    model_config = ConfigDict(extra="forbid", strict=True)

    units: Annotated[str, AfterValidator(_some_units)] | None = None


class HoldRequest(BaseModel):
    """What is reserved: units of the product's unit, for how long (`90s`, `30m`, `1h`), under which id."""

    model_config = ConfigDict(extra="forbid", strict=True)

    hold_id: Identifier
    product: Identifier
    units: Annotated[str, AfterValidator(_some_units)]
    expires_in: Annotated[str, AfterValidator(_lasting)]


class ConfirmHoldRequest(BaseModel):
    """What the work came to, in the hold's unit."""

    model_config = ConfigDict(extra="forbid", strict=True)

    units: Annotated[str, AfterValidator(_units)]


@dataclass(frozen=True, slots=True)
class HoldDocument:
    """A hold: `state` is held, confirmed, released or expired; `changed` is false where it was so already."""

    customer_id: str
    hold_id: str
    product: str
    unit: str
    units: str
    state: str
    confirmed_units: str | None
    held_at: str
    expires_at: str
    changed: bool


@router.get(
    "/customers/{customer_id}/entitlements/{product}",
    operation_id="get_entitlement",
    summary="May a product be used now",
    responses=answers(ENTITLEMENT, model=Entitlement),
)
async def get_entitlement(store: StoreDependency, customer_id: CustomerId, product: ProductId) -> Response:
    """Say whether the customer may use a product now, with the balance behind the answer. It is answered from memory,
    at most a second behind usage that was acknowledged: `as_of` says as of when."""
    return await _answer(store, customer_id, product, None)


@router.post(
    "/customers/{customer_id}/entitlements/{product}/check",
    operation_id="check_entitlement",
    summary="May so many units be used now",
    responses=answers(ENTITLEMENT, model=Entitlement),
    openapi_extra=takes_json(
        CheckRequest, {"units": "12.5"}, description="How many units of the product's unit; may be empty."
    ),
)
async def post_check(
    store: StoreDependency,
    customer_id: CustomerId,
    product: ProductId,
    body: Annotated[CheckRequest, Depends(json_body(CheckRequest))],
) -> Response:
    """Say whether so many units of the product's unit may be used now. Nothing is reserved: a hold does that."""
    return await _answer(store, customer_id, product, None if body.units is None else Decimal(body.units))


@router.post(
    "/customers/{customer_id}/holds",
    operation_id="place_hold",
    summary="Reserve credits",
    responses=answers(HOLD, model=HoldDocument) | refuses(409, "hold_exceeds_balance"),
    openapi_extra=takes_json(
        HoldRequest,
        {"hold_id": "job-4711", "product": "input_tokens", "units": "12.5", "expires_in": "1h"},
        description="What is reserved, for how long, under which id.",
    ),
)
async def post_hold(
    store: StoreDependency,
    customer_id: CustomerId,
    body: Annotated[HoldRequest, Depends(json_body(HoldRequest))],
) -> Response:
    """Reserve units for work that is not done yet, at most what is available. The same request again is the same
    hold; other holds cannot have what it has until it is confirmed, released or expires."""
    units, lasting = Decimal(body.units), parse_duration(body.expires_in)
    return await _hold(lambda: place_hold(store, customer_id, body.hold_id, body.product, units, lasting))


@router.post(
    "/customers/{customer_id}/holds/{hold_id}/confirm",
    operation_id="confirm_hold",
    summary="Say what the work of a hold came to",
    responses=answers(HOLD | {"state": "confirmed", "confirmed_units": "11.25"}, model=HoldDocument)
    | refuses(409, "hold_has_ended"),
    openapi_extra=takes_json(ConfirmHoldRequest, {"units": "11.25"}, description="What the work came to."),
)
async def post_confirm_hold(
    store: StoreDependency,
    customer_id: CustomerId,
    hold_id: HoldId,
    body: Annotated[ConfirmHoldRequest, Depends(json_body(ConfirmHoldRequest))],
) -> Response:
    """End a hold with what the work came to. It bills nothing: send the usage event before it, so that what was
    reserved is never free in between. Sending it again changes nothing."""
    return await _hold(lambda: confirm_hold(store, customer_id, hold_id, Decimal(body.units)))


@router.post(
    "/customers/{customer_id}/holds/{hold_id}/release",
    operation_id="release_hold",
    summary="Release a hold",
    responses=answers(HOLD | {"state": "released"}, model=HoldDocument) | refuses(409, "hold_has_ended"),
)
async def post_release(store: StoreDependency, customer_id: CustomerId, hold_id: HoldId) -> Response:
    """End a hold that is not needed: what it reserved is available again. Sending it again changes nothing."""
    return await _hold(lambda: release_hold(store, customer_id, hold_id))


async def _answer(store: Store, customer_id: str, product: str, units: Decimal | None) -> Response:
    """Answer from memory, on the loop's own thread, where that has the customer; else read."""
    now = store.clock()
    found = store.standings.at_hand(customer_id, now)
    if found is None:
        found = await run_in_threadpool(store.standings.get, customer_id, now)
    if found is None:
        raise not_found("customer", customer_id)
    standing, as_of = found
    return json_response(entitlement(standing, product, as_of, now, units))


async def _hold(work: Callable[[], Hold]) -> Response:
    hold = await run_in_threadpool(work)
    confirmed = hold.confirmed_units
    return json_response(
        HoldDocument(
            customer_id=hold.customer_id,
            hold_id=hold.hold_id,
            product=hold.product,
            unit=hold.unit,
            units=decimal_text(hold.units),
            state=hold.state,
            confirmed_units=None if confirmed is None else decimal_text(confirmed),
            held_at=instant_text(hold.held_at),
            expires_at=instant_text(hold.expires_at),
            changed=hold.changed,
        )
    )
