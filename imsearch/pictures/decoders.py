"""Decoding in processes that may die without harm: of a crash, or at their limits of memory and time.

A few processes are kept at work, each with one picture at a time.  A call blocks the calling thread until the answer is
there, so that this is used like a plain function.
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
"""Of a processor, for one picture.  A photo of 12 megapixels takes a hundredth of that, a PNG of 200 takes 4."""

IDLE = 60.0
"""Seconds."""

T = TypeVar("T")

log = logging.getLogger("imsearch.pictures")


class Decoding(Protocol):
    """Calls functions that decode, somewhere."""

    def call(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """What ``work(*arguments, **options, budget=...)`` returns.

        Raises the PictureError that it raises, and DecoderDiedError when it ends its process or takes too long.
        """

    def warm_up(self) -> None:
        """Be ready for who calls next."""

    def close(self) -> None:
        """End what is under way."""


class InProcess:
    """Decodes in this process, where a picture can end it: for tests, and where no process can be started."""

    def call(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        return work(*arguments, **options)

    def warm_up(self) -> None:
        """Nothing is started."""

    def close(self) -> None:
        """Nothing is held."""


class Decoders:
    """Processes that decode, started when they are needed; used by any number of threads."""

    def __init__(
        self, processes: int, *, budget: Budget | None = None, seconds: float = SECONDS, idle: float = IDLE
    ) -> None:
        """processes: at most so many at a time.  seconds: of a processor, for one picture.

        idle: seconds after which processes that nobody needs are ended.
        """
        self._budget, self._seconds, self._rest_after = budget or Budget(), seconds, idle
        self._used = 0.0
        self._resting: threading.Timer | None = None
        self._slots = threading.BoundedSemaphore(max(1, processes))
        self._idle: list[DecoderProcess] = []
        self._busy: set[DecoderProcess] = set()
        self._end = weakref.finalize(self, _end_all, self._idle, self._busy)  # also when nobody closes it
        self._lock = threading.Lock()
        self._closed = False
        self._cannot_start = False

    def call(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """What ``work(*arguments, **options, budget=...)`` returns; everything in it must be picklable.

        Raises the PictureError that it raises, and DecoderDiedError when it ends its process or takes too long.
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
        """Start a process for who comes next."""
        if (process := self._take()) is not None:
            self._put_back(process, True)

    def _rest(self) -> None:
        """End the processes when none was needed for a while; the next call starts others."""
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
        """End all processes; what they were doing fails."""
        with self._lock:
            self._closed = True
            if self._resting is not None:
                self._resting.cancel()
            self._end()

    def _take(self) -> DecoderProcess | None:
        """A process that has nothing to do; None where none can be started."""
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
        process.end()  # closed while it was started
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
