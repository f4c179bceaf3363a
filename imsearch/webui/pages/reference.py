"""The page that shows the OpenAPI document and lets users try it; Swagger UI from the package fastapi-swagger."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from imsearch.webui.guard.sub_path import prefix_of
from imsearch.webui.problem import Problem
from imsearch.webui.site import TheSite

router = APIRouter(include_in_schema=False)
DOCUMENT = "/api/openapi.json"
_KINDS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI uses inline styles; nothing else is exempted."""


@router.get("/api/docs")
def reference(request: Request, site: TheSite) -> HTMLResponse:
    """Return the page."""
    page = site.pages.render(request, "api.html", release=version("fastapi-swagger"))
    page.headers["Content-Security-Policy"] = _POLICY
    return page


@router.get(DOCUMENT)
def document(request: Request) -> JSONResponse:
    """Return the document; below a sub-path, with that as the server."""
    made, prefix = request.app.openapi(), prefix_of(request.scope)
    return JSONResponse({**made, "servers": [{"url": prefix}]} if prefix else made)


@router.get("/api/docs/{name}")
def part(name: str) -> Response:
    """Return a file of Swagger UI; its address changes with its version."""
    if name not in _KINDS:
        raise Problem(404, f"There is no {name} here.")
    return Response(
        _content(name), media_type=_KINDS[name], headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )


@cache
def _content(name: str) -> bytes:
    return files("fastapi_swagger").joinpath("resources", name).read_bytes()
