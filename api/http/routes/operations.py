"""Operating a store: reconcile it, and prove that it holds."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from api.http.bodies import json_body
from api.http.dependencies import StoreDependency
from api.http.openapi import answers, takes_json
from api.http.parameters import Instant
from api.http.problem import ProblemError
from api.http.responses import json_response
from api.operations.reconcile import Reconciled, reconcile
from api.operations.rollup import correct_sums
from api.operations.verify import verify

router = APIRouter(tags=["operations"])


class ReconcileRequest(BaseModel):
    """The event times to compare, half-open; without bounds, what came in since the last time. `sums`: compare the
    hourly sums with the ledger too, without bounds all of them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    start: Instant | None = None
    end: Instant | None = None
    sums: bool = False


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """One invariant; it holds when `offending` is empty. At most 100 offending rows are shown. `fix`: the command that
    mends it, where one does."""

    name: str
    description: str
    fix: str | None
    holds: bool
    offending: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class VerifyAnswer:
    """All invariants; `holds` when every one does."""

    holds: bool
    checks: list[CheckAnswer]


MAX_OFFENDING = 100

_RECONCILED = {
    "days_checked": 31,
    "days_changed": 0,
    "entries_appended": 0,
    "conflicts_found": 0,
    "sums_corrected": 0,
}
_VERIFIED = {
    "holds": True,
    "checks": [
        {
            "name": "every_event_is_in_the_ledger",
            "description": "Every stored event has a rating or a reason.",
            "fix": None,
            "holds": True,
            "offending": [],
        }
    ],
}


@router.post(
    "/reconcile",
    operation_id="reconcile",
    summary="Compare the ledger with what it must be, and append the difference",
    responses=answers(_RECONCILED, model=Reconciled),
    openapi_extra=takes_json(
        ReconcileRequest,
        {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"},
        description="The range of event times; an empty object for what came in since the last time.",
    ),
)
def post_reconcile(
    store: StoreDependency, body: Annotated[ReconcileRequest, Depends(json_body(ReconcileRequest))]
) -> Response:
    """Compare and append. It is safe at any time and, with nothing wrong, changes nothing."""
    if body.start is not None and body.end is not None and body.start >= body.end:
        raise ProblemError(
            422,
            "invalid_body",
            "The body is not what this route takes.",
            errors=[{"field": "start", "message": "it must be before the end"}],
        )
    done = reconcile(store, body.start, body.end)
    if body.sums:
        done = replace(done, sums_corrected=correct_sums(store, body.start, body.end))
    return json_response(done)


@router.post(
    "/verify",
    operation_id="verify",
    summary="Prove the invariants",
    responses=answers(_VERIFIED, model=VerifyAnswer),
)
def post_verify(store: StoreDependency) -> Response:
    """Run every check over the whole store and show what does not hold."""
    checks = [
        CheckAnswer(
            result.name, result.description, result.fix, not result.offending, _shown(result.offending)
        )
        for result in verify(store)
    ]
    return json_response(VerifyAnswer(all(check.holds for check in checks), checks))


def _shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: str(value) for name, value in row.items()} for row in rows[:MAX_OFFENDING]]
