"""The OpenAPI document: one description of a problem for every route, and an example for every answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api.http.problem import CODES, MEDIA_TYPE, ProblemDetails, problem_type, title_of

_METHODS = ("get", "put", "post", "delete", "patch")

# What any route with a key may answer besides its own answers.
_COMMON: Mapping[str, tuple[str, str]] = {
    "400": ("unknown_parameter", "The query, cursor or body cannot be read."),
    "401": ("invalid_api_key", "The API key is missing, unknown or revoked."),
    "422": ("invalid_parameter", "A part of the request is not what the route takes; `errors` names it."),
    "503": ("engine_busy", "Not now: send the same request again after Retry-After seconds."),
}
# What a route with something in its path may answer besides, and one that takes a body.
_OF_A_PATH: Mapping[str, tuple[str, str]] = {"404": ("not_found", CODES["not_found"])}
_OF_A_BODY: Mapping[str, tuple[str, str]] = {
    "408": ("body_too_slow", CODES["body_too_slow"]),
    "413": ("body_too_large", CODES["body_too_large"]),
    "415": ("unsupported_media_type", CODES["unsupported_media_type"]),
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


def gives_file(examples: Mapping[str, str], *, description: str) -> dict[Any, Any]:
    """Return the `responses` of a route that answers a file: an example by media type, empty where it is no text."""
    content = {
        media_type: {
            "schema": {"type": "string"} if example else {"type": "string", "format": "binary"},
            "example": example,
        }
        for media_type, example in examples.items()
    }
    return {200: {"description": description, "content": content}}


def refuses(status: int, code: str) -> dict[Any, Any]:
    """Return the `responses` of a route that may answer this code, where others of its kind may not."""
    return {status: _problem(str(status), code, CODES[code])}


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
    # A model inside another stands where it is used: nothing else of the document refers to it.
    inner = schema.pop("$defs", {})
    for name, value in schema["properties"].items():
        if "$ref" in value:
            schema["properties"][name] = inner[value["$ref"].rpartition("/")[2]]
    return takes({"application/json": example}, description=description, schema=schema)


def describe(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Make `app.openapi()` name the problems that every route may answer, and show examples as they are."""
    examples = {
        str(route.operation_id): {
            media_type: content["example"] for media_type, content in route.responses[200]["content"].items()
        }
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
            for media_type, example in examples[operations[method]["operationId"]].items():
                responses["200"]["content"][media_type]["example"] = example
            # The framework's own description of a refusal, which is not ours.
            responses.pop("422", None)
            for status, (code, description) in _problems_of(path, operations[method]).items():
                responses.setdefault(status, _problem(status, code, description))
            for response in responses.values():
                if MEDIA_TYPE in response.get("content", {}):
                    response["content"][MEDIA_TYPE]["example"]["instance"] = path
            operations[method]["responses"] = dict(sorted(responses.items()))
    return document


def _problems_of(path: str, operation: Mapping[str, Any]) -> Mapping[str, tuple[str, str]]:
    """What an operation may answer by what it takes."""
    return {
        **(_COMMON if path.startswith("/v1") else {}),
        **(_OF_A_PATH if "{" in path else {}),
        **(_OF_A_BODY if "requestBody" in operation else {}),
    }


def _problem(status: str, code: str, description: str) -> dict[str, Any]:
    example = {
        "type": problem_type(code),
        "code": code,
        "title": title_of(code),
        "status": int(status),
        "detail": description,
    }
    content = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}, "example": example}
    return {"description": description, "content": {MEDIA_TYPE: content}}
