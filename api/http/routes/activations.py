"""Activations: putting versions in force, rolling back, and what was put in force when and for whom."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.cohorts import EVERYONE, Cohort, cohort_of
from api.http.bodies import DOCUMENT_BYTES, json_body
from api.http.cursors import decode_cursor, encode_cursor, is_number
from api.http.dependencies import ActivatingDependency, ActorDependency, StoreDependency, not_found
from api.http.examples import ACTIVATION
from api.http.openapi import answers, refuses, takes_json
from api.http.parameters import DEFAULT_LIMIT, MAX_NUMBER, Cursor, Instant, Limit, RateCardId, RemarkText
from api.http.responses import json_response
from api.instants import instant_text
from api.operations.activate import activate_version
from api.operations.remarks import Remark
from api.operations.rollback import roll_back
from api.reads.cohort_attributes import cohort_warnings
from api.reads.rate_cards import Activation, list_activations, list_versions

router = APIRouter(tags=["rate cards"])

_COHORT_SCHEMA: dict[str, Any] = {
    "description": "Whose contracts: `all`, or an object with one condition.",
    "oneOf": [
        {"type": "string", "const": "all"},
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "properties": {
                "customers": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "where": {"type": "string", "description": "A condition on customer attributes."},
                "contracts_starting_from": {"type": "string", "format": "date-time"},
                "percent": {
                    "type": ["string", "integer"],
                    "description": "Above 0, at most 100; of customers, by hash. A fraction is a text.",
                },
            },
        },
    ],
}
CohortBody = Annotated[Cohort, PlainValidator(cohort_of), WithJsonSchema(_COHORT_SCHEMA)]


class ActivationRequest(BaseModel):
    """Which version, for events from when on, for whom; by whom and why. `force`: though a gate refuses it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rate_card_version: int = Field(ge=1, le=MAX_NUMBER)
    active_from: Instant
    cohort: CohortBody = EVERYONE
    author: RemarkText = ""
    note: RemarkText = ""
    force: bool = False


class RollbackRequest(BaseModel):
    """What to go back to (default: the version in force just before `active_from`; without it, the one before the
    version that came into force last), from when on (default: now), for whom; by whom and why. `force`: though a gate
    refuses it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rate_card_version: int | None = Field(default=None, ge=1, le=MAX_NUMBER)
    active_from: Instant | None = None
    expected_version: int | None = Field(
        default=None, ge=1, le=MAX_NUMBER, description="The version that has to be in force now, or 409."
    )
    cohort: CohortBody = EVERYONE
    author: RemarkText = ""
    note: RemarkText = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class ActivationList:
    """A page of activations; `next_cursor` is null on the last page."""

    items: tuple[Activation, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ActivationAnswer:
    """The activation; how many of the card's contracts its cohort holds now, and how many ledger entries were appended
    for what it re-rated. `active_until` is where another activation takes its place, with `next_version`; null where
    none does yet. `warnings` are about the cohort: attributes that no customer has."""

    activation_id: int
    rate_card: str
    rate_card_version: int
    active_from: str
    active_until: str | None
    next_version: int | None
    cohort: str | dict[str, str | list[str]]
    contracts: int
    entries_changed: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RollbackAnswer:
    """The version that is in force from `active_from` on, the activations that make it so, how many of the card's
    contracts the cohort holds now, and the ledger entries appended. `scheduled` stays: it starts later. `warnings` are
    about the cohort."""

    rate_card: str
    rate_card_version: int
    active_from: str
    cohort: str | dict[str, str | list[str]]
    activation_ids: tuple[int, ...]
    contracts: int
    entries_changed: int
    scheduled: tuple[Activation, ...]
    warnings: tuple[str, ...]


_ACTIVATED = {
    "activation_id": 1,
    "rate_card": "aurora-ai",
    "rate_card_version": 1,
    "active_from": "2026-01-01T00:00:00Z",
    "active_until": None,
    "next_version": None,
    "cohort": "all",
    "contracts": 12,
    "entries_changed": 0,
    "warnings": [],
}
_ROLLED_BACK = {
    "rate_card": "aurora-ai",
    "rate_card_version": 1,
    "active_from": "2026-01-20T00:00:00Z",
    "cohort": "all",
    "activation_ids": [4],
    "contracts": 12,
    "entries_changed": 0,
    "scheduled": [],
    "warnings": ["no customer has the attribute `segmnet`; did you mean `segment`?"],
}


@router.post(
    "/rate-cards/{rate_card}/activations",
    operation_id="activate_version",
    summary="Activate a version",
    responses=answers(_ACTIVATED, model=ActivationAnswer)
    | refuses(404, "unknown_version")
    | refuses(409, "gates_failed"),
    openapi_extra=takes_json(
        ActivationRequest,
        {
            "rate_card_version": 2,
            "active_from": "2026-01-01T00:00:00Z",
            "cohort": {"percent": "5"},
            "author": "ada",
            "note": "cheaper tokens, first stage",
        },
        description="The version, the instant from which it rates events, and for whom.",
    ),
)
async def post_activation(
    store: StoreDependency,
    actor: ActorDependency,
    activating: ActivatingDependency,
    rate_card: RateCardId,
    body: Annotated[ActivationRequest, Depends(json_body(ActivationRequest, DOCUMENT_BYTES))],
) -> Response:
    """Put a version in force for a cohort's events from `active_from` on. In the past it re-rates; in the future it is
    a schedule.

    Gates are asked first: 409 `gates_failed` with every reason, and nothing is activated, unless `force` is set; what
    was forced is kept with the activation.

    Among the activations whose cohort holds a contract the latest start wins; for equal starts, the one made later.
    """
    done = await activating.run(
        activate_version,
        store,
        rate_card,
        body.rate_card_version,
        body.active_from,
        body.cohort,
        Remark(body.author, body.note, actor),
        force=body.force,
    )
    warnings = await run_in_threadpool(cohort_warnings, store, body.cohort)
    return json_response(
        ActivationAnswer(
            activation_id=done.activation_id,
            rate_card=done.rate_card,
            rate_card_version=done.rate_card_version,
            active_from=instant_text(done.active_from),
            active_until=None if done.active_until is None else instant_text(done.active_until),
            next_version=done.next_version,
            cohort=done.cohort.value,
            contracts=done.contracts,
            entries_changed=done.entries_changed,
            warnings=warnings,
        )
    )


@router.post(
    "/rate-cards/{rate_card}/rollbacks",
    operation_id="roll_back",
    summary="Roll back to an earlier version",
    responses=answers(_ROLLED_BACK, model=RollbackAnswer)
    | refuses(404, "unknown_version")
    | refuses(409, "gates_failed"),
    openapi_extra=takes_json(
        RollbackRequest,
        {"expected_version": 2, "active_from": "2026-01-20T00:00:00Z", "note": "wrong price of gpu hours"},
        description="All of it may be left out: then the version before, from now on, for everyone.",
    ),
)
async def post_rollback(
    store: StoreDependency,
    actor: ActorDependency,
    activating: ActivatingDependency,
    rate_card: RateCardId,
    body: Annotated[RollbackRequest, Depends(json_body(RollbackRequest, DOCUMENT_BYTES))],
) -> Response:
    """Put an earlier version in force again, from now or from an earlier instant on, and re-rate.

    What came into force between `active_from` and now is outdone too, by an activation from each of its starts. The
    version passes the gates or is forced, like any other. Sent again without `rate_card_version` it goes one version
    further back: `expected_version` keeps it from that.
    """
    done = await activating.run(
        roll_back,
        store,
        rate_card,
        body.rate_card_version,
        body.active_from,
        body.cohort,
        Remark(body.author, body.note, actor),
        expected=body.expected_version,
        force=body.force,
    )
    warnings = await run_in_threadpool(cohort_warnings, store, body.cohort)
    return json_response(
        RollbackAnswer(
            rate_card=done.rate_card,
            rate_card_version=done.rate_card_version,
            active_from=instant_text(done.active_from),
            cohort=done.cohort.value,
            activation_ids=done.activation_ids,
            contracts=done.contracts,
            entries_changed=done.entries_changed,
            scheduled=done.scheduled,
            warnings=warnings,
        )
    )


@router.get(
    "/rate-cards/{rate_card}/activations",
    operation_id="list_activations",
    summary="List a card's activations",
    responses=answers({"items": [ACTIVATION], "next_cursor": None}, model=ActivationList),
)
def get_activations(
    store: StoreDependency, rate_card: RateCardId, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """List the activations of a card, the latest made first: scheduled ones too, with cohort, author and note."""
    filters = {"rate_card": rate_card}
    after = decode_cursor("activations", filters, cursor, (is_number,))
    page = list_activations(store, rate_card, limit=limit, after=after)
    if not page.items and after is None and not list_versions(store, rate_card, limit=1).items:
        raise not_found("rate card", rate_card)
    return json_response(ActivationList(page.items, encode_cursor("activations", filters, page.after)))
