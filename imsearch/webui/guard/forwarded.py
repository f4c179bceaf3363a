"""Trust the forwarding headers of the reverse proxy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from imsearch.webui.guard.sub_path import HEADER

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

LOOPBACK = "127.0.0.0/8,::1"


class Forwarded:
    """Honours X-Forwarded-For and -Proto from the configured proxy, and X-Forwarded-Prefix from it or, without one,
    from this machine: it can only lengthen addresses.
    """

    def __init__(self, app: ASGI3Application, proxy: str | None) -> None:
        self._app = app
        self._believing = ProxyHeadersMiddleware(app, proxy or LOOPBACK)
        self._named = proxy is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["client"] or ("", 0))[0] not in self._believing.trusted_hosts:
            kept = [pair for pair in scope["headers"] if pair[0] != HEADER.encode()]
            scope = {**scope, "headers": kept}
        await (self._believing if self._named else self._app)(scope, receive, send)  # type: ignore[arg-type]
