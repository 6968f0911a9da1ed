"""The OpenAPI document: one description of a problem for every route, and an example for every answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api.http.problem import MEDIA_TYPE, ProblemDetails, problem_type, title_of

_METHODS = ("get", "put", "post", "delete", "patch")

# What any route with a key may answer besides its own answers.
_COMMON: Mapping[str, tuple[str, str]] = {
    "400": ("unknown_parameter", "The query, cursor or body cannot be read."),
    "401": ("invalid_api_key", "The API key is missing, unknown or revoked."),
    "422": ("invalid_parameter", "A part of the request is not what the route takes; `errors` names it."),
    "503": ("engine_busy", "Not now: send the same request again after Retry-After seconds."),
}


def answers(
    example: Any, *, model: Any, status: int = 200, description: str = "Successful."
) -> dict[Any, Any]:
    """Return the `responses` of a route: its answer with an example of it."""
    return {
        status: {
            "model": model,
            "description": description,
            "content": {"application/json": {"example": example}},
        }
    }


def takes(
    examples: Mapping[str, Any], *, description: str, schema: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads its body itself: an example by media type."""
    content = {
        media_type: {"schema": dict(schema or {"type": "string"}), "example": example}
        for media_type, example in examples.items()
    }
    return {"requestBody": {"required": True, "description": description, "content": content}}


def takes_json(model: Any, example: Any, *, description: str) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads a JSON object of a pydantic model."""
    schema = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}")
    return takes({"application/json": example}, description=description, schema=schema)


def describe(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Make `app.openapi()` name the problems that every route may answer, and show examples as they are."""
    examples = {
        str(route.operation_id): route.responses[200]["content"]["application/json"]["example"]
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
    }

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    description=app.description,
                    routes=app.routes,
                ),
                examples,
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to change the document


def _complete(document: dict[str, Any], examples: Mapping[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["ProblemDetails"] = TypeAdapter(ProblemDetails).json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method not in operations:
                continue
            responses = operations[method]["responses"]
            # The framework takes every null out of the document, examples included.
            example = examples[operations[method]["operationId"]]
            responses["200"]["content"]["application/json"]["example"] = example
            # The framework's own description of a refusal, which is not ours.
            responses.pop("422", None)
            if path.startswith("/v1"):
                for status, (code, description) in _COMMON.items():
                    responses.setdefault(status, _problem(status, code, description, path))
    return document


def _problem(status: str, code: str, description: str, path: str) -> dict[str, Any]:
    example = {
        "type": problem_type(code),
        "code": code,
        "title": title_of(code),
        "status": int(status),
        "detail": description,
        "instance": path,
    }
    content = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}, "example": example}
    return {"description": description, "content": {MEDIA_TYPE: content}}
