"""Errors as problem details (RFC 9457) for programs, and as a page for people."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from imsearch.errors import (
    ImsearchError,
    LibraryError,
    LibraryLocked,
    PictureError,
    QueryError,
    UndoConflict,
    WriteRefused,
)
from imsearch.system.refusals import in_words
from imsearch.webui.problem import Problem
from imsearch.webui.site import Site
from imsearch.webui.texts import readable, readable_within
from imsearch.webui.validation import told

MEDIA_TYPE = "application/problem+json"

_HEADINGS = {
    403: "That is not allowed",
    404: "Not found",
    409: "That does not work right now",
    413: "That is too large",
    421: "Unknown host name",
    429: "Too many tries",
    500: "Something went wrong",
    503: "That does not work right now",
    507: "There is no room left",
}
"""Headings of error pages, in place of HTTP's reason phrases."""

log = logging.getLogger("imsearch.webui")


def handle_errors(app: FastAPI) -> None:
    """Install the error handlers."""

    def handler(of: Callable[[Request, Any], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def answer(request: Request, error: Exception) -> Response:
            return respond(request, of(request, error))

        return answer

    app.add_exception_handler(Problem, handler(lambda request, problem: problem))
    app.add_exception_handler(ImsearchError, handler(_of_ours))
    app.add_exception_handler(RequestValidationError, handler(_of_validation))
    app.add_exception_handler(HTTPException, handler(_of_http))
    app.add_exception_handler(OSError, handler(_of_system))
    app.add_exception_handler(Exception, handler(_unexpected))


def respond(request: Request, problem: Problem) -> Response:
    """Return the response: JSON below /api, else a page."""
    title = HTTPStatus(problem.status).phrase
    headers = {**problem.headers, "Cache-Control": "no-store"}
    if _is_api(request):
        record = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}
        return JSONResponse(readable_within({**record, **problem.more}), problem.status, headers, MEDIA_TYPE)
    site: Site = request.app.state.site
    detail = readable(problem.detail)
    heading = _HEADINGS.get(problem.status, "Invalid request" if problem.status < 500 else title)
    page = site.pages.render(request, "error.html", status=problem.status, title=heading, detail=detail)
    page.headers.update(headers)
    return page


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _of_ours(request: Request, error: ImsearchError) -> Problem:
    if isinstance(error, QueryError):
        return Problem(400, str(error), position=error.position)
    if isinstance(error, LibraryLocked | UndoConflict):
        return Problem(409, str(error))
    if isinstance(error, WriteRefused):
        log.error("%s", error)
        return Problem(507 if error.full else 503, str(error))
    if isinstance(error, LibraryError):
        log.error("The library cannot be used: %s", error)
        return Problem(503, str(error))
    if isinstance(error, PictureError):
        return Problem(422, str(error))
    return Problem(400, str(error))


def _of_system(request: Request, error: OSError) -> Problem:
    told = in_words(error)
    return _unexpected(request, error) if told is None else _of_ours(request, told)


def _of_validation(request: Request, error: RequestValidationError) -> Problem:
    found = error.errors()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if any(each["loc"] == ("body",) and each["type"] == "model_attributes_type" for each in found) and kind != _JSON:
        sent = f"This is {kind}" if kind else "The request has no Content-Type"
        return Problem(415, f"{sent}; send JSON, with the header Content-Type: {_JSON}.")
    wrong = told(found)
    details = " ".join(each["detail"] for each in wrong)
    return Problem(422, f"The request cannot be understood. {details}", errors=wrong)


_JSON = "application/json"
_NO_BODY = "There was an error parsing the body"
"""The message of FastAPI."""


def _of_http(request: Request, error: HTTPException) -> Problem:
    headers = dict(error.headers or {})
    known = (HTTPStatus(error.status_code).phrase, _NO_BODY)
    if error.detail not in known:
        detail = str(error.detail)
    elif error.status_code == 404 and _is_api(request):
        detail = f"There is nothing at {request.url.path}. /api/docs lists all addresses."
    elif error.status_code == 404:
        detail = "There is no such page. Search finds your pictures."
    elif error.detail == _NO_BODY:
        detail = "The body is not JSON in UTF-8."
    elif error.status_code == 405:
        detail = f"{request.method} is not possible here, but: {headers.get('Allow', 'nothing')}."
    else:
        detail = error.detail
    return Problem(error.status_code, detail, headers)


def _unexpected(request: Request, error: Exception) -> Problem:
    log.error("%s %s failed unexpectedly.", request.method, request.url.path, exc_info=error)
    return Problem(500, "This is a bug in imsearch; its log on the server says more.")
