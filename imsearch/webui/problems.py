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

from imsearch.errors import ImsearchError, LibraryLocked, PictureError, QueryError, UndoConflict
from imsearch.webui.site import Site

MEDIA_TYPE = "application/problem+json"

log = logging.getLogger("imsearch.webui")


class Problem(Exception):  # noqa: N818 - what RFC 9457 calls it
    """Something to tell whoever asked.

    status: of HTTP.  detail: what happened and what to do about it.  more: further members of the problem's JSON.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers or {}, more


def handle_errors(app: FastAPI) -> None:
    """Let the app answer errors so."""

    def handler(of: Callable[[Any], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def answer(request: Request, error: Exception) -> Response:
            return respond(request, of(error))

        return answer

    app.add_exception_handler(Problem, handler(lambda problem: problem))
    app.add_exception_handler(ImsearchError, handler(_of_ours))
    app.add_exception_handler(RequestValidationError, handler(_of_validation))
    app.add_exception_handler(HTTPException, handler(_of_http))
    app.add_exception_handler(Exception, handler(_unexpected))


def respond(request: Request, problem: Problem) -> Response:
    """The answer: JSON below /api, else a page."""
    title = HTTPStatus(problem.status).phrase
    headers = {**problem.headers, "Cache-Control": "no-store"}
    if request.url.path.startswith("/api/"):
        record = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}
        return JSONResponse({**record, **problem.more}, problem.status, headers, MEDIA_TYPE)
    site: Site = request.app.state.site
    page = site.pages.render(request, "error.html", status=problem.status, title=title, detail=problem.detail)
    page.headers.update(headers)
    return page


def _of_ours(error: ImsearchError) -> Problem:
    if isinstance(error, QueryError):
        return Problem(400, str(error), position=error.position)
    if isinstance(error, LibraryLocked | UndoConflict):
        return Problem(409, str(error))
    if isinstance(error, PictureError):
        return Problem(422, str(error))
    return Problem(400, str(error))


def _of_validation(error: RequestValidationError) -> Problem:
    wrong = [{"at": list(map(str, each["loc"])), "detail": each["msg"]} for each in error.errors()]
    told = "; ".join(f"{'.'.join(each['at'][1:]) or each['at'][0]}: {each['detail']}" for each in wrong)
    return Problem(422, f"The request cannot be understood: {told}", errors=wrong)


def _of_http(error: HTTPException) -> Problem:
    return Problem(error.status_code, str(error.detail), dict(error.headers or {}))


def _unexpected(error: Exception) -> Problem:
    log.error("A request failed unexpectedly.", exc_info=error)
    return Problem(500, "imsearch made a mistake; its log on the server tells more. Nothing was changed.")
