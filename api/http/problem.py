"""One error shape for every route: RFC 9457 problem+json.

A problem has `type` (where its code is explained), `code`, `title`, `status`, `detail`, `instance` and,
where there are places to name, `errors`. What went wrong inside is logged and never sent.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.contracts import ContractErrors
from api.errors import OperationRefused, StoreUnavailable
from api.events import REQUEST_CODES, BadRequest
from ratecard_compiler import RateCardErrors
from sql.errors import EngineBusy, EngineError

log = logging.getLogger("runrate.http")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1

CODES: dict[str, str] = {
    **REQUEST_CODES,
    "all_events_rejected": "Not one event of the request can be stored.",
    "body_too_slow": "The body did not arrive within the time that a request has for it.",
    "batch_rejected": "`atomic=true`, and an event cannot be stored; nothing was.",
    "currency_changed": "The card's earlier versions are in another currency.",
    "cannot_be_used": "The customer cannot use the product now, so nothing is reserved for it.",
    "engine_busy": "The engine is short of memory, disk or connections; the same request may work later.",
    "gates_failed": "A gate refuses the version; `errors` has every reason, and `force` activates it all the same.",
    "grant_has_ended": "The grant has expired before the instant from which it would be void.",
    "grant_is_void": "The grant is void from another instant on, which is not moved.",
    "hold_exceeds_balance": "More would be reserved than is left and not held already.",
    "hold_exists": "The id is that of another hold, of other units, time or product.",
    "hold_has_ended": "The hold was confirmed, released or has expired before.",
    "internal_error": "Something failed that should not; it is logged, and the request is not acknowledged.",
    "invalid_api_key": "The API key is missing, unknown or revoked.",
    "invalid_body": "The body is not what this route takes; `errors` names the fields.",
    "invalid_change": "A number to be set is not one of the card, or not a plain decimal; `errors` has every reason.",
    "invalid_contracts": "The contracts document is wrong; `errors` has every reason with line and column.",
    "invalid_cursor": "The cursor was not made by this list with these filters, or it was changed.",
    "invalid_parameter": "A part of the path or query is not what this route takes; `errors` names it.",
    "invalid_rate_card": "The rate card does not compile; `errors` has every reason with line and column.",
    "last_key": "The key is the last one that is good: without it nobody could call.",
    "malformed_url": "The path or query has a percent-escape that is not UTF-8.",
    "method_not_allowed": "The path exists, but not with this method; the Allow header lists those that do.",
    "not_found": "What the path names does not exist.",
    "no_version_in_force": "No version of the card is in force for everyone then; name one.",
    "nothing_to_roll_back": "No version earlier than the one in force was ever in force.",
    "not_ready": "The store is starting, closing or damaged and does not serve.",
    "overrides_do_not_fit": "An override of a contract cannot be applied to the prices of this version.",
    "store_unavailable": "The events may or may not be stored; send them again, repeats are harmless.",
    "top_up_failed": "The top-up was not paid, so it is not granted any more.",
    "top_up_is_granted": "The top-up is granted already; what takes it back is to void its grant.",
    "too_busy": "More is being received than can be held; send the request again a little later.",
    "unknown_event": "No event with this identity counts: it was never stored, or it was voided.",
    "unknown_parameter": "The query has a parameter that this route does not know, or one twice.",
    "unknown_parent": "The version that this one is said to be made from is not published.",
    "unknown_path": "No route has this path.",
    "unexpected_version": "Another version is in force than the request expects; nothing was changed.",
    "unknown_version": "The rate card has no such version.",
    "version_does_not_compile": "A version that was in force compiles no more, so overrides have no price in it.",
}
"""Every code of a problem and the sentence that documents it."""


@dataclass(frozen=True, slots=True)
class ProblemDetails:
    """A problem as it is sent. `type` is a reference to the page that explains the code."""

    type: str
    code: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[str, Any]] = field(default_factory=list)


class ProblemError(Exception):
    """Ends a request with this problem. `extra` are members that only this code has."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


def problem_type(code: str) -> str:
    """Return the `type` of a code: a path of this API."""
    return f"/problems/{code}"


def title_of(code: str) -> str:
    """Return the title that every problem of this code has."""
    return code.replace("_", " ").capitalize()


def problem_response(request: Request, error: ProblemError) -> Response:
    """Make the answer to `request` from a problem."""
    body = {
        "type": problem_type(error.code),
        "code": error.code,
        "title": title_of(error.code),
        "status": error.status,
        "detail": error.detail,
        "instance": instance_of(request),
    }
    if error.errors:
        body["errors"] = list(error.errors)
    return Response(
        msgspec.json.encode(body | error.extra),
        status_code=error.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


def instance_of(request: Request) -> str:
    """Return the path as it was sent, still percent-encoded, at most 512 characters of it."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode("utf-8", "replace")
    return raw.partition(b"?")[0][:512].decode("ascii", "replace")


def as_problem(error: Exception) -> ProblemError:
    """Map any exception of ours to its problem; what is not ours is an internal error."""
    match error:
        case ProblemError():
            return error
        case BadRequest():
            place = {"line": error.line, "column": error.column} if error.line is not None else None
            errors = [{"message": error.message, **place}] if place else []
            return ProblemError(error.status, error.code, error.message, errors=errors)
        case StoreUnavailable():
            return _later(error.code, error.message)
        case OperationRefused():
            return ProblemError(error.status, error.code, error.message, errors=error.errors)
        case RateCardErrors():
            return _document("rate card", "invalid_rate_card", error)
        case ContractErrors():
            return _document("contracts document", "invalid_contracts", error)
        case RequestValidationError():
            return ProblemError(
                422,
                "invalid_parameter",
                "The path or query has a value that this route does not take.",
                errors=[_parameter_fault(fault) for fault in error.errors()],
            )
        case HTTPException():
            return _http(error)
        case ClientDisconnect():
            return ProblemError(400, "no_events", "The connection was closed before the body was complete.")
        case EngineBusy():
            return _later(
                "engine_busy", "The store is short of resources for now; send the same request again."
            )
        case _:
            return ProblemError(
                500, "internal_error", "Something failed inside. It is logged; nothing of it is your doing."
            )


def install(app: FastAPI) -> None:
    """Answer every exception of `app` with a problem."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = as_problem(error)
        if problem.status == 500:
            log.error("%s %s failed", request.method, instance_of(request), exc_info=error)
        return problem_response(request, problem)

    for kind in (
        ProblemError,
        BadRequest,
        OperationRefused,
        RateCardErrors,
        ContractErrors,
        RequestValidationError,
        HTTPException,
        ClientDisconnect,
        EngineError,
        Exception,
    ):
        app.add_exception_handler(kind, handle)


def _later(code: str, detail: str) -> ProblemError:
    return ProblemError(503, code, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _document(what: str, code: str, error: RateCardErrors | ContractErrors) -> ProblemError:
    count = len(error.errors)
    detail = f"The {what} has {count} error{'' if count == 1 else 's'}"
    if count:
        detail += f"; the first, in line {error.errors[0].line}: {error.errors[0].fact}"
    return ProblemError(422, code, detail, errors=[asdict(one) for one in error.errors])


def _http(error: HTTPException) -> ProblemError:
    """The framework's own refusals."""
    if error.status_code == 404:
        return ProblemError(404, "unknown_path", "No route has this path.")
    if error.status_code == 405:
        headers = dict(error.headers or {})
        return ProblemError(
            405,
            "method_not_allowed",
            f"Use one of: {headers.get('Allow', 'another method')}.",
            headers=headers,
        )
    if error.status_code < 500:
        return ProblemError(error.status_code, "invalid_body", "The request cannot be read.")
    return ProblemError(500, "internal_error", "Something failed inside.")


def _parameter_fault(fault: Mapping[str, Any]) -> dict[str, str]:
    place = [str(part) for part in fault["loc"]]
    # What was sent is not repeated: it may be anything, and of any size.
    return {"field": ".".join(place[1:]) or place[0], "in": place[0], "message": _sentence(str(fault["msg"]))}


def _sentence(text: str) -> str:
    return text.removeprefix("Value error, ")
