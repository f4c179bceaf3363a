"""Signing in with the token, and signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from imsearch.webui.guard.access import SESSION_SECONDS
from imsearch.webui.guard.gate import LOGIN, client_of, safe_next
from imsearch.webui.guard.sub_path import prefix_of
from imsearch.webui.problem import Problem
from imsearch.webui.site import Site, TheSite

router = APIRouter(include_in_schema=False)


@router.get(LOGIN)
def login_page(request: Request, site: TheSite, next: str = "/") -> Response:
    """Return the form; if no token is required, redirect."""
    if site.access is None:
        return RedirectResponse(safe_next(next, prefix_of(request.scope)), 303)
    return _form(request, site, safe_next(next, prefix_of(request.scope)))


@router.post(LOGIN)
def sign_in(
    request: Request, site: TheSite, token: Annotated[str, Form()] = "", next: Annotated[str, Form()] = "/"
) -> Response:
    """Start a session, and redirect to the page that was requested."""
    if site.access is None:
        return RedirectResponse(safe_next(next, prefix_of(request.scope)), 303)
    try:
        site.access.check_token(token, client_of(request.scope))
    except Problem as problem:
        return _form(request, site, safe_next(next, prefix_of(request.scope)), problem)
    name, value = site.access.begin_session()
    answer = RedirectResponse(safe_next(next, prefix_of(request.scope)), 303, {"Cache-Control": "no-store"})
    # "strict" would require the token again whenever a link in a mail is followed; changes check their origin anyway.
    secure = request.url.scheme == "https"
    path = _cookie_path(request)
    answer.set_cookie(name, value, SESSION_SECONDS, path=path, secure=secure, httponly=True, samesite="lax")
    return answer


@router.post("/logout")
def sign_out(request: Request, site: TheSite) -> Response:
    """End the session."""
    answer = RedirectResponse(LOGIN if site.access else "/", 303, {"Cache-Control": "no-store"})
    name = site.access.end_session(request.cookies) if site.access else None
    if name is not None:
        answer.delete_cookie(name, path=_cookie_path(request), httponly=True, samesite="lax")
    return answer


def _cookie_path(request: Request) -> str:
    """Return the sub-path: the rest of the proxy's sites must not get the session cookie."""
    return prefix_of(request.scope) + "/"


def _form(request: Request, site: Site, next: str, problem: Problem | None = None) -> Response:
    page = site.pages.render(
        request,
        "login.html",
        status=problem.status if problem else 200,
        next=next,
        problem=problem.detail if problem else "",
    )
    page.headers.update(problem.headers if problem else {})
    page.headers["Cache-Control"] = "no-store"
    return page
