"""Setting numbers of a published card."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.http.bodies import json_body
from api.http.dependencies import ActorDependency, CompilingDependency, StoreDependency
from api.http.openapi import answers, refuses, takes_json
from api.http.parameters import MAX_NUMBER, Instant, RateCardId, RemarkText
from api.http.rate_card_examples import NUMBERS_CHANGED
from api.http.responses import json_response
from api.instants import instant_text
from api.operations.change_numbers import NumbersChanged, change_card_numbers
from api.operations.remarks import Remark
from api.reads.card_comparison import PriceChangeAnswer, change_answers
from api.reads.card_warnings import CardWarning, card_warnings
from ratecard_compiler.decimals import decimal_text

router = APIRouter(tags=["rate cards"])

MOST_PRICES = 10_000


class NumbersRequest(BaseModel):
    """Which numbers, for events from when on. `rate_card_version` is the version to change; null: the one in force
    then. `force`: though a gate refuses the new version."""

    model_config = ConfigDict(extra="forbid", strict=True)

    numbers: dict[str, str] = Field(min_length=1, max_length=1000)
    active_from: Instant
    rate_card_version: int | None = Field(default=None, ge=1, le=MAX_NUMBER)
    dry_run: bool = False
    author: RemarkText = ""
    note: RemarkText = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class NumberChangeAnswer:
    """A number of the card: a constant or a table cell."""

    node: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ReplacedAnswer:
    """A version that was in force for some customers only; the new one takes its place."""

    rate_card_version: int
    active_from: str
    cohort: str | dict[str, Any]


@dataclass(frozen=True, slots=True)
class NumbersAnswer:
    """What was changed, or would be. `rate_card_version` is null where nothing was stored; `active_until` is where an
    activation that was there before takes over. Of the price changes the first 10,000 are listed. `warnings` are
    what compiles and deserves a look."""

    rate_card: str
    base_version: int
    rate_card_version: int | None
    active_from: str
    active_until: str | None
    next_version: int | None
    replaced: tuple[ReplacedAnswer, ...]
    entries_changed: int
    numbers: tuple[NumberChangeAnswer, ...]
    price_changes: int
    prices: tuple[PriceChangeAnswer, ...]
    warnings: tuple[CardWarning, ...]


@router.post(
    "/rate-cards/{rate_card}/numbers",
    operation_id="change_numbers",
    summary="Set numbers of a card",
    responses=answers(NUMBERS_CHANGED, model=NumbersAnswer)
    | refuses(404, "unknown_version")
    | refuses(409, "gates_failed"),
    openapi_extra=takes_json(
        NumbersRequest,
        {
            "numbers": {"model_cost[large]": "0.000009"},
            "active_from": "2026-03-01T00:00:00Z",
            "dry_run": True,
        },
        description="Constants and table cells with their new numbers, and the instant from which they hold.",
    ),
)
async def post_numbers(
    store: StoreDependency,
    actor: ActorDependency,
    compiling: CompilingDependency,
    rate_card: RateCardId,
    body: Annotated[NumbersRequest, Depends(json_body(NumbersRequest))],
) -> Response:
    """Make a version with other numbers and put it in force for everyone from `active_from` on.

    Comments and layout of the card stay. With `dry_run` nothing is stored: the answer says what would change.
    Where a gate refuses it, 409 `gates_failed`: the version is published and not in force.
    """
    done = await compiling.run(
        change_card_numbers,
        store,
        rate_card,
        body.numbers,
        body.active_from,
        base=body.rate_card_version,
        dry_run=body.dry_run,
        remark=Remark(body.author, body.note, actor),
        force=body.force,
    )
    return json_response(_answer(done))


def _answer(done: NumbersChanged) -> NumbersAnswer:
    prices = done.changed.prices
    return NumbersAnswer(
        rate_card=done.rate_card,
        base_version=done.base,
        rate_card_version=done.rate_card_version,
        active_from=instant_text(done.active_from),
        active_until=None if done.active_until is None else instant_text(done.active_until),
        next_version=done.next_version,
        replaced=tuple(
            ReplacedAnswer(one.version, instant_text(one.active_from), one.cohort.value)
            for one in done.replaced
        ),
        entries_changed=done.entries_changed,
        numbers=tuple(
            NumberChangeAnswer(one.node, decimal_text(one.before), decimal_text(one.after))
            for one in done.changed.numbers
        ),
        price_changes=len(prices),
        prices=change_answers(prices[:MOST_PRICES]),
        warnings=card_warnings(done.changed.card),
    )
