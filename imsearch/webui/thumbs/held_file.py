"""Send a file that is already open, whole or a range of it, so that exactly the checked file is sent."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import BinaryIO

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_PIECE = 256 << 10
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)

Read = Callable[[Callable[[], bytes]], Awaitable[bytes]]


class UnsatisfiableError(Exception):
    """Raised when the requested range starts after the end."""


class HeldFile(Response):
    """A response with an open file, which it closes.

    size: of the file, in bytes.  read: runs the reading of a piece off the event loop.
    headers: an "etag" among them.  Multiple ranges are ignored: the file is sent whole, as HTTP allows.
    """

    def __init__(
        self, file: BinaryIO, size: int, *, range: tuple[int, int] | None, headers: Mapping[str, str], read: Read
    ) -> None:
        self._file, self._read = file, read
        self._start, self._end = range or (0, size)
        self.status_code = 206 if range else 200
        self.background = None
        self.body = b""
        self.init_headers({**headers, "accept-ranges": "bytes", "content-length": str(self._end - self._start)})
        if range:
            self.headers["content-range"] = f"bytes {self._start}-{self._end - 1}/{size}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                await self._send_pieces(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()

    async def _send_pieces(self, send: Send) -> None:
        at = self._start
        self._file.seek(at)
        while at < self._end:
            wanted = min(_PIECE, self._end - at)
            piece = await self._read(lambda wanted=wanted: self._file.read(wanted))  # type: ignore[misc]
            if not piece:
                raise OSError("the file became shorter while it was sent")
            at += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})


def asked_range(headers: Headers, size: int, etag: str) -> tuple[int, int] | None:
    """Return start and end (exclusive) of the requested range, or None for the whole file.

    Raises UnsatisfiableError.  An invalid range is ignored, as is one of another version of the file.
    """
    match = _RANGE.fullmatch(headers.get("range", ""))
    if match is None or headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if first and last and int(last) < start:
        return None
    if start >= size:
        raise UnsatisfiableError
    return start, end


def matches(headers: Headers, etag: str) -> bool:
    """Return True if the client has this version already."""
    named = headers.get("if-none-match", "")
    return named.strip() == "*" or etag in [each.strip().removeprefix("W/") for each in named.split(",")]
