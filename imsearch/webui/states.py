"""Cached responses, valid until the library changes.

Clients that have the current version get a 304; others get the cached response, if it is still among the most recent.

A run that records changes the library every few seconds, and each time all responses are outdated.  Then an older one
may serve for another second, while it is made anew in the background: whoever looks for pictures need not wait because
others come in.  What somebody corrects on these pages shows at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from imsearch.engine.search.cache import Memory
from imsearch.webui.thumbs.held_file import matches

if TYPE_CHECKING:
    from imsearch.library import Library

_MOST, _MOST_BYTES = 2048, 48 << 20
"""Maximum number of cached responses, and their total size in bytes."""
_AT_ONCE = 3
"""Maximum number computed at the same time, beside one in the background: more threads would only compete for the
processor.  Whoever came first is served first."""
LENIENT = 1.0
"""Seconds that responses may be behind a run that records."""


class Answers:
    """A cache of responses that depend on the library and the request alone.  Safe for several threads."""

    def __init__(self, library: Library, lenient: float = LENIENT) -> None:
        # Another program, other templates or settings may respond differently: they come with another process.
        self._process = token_hex(8)
        self._moments = _Moments(library, lenient)
        self._memory: Memory[Response] = Memory(_MOST, _MOST_BYTES, lambda made: len(made.body))
        self._latest: OrderedDict[Hashable, tuple[Hashable, str]] = OrderedDict()  # by request: its state and tag
        self._making: dict[str, tuple[Future[Response], ThreadPoolExecutor]] = {}
        self._lock = Lock()
        self._workers, self._background = _pools()

    def give(self, request: Request, make: Callable[[], Response], *also: object) -> Response:
        """Return the response to this request: a 304 if the client has it, else a cached one, else that of `make`.

        For a handler that runs in a thread: this asks the library for its state.

        also: what it depends on besides path, query and library.  Errors of `make` are passed on, and not cached.
        """
        scope = request.scope
        asked = scope["path"], scope["query_string"], also
        # Read the state first: a newer response may be taken for an older one, but never the reverse.
        state = self._moments.now()
        tag = self._tag(state, asked)
        made = self._memory.known(tag)
        if made is None and not matches(request.headers, f'"{tag}"'):
            older = self._older(asked)
            making = self._make(self._workers if older is None else self._background, state, asked, tag, make)
            if older is None:
                return _Later(making, tag)
            tag, made = older
        if made is None or matches(request.headers, f'"{tag}"'):
            return Response(status_code=304, headers=_headers(tag))
        return _tagged(made, tag)

    def close(self) -> None:
        """End the threads that make responses; others begin if the site is started again."""
        workers, background = self._workers, self._background
        self._workers, self._background = _pools()
        workers.shutdown(wait=False)
        background.shutdown(wait=False, cancel_futures=True)

    def _tag(self, state: Hashable, asked: Hashable) -> str:
        told = repr((self._process, state, asked))
        return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:32]

    def _older(self, asked: Hashable) -> tuple[str, Response] | None:
        """Return the latest response to a request, and its tag, if it may still serve."""
        with self._lock:
            state, tag = self._latest.get(asked, (None, ""))
        made = self._memory.known(tag) if self._moments.lenient_with(state) else None
        return None if made is None else (tag, made)

    def _make(
        self, workers: ThreadPoolExecutor, state: Hashable, asked: Hashable, tag: str, make: Callable[[], Response]
    ) -> Future[Response]:
        """Let a response be made, unless that is under way."""

        def work() -> Response:
            try:
                made = make()
                if made.status_code == 200:
                    self._memory.get(tag, lambda: made)
                    self._note(asked, state, tag)
                return made
            finally:
                with self._lock:
                    del self._making[tag]

        with self._lock:
            making, by = self._making.get(tag, (None, None))
            if making is None and (known := self._memory.known(tag)) is not None:  # made a moment ago
                making = Future()
                making.set_result(known)
                return making
            # What waits in the background is brought forward for somebody who waits for it.
            if making is None or (workers is self._workers is not by and making.cancel()):
                making = workers.submit(work)
                self._making[tag] = making, workers
            return making

    def _note(self, asked: Hashable, state: Hashable, tag: str) -> None:
        with self._lock:
            self._latest[asked] = state, tag
            self._latest.move_to_end(asked)
            if len(self._latest) > _MOST:
                self._latest.popitem(last=False)


def _pools() -> tuple[ThreadPoolExecutor, ThreadPoolExecutor]:
    """Return the threads that make responses at once, and the one in the background; none is started yet."""
    return ThreadPoolExecutor(_AT_ONCE, "responses"), ThreadPoolExecutor(1, "responses in the background")


class _Later(Response):
    """A response that is being made.  Waiting for it holds no thread: those need one whose responses are there."""

    def __init__(self, making: Future[Response], tag: str) -> None:
        super().__init__()
        self._making, self._tag = making, tag

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        made = await asyncio.shield(asyncio.wrap_future(self._making))  # others may wait for it, if this one leaves
        await _tagged(made, self._tag)(scope, receive, send)


def _tagged(made: Response, tag: str) -> Response:
    if made.status_code != 200:
        return made
    return Response(made.body, headers=_headers(tag), media_type=made.headers["content-type"])


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": f'W/"{tag}"', "Cache-Control": "private, no-cache"}


class _Moments:
    """The states of a library, and how long ago a run left each behind."""

    def __init__(self, library: Library, lenient: float) -> None:
        self._library = library
        self._lenient = lenient
        self._now: tuple[Hashable, int] = None, 0
        self._left: dict[Hashable, float] = {}
        self._lock = Lock()

    def now(self) -> Hashable:
        """Return the current state."""
        state = self._library.search.state(), self._library.tags.last_change
        with self._lock:
            if state != self._now:
                now = time.monotonic()
                fresh = {each: left for each, left in self._left.items() if now - left < self._lenient}
                by_a_run = state[1] == self._now[1] and self._library.runs.writing() not in (None, os.getpid())
                self._left = fresh | {self._now: now} if by_a_run else {}
                self._now = state
        return state

    def lenient_with(self, state: Hashable) -> bool:
        """Return True if a response of this state may still serve."""
        with self._lock:
            left = self._left.get(state)
        return left is not None and time.monotonic() - left < self._lenient
