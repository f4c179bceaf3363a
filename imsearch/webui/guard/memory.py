"""Return unused memory to the operating system.

The C library keeps freed memory in case it is needed again: after a model, a large upload or counting facets that can
be hundreds of megabytes that other programs could use.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import sys

from starlette.types import ASGIApp, Receive, Scope, Send

EVERY = 60.0
"""Seconds between two releases while requests come."""


def give_back(*, collect: bool = False) -> None:
    """Release free memory to the system.  collect: run the garbage collector first."""
    if collect:
        gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:  # only glibc has it, and only glibc needs it
        trim(0)


class GivesBack:
    """Releases memory a while after requests."""

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
        # Off the event loop: it takes some milliseconds per hundred megabytes.
        loop.run_in_executor(None, give_back)
