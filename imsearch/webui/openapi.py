"""The OpenAPI document: what FastAPI finds in the routes, with problems (RFC 9457) in place of its own errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

MEDIA_TYPE = "application/problem+json"
TAGS = (
    ("search", "Find pictures by words, by what they look like, and by what they have in common."),
    ("images", "What is known of one picture, and its pixels."),
    ("tags", "The words in use, and other names for them."),
    ("corrections", "Say what is right and wrong; every change can be undone."),
    ("annotate", "Tag a picture that is not in the library. Nothing of it is kept."),
    ("indexing", "Bring the library up to date with folders."),
    ("status", "What the library holds, what failed, what is installed."),
)
_EVERYWHERE = {
    401: "No token was sent, or a wrong one; only where the server asks for one.",
    403: "A page of another web site asked.",
    408: "The request came in too slowly.",
    413: "The request is too large.",
    421: "The Host header names another server.",
    429: "Too many requests; Retry-After tells when to try again.",
}
"""What any operation may answer."""
_LINKS: dict[str, dict[str, dict[str, Any]]] = {
    "search": {"image": {"parameters": {"id": "$response.body#/hits/0/id"}}},
    "similar": {"image": {"parameters": {"id": "$response.body#/hits/0/id"}}},
    "review": {
        "image": {"parameters": {"id": "$response.body#/tags/0/id"}},
        "correct": {
            "requestBody": {
                "images": ["$response.body#/tags/0/id"],
                "tags": ["$response.body#/tags/0/tag/name"],
                "verdict": "accept",
            }
        },
    },
    "correct": {
        "undo": {"requestBody": {"number": "$response.body#/number"}},
        "image": {"parameters": {"id": "$request.body#/images/0"}},
    },
    "rename_tag": {"undo": {"requestBody": {"number": "$response.body#/number"}}},
    "merge_tags": {"undo": {"requestBody": {"number": "$response.body#/number"}}},
    "history": {"undo": {"requestBody": {"number": "$response.body#/changes/0/number"}}},
    "tags": {"review": {"parameters": {"word": "$response.body#/tags/0/name"}}},
}
"""What to ask next, by operation: of which operation, and with what of the answer."""
_PROBLEM = {
    "title": "Problem",
    "description": "What went wrong, as RFC 9457 has it. Some problems have further members.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": 'Always "about:blank": the status says what kind it is.'},
        "title": {"type": "string", "description": "The status in words.", "examples": ["Bad Request"]},
        "status": {"type": "integer", "examples": [400]},
        "detail": {
            "type": "string",
            "description": "What happened and what to do about it, for people.",
            "examples": ["There is no month 15 in 2023-15. A date is year-month-day, for example 2023-05-17."],
        },
        "position": {
            "type": "integer",
            "description": "Where in a query the trouble starts, counted in characters from 0.",
            "examples": [9],
        },
        "errors": {
            "type": "array",
            "description": "The parts of a request that cannot be understood.",
            "items": {
                "type": "object",
                "required": ["at", "detail"],
                "properties": {
                    "at": {"type": "array", "items": {"type": "string"}, "examples": [["query", "n"]]},
                    "detail": {"type": "string", "examples": ["It must be 1 or more."]},
                },
            },
        },
    },
}


_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "Asked for from other devices: the token that `imsearch serve` printed.",
}


def errors(*statuses: int, **told: str) -> dict[int | str, dict[str, Any]]:
    """For the `responses` of a route: problems that it may answer with.

    told: what a status means here, by "_404" and the like.
    """
    meanings = dict.fromkeys(statuses, "") | {int(status[1:]): meaning for status, meaning in told.items()}
    return {status: _problem(status, meaning) for status, meaning in meanings.items()}


def describe(app: FastAPI) -> None:
    """Let the app make its document so."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def operation_name(route: APIRoute) -> str:
    """The name of the function: short and unique."""
    return route.name


def _problem(status: int, meaning: str = "") -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    example = {"type": "about:blank", "title": title, "status": status, "detail": meaning or f"{title}."}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": meaning or title, "content": {MEDIA_TYPE: content}}


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": description} for name, description in TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = _PROBLEM
    document["components"]["securitySchemes"] = {"token": _TOKEN}
    document["security"] = [{}, {"token": []}]  # none on the machine itself
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = {operation["operationId"] for operation in operations}
    for operation in operations:
        _finish(operation)
        links = _LINKS.get(operation["operationId"], {})
        if known := {name: {"operationId": name, **link} for name, link in links.items() if name in names}:
            operation["responses"]["200"]["links"] = known
    return document


def _finish(operation: dict[str, Any]) -> None:
    """Tell the problems that are common to all; FastAPI has described a 422 of its own shape where it may arise."""
    responses = operation["responses"]
    if MEDIA_TYPE not in responses.get("422", {"content": {MEDIA_TYPE: {}}})["content"]:
        responses["422"] = _problem(422, "A parameter or the body cannot be understood; `errors` tells which part.")
    if "requestBody" in operation:
        responses.setdefault("400", _problem(400, "The body cannot be read."))
    for status, response in responses.items():
        if MEDIA_TYPE in response.get("content", {}):
            response["content"] = _problem(int(status), response["description"])["content"]
    for status, meaning in _EVERYWHERE.items():
        responses.setdefault(str(status), _problem(status, meaning))
    operation["responses"] = dict(sorted(responses.items()))
