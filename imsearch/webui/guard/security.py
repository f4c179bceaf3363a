"""Security checks around every request: host name, origin, and response headers that restrict browsers.

Plain ASGI, outside of everything else, so that error responses are covered too and streams stay streams.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imsearch.webui.guard.hosts import Hosts, host_name, is_loopback
from imsearch.webui.problem import Problem
from imsearch.webui.problems import respond

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with that, browsers send "Origin: null" for our own forms, unless they send Sec-Fetch-Site.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every response; a route may set its own."""
_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_TRUSTED = [*_RAW, (b"cross-origin-opener-policy", b"same-origin")]
"""Headers for trustworthy origins; elsewhere browsers ignore the last, and log a warning."""

READING = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""
STATIC = "/static/"
"""Files of the package, the same for everybody."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")

Guard = Callable[[ASGIApp], ASGIApp]


class GuardedApp(FastAPI):
    """An application with guards around it, the outermost first; they also cover responses to unexpected errors."""

    def __init__(self, guards: Sequence[Guard], **options: Any) -> None:
        super().__init__(**options)
        self._guards = guards

    def build_middleware_stack(self) -> ASGIApp:
        app = super().build_middleware_stack()
        for guard in reversed(self._guards):
            app = guard(app)
        return app


class Security:
    """Checks host and origin of each request, and completes the headers of each response.

    open_to_all: True if no token is required; then no proxied requests are accepted, as a proxy would let in everybody.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts, *, open_to_all: bool = True) -> None:
        self._app, self._hosts, self._open_to_all = app, hosts, open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trustworthy = scope["scheme"] == "https" or is_loopback(host_name(headers.get("host", "")) or "")

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                set_by_route = {name for name, _ in message["headers"]}
                more = _TRUSTED if trustworthy else _RAW
                message["headers"] = [*message["headers"], *(pair for pair in more if pair[0] not in set_by_route)]
            await send(message)

        problem = self._problem(scope, headers)
        if problem is None:
            await self._app(scope, receive, send_safely)
        else:
            await refuse(problem, scope, receive, send_safely)

    def _problem(self, scope: Scope, headers: Headers) -> Problem | None:
        if not scope["path"].startswith(STATIC):  # so that the page that reports a wrong name is styled
            wrong = self._wrong_host(headers.getlist("host"))
            if wrong is not None:
                return wrong
        if self._open_to_all and any(name in headers for name in _FORWARDED):
            return Problem(
                403,
                "This request came through a proxy, but imsearch requires no token, so everybody could get in. "
                'Start it with "imsearch serve --token".',
            )
        if _is_foreign(scope, headers):
            return Problem(
                403, "This request came from another web site. Only the pages of imsearch itself may send it."
            )
        return None

    def _wrong_host(self, hosts: list[str]) -> Problem | None:
        if len(hosts) == 1 and self._hosts.know(hosts[0]):
            return None
        name = host_name(hosts[0]) if len(hosts) == 1 else None
        if name is None:
            return Problem(421, "The Host header of the request is missing or invalid.")
        return Problem(
            421,
            f'This server does not answer to the name "{name}". Open the address that "imsearch serve" printed; '
            f"if the name is yours, allow it: imsearch serve --allow-host {name}",
        )


def _is_foreign(scope: Scope, headers: Headers) -> bool:
    """Return True if a page of another site made the request.  Programs other than browsers send no origin, and pass.

    Links from other sites may open pages; scripts, pictures and frames of other sites get nothing.
    """
    site, origin = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    if site:
        if set(site) <= {"same-origin", "none"}:
            return False
        followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return not (followed and scope["method"] in READING)
    host = headers.get("host", "").lower()
    # A reverse proxy may use https with the browser and http with us.
    return bool(origin) and not set(origin) <= {f"{scope['scheme']}://{host}", f"https://{host}"}


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Respond in place of the application."""
    # No address is derived from the Host header, whatever it holds.
    safe = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"host"]}
    await respond(Request(safe), problem)(scope, receive, send)
