"""What the gates say about a version, before anybody activates it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.cohorts import EVERYONE, Cohort
from api.gates import ask_gates, candidate
from api.http.bodies import DOCUMENT_BYTES, json_body
from api.http.dependencies import CompilingDependency, StoreDependency
from api.http.openapi import answers, refuses, takes_json
from api.http.parameters import MAX_NUMBER, RateCardId
from api.http.rate_card_examples import GATES
from api.http.responses import json_response
from api.http.routes.activations import CohortBody
from api.reads.cohort_attributes import cohort_warnings
from api.reads.gate_documents import GateResult
from api.store import Store

router = APIRouter(tags=["rate cards"])


class GatesRequest(BaseModel):
    """Which version would be activated, and for whom."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rate_card_version: int = Field(ge=1, le=MAX_NUMBER)
    cohort: CohortBody = EVERYONE


@dataclass(frozen=True, slots=True)
class GatesAnswer:
    """What each gate says, in the order in which they are asked, and whether the version passes all of them.
    `warnings` are about the cohort: attributes that no customer has."""

    rate_card: str
    rate_card_version: int
    passed: bool
    gates: tuple[GateResult, ...]
    warnings: tuple[str, ...]


@router.post(
    "/rate-cards/{rate_card}/gates",
    operation_id="ask_gates",
    summary="What the gates say about a version",
    responses=answers(GATES, model=GatesAnswer) | refuses(404, "unknown_version"),
    openapi_extra=takes_json(
        GatesRequest,
        {"rate_card_version": 2, "cohort": {"percent": "5"}},
        description="The version, and for whom it would be activated.",
    ),
)
async def post_gates(
    store: StoreDependency,
    compiling: CompilingDependency,
    rate_card: RateCardId,
    body: Annotated[GatesRequest, Depends(json_body(GatesRequest, DOCUMENT_BYTES))],
) -> Response:
    """Ask the gates that an activation has to pass; nothing is activated. Here the replay is always computed, whether
    or not the card limits by how much revenue may move."""
    return json_response(await compiling.run(_asked, store, rate_card, body.rate_card_version, body.cohort))


def _asked(store: Store, rate_card: str, version: int, cohort: Cohort) -> GatesAnswer:
    gates = ask_gates(candidate(store, rate_card, version, cohort, is_asked=True))
    return GatesAnswer(
        rate_card, version, all(gate.passed for gate in gates), gates, cohort_warnings(store, cohort)
    )
