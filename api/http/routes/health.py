"""Is the process alive, may it serve, and what does a problem mean. Open to all: they say nothing about
data."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.http.dependencies import StoreDependency
from api.http.openapi import answers, refuses
from api.http.problem import CODES, ProblemError, problem_type, title_of
from api.http.responses import json_response

router = APIRouter(tags=["health"])


@dataclass(frozen=True, slots=True)
class Health:
    """`ok` when all is well."""

    status: str


@dataclass(frozen=True, slots=True)
class ProblemCode:
    """What a problem's code means."""

    type: str
    code: str
    title: str
    description: str


@router.get(
    "/healthz",
    operation_id="health",
    summary="Is the process alive",
    responses=answers({"status": "ok"}, model=Health),
)
async def healthz() -> Response:
    """Answer as long as the process answers at all."""
    return json_response(Health("ok"))


@router.get(
    "/readyz",
    operation_id="ready",
    summary="May it take requests",
    responses=answers({"status": "ok"}, model=Health) | refuses(503, "not_ready"),
)
def readyz(request: Request, store: StoreDependency) -> Response:
    """Answer 200 when dictionaries are loaded, no part is damaged, start-up is done and closing has not
    begun."""
    problems = ["the server is closing"] if request.app.state.closing else store.problems()
    if problems:
        raise ProblemError(
            503,
            "not_ready",
            "The store does not serve now.",
            errors=[{"message": problem} for problem in problems],
            headers={"Retry-After": "1"},
        )
    return json_response(Health("ok"))


@router.get(
    "/problems/{code}",
    operation_id="explain_problem",
    summary="What a problem's code means",
    responses=answers(
        {
            "type": "/problems/invalid_cursor",
            "code": "invalid_cursor",
            "title": "Invalid cursor",
            "description": "The cursor was not made by this list with these filters, or it was changed.",
        },
        model=ProblemCode,
    ),
)
async def get_problem(
    code: Annotated[str, Path(description="The code.", max_length=100, examples=["invalid_cursor"])],
) -> Response:
    """Explain a code, as the `type` of a problem refers to it."""
    if code not in CODES:
        raise ProblemError(404, "not_found", "There is no such code.")
    return json_response(ProblemCode(problem_type(code), code, title_of(code), CODES[code]))
