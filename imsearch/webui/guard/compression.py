"""Compress text sent to other devices.

Loopback gains nothing: compressing a page takes longer than sending it, and a reverse proxy compresses by
itself.
"""

from __future__ import annotations

from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from imsearch.webui.guard.gate import client_of
from imsearch.webui.guard.hosts import is_loopback

_LEAST = 1000
"""Minimum size in bytes."""
_LEVEL = 3
"""Compression level, 1 to 9; higher ones hardly make pages smaller."""
_NEVER = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "image/*", "application/octet-stream")


class Compression:
    """Applies gzip to everything that is neither a picture nor small."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, _LEAST, _LEVEL, exclude_content_types=_NEVER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        far = scope["type"] == "http" and not is_loopback(client_of(scope))
        await (self._compressed if far else self._plain)(scope, receive, send)
