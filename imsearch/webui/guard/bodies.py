"""Limits for request bodies: in bytes, counted while they arrive, and in time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imsearch.webui.guard.security import refuse
from imsearch.webui.problem import Problem

MB = 1_000_000
_CLOSE = {"Connection": "close"}
_UPLOADS = ("/api/", "/try")
"""Prefixes of addresses that accept forms with files."""
_LINGER = 5.0
"""Seconds to go on reading an oversized body: a browser that is cut off never shows our response."""


@dataclass(frozen=True, slots=True)
class Limits:
    """upload: bytes of a form with files, below /api and from the page to try pictures.  other: bytes of anything else.

    idle: seconds without a byte.  whole: seconds for all of it, and one more for each `pace` bytes received.
    """

    upload: int = 64 * MB
    other: int = 1 * MB
    idle: float = 30.0
    whole: float = 120.0
    pace: int = 256_000


class Bodies:
    """Rejects bodies that are too large (413) or too slow (408)."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        uploads = headers.get("content-type", "").lower().startswith("multipart/form-data")
        limit = self._limits.upload if uploads and scope["path"].startswith(_UPLOADS) else self._limits.other
        body = _Body(receive, limit, self._limits)
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            if "expect" not in headers:  # a client that sends "Expect" has not begun to send
                await body.discard()
            await refuse(Problem(413, too_large(limit), _CLOSE), scope, receive, send)
        else:
            await self._app(scope, body.receive, send)


class _Body:
    """A request body being received."""

    def __init__(self, source: Receive, limit: int, limits: Limits) -> None:
        self._source, self._limit, self._limits = source, limit, limits
        self._began: float | None = None
        self._bytes = 0
        self._done = False

    async def receive(self) -> Message:
        if self._done:  # from now on this waits for the end of the connection, without a limit
            return await self._source()
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        left = self._began + self._limits.whole + self._bytes / self._limits.pace - now
        try:
            async with asyncio.timeout(min(self._limits.idle, left)):
                message = await self._source()
        except TimeoutError:
            raise HTTPException(408, "The request came in too slowly. Try again.", _CLOSE) from None
        self._done = message["type"] != "http.request" or not message.get("more_body", False)
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._limit:
            await self.discard()
            raise HTTPException(413, too_large(self._limit), _CLOSE)
        return message

    async def discard(self) -> None:
        """Read and discard for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while not self._done:
                    message = await self._source()
                    self._done = message["type"] != "http.request" or not message.get("more_body", False)


def too_large(limit: int) -> str:
    """Return the message for a body of more than `limit` bytes."""
    return (
        f"This is too large: at most {limit / MB:,.3g} MB can be sent at once. Files may hold more when the setting "
        "upload_limit says so."
    )
