"""A pool of decoder processes, which may crash or exceed their memory and time limits without harm.

A few processes are kept alive, each working on one picture at a time.  A call blocks the calling thread until the
result is there, so that it works like a plain function call.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from imsearch.pictures.budget import Budget
from imsearch.pictures.decoder_process import DecoderDiedError as DecoderDiedError
from imsearch.pictures.decoder_process import DecoderProcess

SECONDS = 6.0
"""CPU seconds per picture.  A photo of 12 megapixels takes a hundredth of that, a PNG of 200 takes 4."""

IDLE = 60.0
"""Idle timeout in seconds."""

T = TypeVar("T")

log = logging.getLogger("imsearch.pictures")


class Decoding(Protocol):
    """Interface for running decoding functions, here or in another process."""

    def call(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Return the result of ``work(*arguments, **options, budget=...)``.

        Raises its PictureError, and DecoderDiedError when it ends its process or takes too long.
        """

    def warm_up(self) -> None:
        """Prepare for the next call."""

    def close(self) -> None:
        """Stop the work in progress."""


class InProcess:
    """Decode in this process, which a picture can crash: for tests, and where no process can be started."""

    def call(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        return work(*arguments, **options)

    def warm_up(self) -> None:
        """Do nothing: there is no process to start."""

    def close(self) -> None:
        """Do nothing: there is no process to stop."""


class Decoders:
    """A pool of decoder processes, started on demand; safe for any number of threads."""

    def __init__(
        self, processes: int, *, budget: Budget | None = None, seconds: float = SECONDS, idle: float = IDLE
    ) -> None:
        """processes: maximum number at a time.  seconds: CPU time per picture.

        idle: seconds after which unused processes are stopped.
        """
        self._budget, self._seconds, self._rest_after = budget or Budget(), seconds, idle
        self._used = 0.0
        self._resting: threading.Timer | None = None
        self._slots = threading.BoundedSemaphore(max(1, processes))
        self._idle: list[DecoderProcess] = []
        self._busy: set[DecoderProcess] = set()
        self._end = weakref.finalize(self, _end_all, self._idle, self._busy)  # even if nobody calls close
        self._lock = threading.Lock()
        self._closed = False
        self._cannot_start = False

    def call(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Return the result of ``work(*arguments, **options, budget=...)``; everything in it must be picklable.

        Raises its PictureError, and DecoderDiedError when it ends its process or takes too long.
        """
        with self._slots:
            process = self._take()
            if process is None:
                return work(*arguments, **options, budget=self._budget)
            alive = False
            try:
                result = process.do(work, arguments, options, self._budget, self._seconds)
                alive = True
            except DecoderDiedError:
                raise
            except Exception:
                alive = True
                raise
            finally:
                self._put_back(process, alive)
            return cast(T, result)

    def warm_up(self) -> None:
        """Start a process for the next caller."""
        if (process := self._take()) is not None:
            self._put_back(process, True)

    def _rest(self) -> None:
        """Stop the processes when none was needed for a while; the next call starts new ones."""
        with self._lock:
            left = self._used + self._rest_after - time.monotonic()
            if left > 0 or self._busy:
                self._rest_in(max(left, 1.0))
                return
            self._resting = None
            idle = self._idle[:]
            self._idle.clear()
        for process in idle:
            process.end()

    def _rest_in(self, seconds: float) -> None:
        self._resting = threading.Timer(seconds, self._rest)
        self._resting.daemon = True
        self._resting.start()

    def close(self) -> None:
        """Stop all processes; their work in progress fails."""
        with self._lock:
            self._closed = True
            if self._resting is not None:
                self._resting.cancel()
            self._end()

    def _take(self) -> DecoderProcess | None:
        """Return an idle process, or None if none can be started."""
        with self._lock:
            if self._closed:
                raise DecoderDiedError("decoding was stopped", again=False)
            if self._idle:
                process = self._idle.pop()
                self._busy.add(process)
                return process
            if self._cannot_start:
                return None
        try:
            process = DecoderProcess()
        except (OSError, EOFError) as error:
            log.warning("Pictures are decoded in this process, as no other can be started: %s", error or "it ended")
            self._cannot_start = True
            return None
        with self._lock:
            if not self._closed:
                self._busy.add(process)
                return process
        process.end()  # the pool was closed meanwhile
        raise DecoderDiedError("decoding was stopped", again=False)

    def _put_back(self, process: DecoderProcess, alive: bool) -> None:
        with self._lock:
            self._busy.discard(process)
            if alive and not self._closed:
                self._idle.append(process)
                self._used = time.monotonic()
                if self._resting is None:
                    self._rest_in(self._rest_after)
                return
        process.end()


def _end_all(idle: list[DecoderProcess], busy: set[DecoderProcess]) -> None:
    for process in [*idle, *busy]:
        process.end()
    idle.clear()
