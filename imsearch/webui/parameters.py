"""Query parameters of the API: an unknown one is rejected rather than ignored."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute

from imsearch.webui.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 40
"""Maximum characters of an unknown name that are quoted."""


async def known_parameters(request: Request) -> None:
    """Reject query parameters that are not in the OpenAPI document: 422, with the closest name that is.

    A dependency for the routes of the API; a coroutine, since a thread would cost more than the check.
    """
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = _documented(request.app, route.path, request.method)
    wrong = [
        {"at": ["query", _short(name)], "detail": _told(name, known)}
        for name in dict.fromkeys(request.query_params.keys())
        if name not in known
    ]
    if wrong:
        details = " ".join(str(each["detail"]) for each in wrong)
        raise Problem(422, f"The request cannot be understood. {details} {_offered(known)}", errors=wrong)


def _documented(app: FastAPI, path: str, method: str) -> list[str]:
    """Return the names of the query parameters of a route; HEAD has those of GET."""
    operations = app.openapi()["paths"][path]
    operation = operations.get(method.lower()) or operations["get"]
    return [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]


def _told(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name.lower(), known, 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"{_short(name) or 'A parameter without a name'} is not known here.{meant}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[:_LONGEST] + "…"


def _offered(known: Sequence[str]) -> str:
    return f"It takes {', '.join(known)}." if known else "It takes no parameters."
