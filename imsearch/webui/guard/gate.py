"""The gate: if a token is required, lets in requests with a session or the token."""

from __future__ import annotations

from urllib.parse import quote

from fastapi.responses import RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imsearch.webui.guard.access import Access
from imsearch.webui.guard.hosts import is_loopback
from imsearch.webui.guard.security import READING, STATIC, refuse
from imsearch.webui.guard.sub_path import prefix_of
from imsearch.webui.problem import Problem

SIGNED_IN = "imsearch.signed_in"
"""Key in the scope of a request that belongs to a session."""
LOGIN = "/login"


class Gate:
    """Requires the token, and counts requests."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            may_pass = self._check(scope)
        except Problem as problem:
            await refuse(problem, scope, receive, send)
            return
        if may_pass:
            await self._app(scope, receive, send if scope["path"].startswith(STATIC) else _privately(send))
        else:
            await RedirectResponse(_login_for(scope), 303, {"Cache-Control": "no-store"})(scope, receive, send)

    def _check(self, scope: Scope) -> bool:
        """Return True to let the request pass, False to show the login page.  Raises Problem."""
        client, path = client_of(scope), scope["path"]
        if not is_loopback(client):
            self._access.rates.count_request(client)
        connection = HTTPConnection(scope)
        if self._access.session(connection.cookies) is not None:
            scope[SIGNED_IN] = True
            return True
        if path == LOGIN or path.startswith(STATIC):
            return True
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            self._access.check_token(token, client)
            return True
        if path.startswith("/api/"):
            raise Problem(
                401,
                f"Sign in first: open {prefix_of(scope)}{LOGIN} in the browser, or send the header Authorization: "
                "Bearer TOKEN.",
                {"WWW-Authenticate": 'Bearer realm="imsearch"'},
            )
        return False


def client_of(scope: Scope) -> str:
    """Return the client's address."""
    return scope["client"][0] if scope.get("client") else ""


def safe_next(address: str, prefix: str = "") -> str:
    """Return the page to go to after signing in, always one of ours.  prefix: of all addresses, if any.

    Browsers take two slashes, or a slash and a backslash, for the start of another host, and ignore control
    characters while they do.
    """
    if prefix and address.startswith(prefix + "/"):
        address = address.removeprefix(prefix)
    harmless = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if harmless and address.isprintable() else "/"


def _login_for(scope: Scope) -> str:
    if scope["method"] not in READING:
        return LOGIN
    query = scope["query_string"].decode("latin-1")
    asked = quote(scope["path"]) + (f"?{query}" if query else "")
    return LOGIN if asked == "/" else f"{LOGIN}?next={quote(asked, safe='/')}"


def _privately(send: Send) -> Send:
    """Keep shared caches from storing responses that require the token."""

    async def send_privately(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            kept = headers.get("cache-control", "")
            if "public" in kept:
                headers["Cache-Control"] = kept.replace("public", "private")
        await send(message)

    return send_privately
