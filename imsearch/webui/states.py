"""Cached responses, valid until the library changes.

Clients that have the current version get a 304; others get the cached response, if it is still among the most recent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from secrets import token_hex
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.responses import Response

from imsearch.engine.search.cache import Memory
from imsearch.webui.thumbs.held_file import matches

if TYPE_CHECKING:
    from imsearch.library import Library

_MOST, _MOST_BYTES = 512, 32 << 20
"""Maximum number of cached responses, and their total size in bytes."""
_AT_ONCE = 4
"""Maximum number computed at the same time: more threads would only compete for the processor."""


class Answers:
    """A cache of responses that depend on the library and the request alone.  Safe for several threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        # Another program, other templates or settings may respond differently: they come with another process.
        self._process = token_hex(8)
        self._room = BoundedSemaphore(_AT_ONCE)
        self._memory: Memory[Response] = Memory(_MOST, _MOST_BYTES, _size)

    def give(self, request: Request, make: Callable[[], Response], *also: object) -> Response:
        """Return the response to this request: a 304 if the client has it, else a cached one, else that of `make`.

        also: what it depends on besides path, query and library.  Errors of `make` are passed on, and not cached.
        """
        scope = request.scope
        # Read the state first: a newer response may be taken for an older one, but never the reverse.
        told = repr((self._process, self._library.search.state(), scope["path"], scope["query_string"], also))
        tag = hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:32]
        headers = {"ETag": f'W/"{tag}"', "Cache-Control": "private, no-cache"}
        if matches(request.headers, f'"{tag}"'):
            return Response(status_code=304, headers=headers)
        made = self._memory.get(tag, lambda: self._make(make))
        if made.status_code != 200:
            return made
        return Response(made.body, headers=headers, media_type=made.headers["content-type"])

    def _make(self, make: Callable[[], Response]) -> Response:
        with self._room:
            return make()


def _size(made: Response) -> int | None:
    return len(made.body) if made.status_code == 200 else None
