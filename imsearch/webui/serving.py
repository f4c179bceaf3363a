"""Run the application on a socket until it is told to stop."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import FrameType

import uvicorn
from fastapi import FastAPI

from imsearch.webui.guard.connections import PatientProtocol
from imsearch.webui.guard.forwarded import Forwarded

ANSWER_SECONDS = 3
"""Seconds that responses in progress may take once the server is told to stop."""
_YOUNG = 20_000
"""New objects before Python's generation-0 garbage collection; a page creates some ten thousand."""
STOP_SECONDS = 5.0
"""Seconds after which it exits, whatever is still running."""


def serve(
    app: FastAPI, sockets: list[socket.socket], started: Callable[[], None], *, proxy: str | None, verbose: bool
) -> None:
    """Serve requests until Ctrl-C or SIGTERM.

    started: called when requests can come.  proxy: the address of a reverse proxy whose forwarding headers are
    trusted.  verbose: log each request.
    """
    _set_up_logging(verbose)
    config = uvicorn.Config(
        Forwarded(app, proxy),  # type: ignore[arg-type]
        http=PatientProtocol,
        loop="uvloop" if find_spec("uvloop") else "asyncio",
        ws="none",
        log_config=None,
        access_log=verbose,
        server_header=False,
        proxy_headers=False,  # see Forwarded
        timeout_keep_alive=20,
        timeout_graceful_shutdown=ANSWER_SECONDS,
    )
    server = _Server(config, started)
    with _quiet_signals(), _closed_terminal_stops(server):
        server.run(sockets)
    if not _threads_remain():
        server.patience.cancel()


class _Server(uvicorn.Server):
    """A server that reports when it has started, and does not wait forever to stop."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._call = started
        self.patience = threading.Timer(STOP_SECONDS, _leave)
        self.patience.daemon = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # Freeze what is loaded so far; otherwise the garbage collector scans all of it again during requests.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG)
        self._call()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # A model running in a thread cannot be interrupted, and Python waits for its threads.
        if self.should_exit:
            _leave()  # on the second signal
        self.patience.start()
        super().handle_exit(sig, frame)


def _threads_remain() -> bool:
    """Return True if threads that Python would wait for are still running."""
    others = [each for each in threading.enumerate() if each is not threading.current_thread() and not each.daemon]
    for each in others:
        each.join(1 / len(others))
    return any(each.is_alive() for each in others)


def _leave() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()
    os._exit(0)


@contextmanager
def _closed_terminal_stops(server: uvicorn.Server) -> Iterator[None]:
    """Make SIGHUP, sent by a closed terminal, stop the server as SIGTERM does; ignored under ``nohup``."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None or signal.getsignal(hangup) is not signal.SIG_DFL:
        yield
        return
    # The server raises the signal once more when it is done, where SIGTERM is expected.
    signal.signal(hangup, lambda number, frame: server.handle_exit(signal.SIGTERM, frame))
    try:
        yield
    finally:
        signal.signal(hangup, signal.SIG_DFL)


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """Ignore the signal that stopped the server when it is raised again at the end: stopping is no error here."""
    before = {each: signal.signal(each, lambda *_: None) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _set_up_logging(verbose: bool) -> None:
    """Log our errors to stderr, but not the server's own messages."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    for name in ("imsearch.webui", "uvicorn.access", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if verbose and name == "uvicorn.access" else logging.ERROR)
    # Exceptions of handlers are logged by imsearch.webui.problems already; cancelling slow responses is no error.
    known = ("Exception in ASGI", "Cancel %s running")
    logging.getLogger("uvicorn.error").addFilter(lambda record: not str(record.msg).startswith(known))
