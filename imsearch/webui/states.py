"""Answers that stay as they are while the library does.

Who has one already is told so; who has not gets the one that was made for others, as long as it is among the last.
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
"""Answers that are remembered, and their size together."""
_AT_ONCE = 4
"""So many are made at the same time: threads that all compute only take the processor from each other."""


class Answers:
    """Gives answers that depend on the library and the request alone.  Several threads may use one."""

    def __init__(self, library: Library) -> None:
        self._library = library
        # Another program, other templates and other settings may answer otherwise: they begin with another process.
        self._process = token_hex(8)
        self._room = BoundedSemaphore(_AT_ONCE)
        self._memory: Memory[Response] = Memory(_MOST, _MOST_BYTES, _size)

    def give(self, request: Request, make: Callable[[], Response], *also: object) -> Response:
        """The answer to this request: a 304 where who asks has it, else what `make` makes, or made before.

        also: what it depends on beside path, query and library.  Errors that `make` raises pass, and are not kept.
        """
        scope = request.scope
        # The state is read first: what was made in a newer one may be taken for an older, but never the reverse.
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
