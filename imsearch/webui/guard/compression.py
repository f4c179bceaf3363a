"""Compresses text on its way to other devices.

On loopback nothing is gained: there compressing a page takes longer than handing it over, and a proxy in front does it
itself.
"""

from __future__ import annotations

from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from imsearch.webui.guard.gate import client_of
from imsearch.webui.guard.hosts import is_loopback

_LEAST = 1000
"""Bytes."""
_LEVEL = 3
"""Of 1 to 9; pages get hardly smaller with more."""
_NEVER = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "image/*", "application/octet-stream")


class Compression:
    """gzip for everything that is neither a picture nor small."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, _LEAST, _LEVEL, exclude_content_types=_NEVER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        far = scope["type"] == "http" and not is_loopback(client_of(scope))
        await (self._compressed if far else self._plain)(scope, receive, send)
