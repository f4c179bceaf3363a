"""Gives memory back to the system that nobody uses any more.

The C library keeps what was freed for itself, in case it is needed again: after a model, a large upload or counting
facets that can be hundreds of megabytes which other programs lack.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import sys

from starlette.types import ASGIApp, Receive, Scope, Send

EVERY = 60.0
"""Seconds between two times while requests come."""


def give_back(*, collect: bool = False) -> None:
    """Let the system have what is free.  collect: look for objects that only refer to each other first."""
    if collect:
        gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:  # only the GNU library has it, and only it needs it
        trim(0)


class GivesBack:
    """Gives memory back a while after requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "http" and self._timer is None:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(EVERY, self._rest, loop)

    def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        # Beside the event loop: it takes some milliseconds for each hundred megabytes.
        loop.run_in_executor(None, give_back)
