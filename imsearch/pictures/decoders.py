"""Decoding in processes of their own, which may die without harm: of damaged files, of too much memory, of old age.

A few processes are kept at work, each with one picture at a time.  Whoever calls waits for the answer in a thread of
his own, so that this is used like a plain function.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from typing import IO, Any, BinaryIO, Protocol, TypeVar, cast

from imsearch import processes
from imsearch.errors import PictureError
from imsearch.pictures.budget import Budget
from imsearch.pictures.channel import Channel

SECONDS = 6.0
"""Of a processor, for one picture.  A photo of 12 megapixels takes a hundredth of that, a PNG of 200 takes 4."""

_WALL = 10
"""So many times as long may it take by the clock, on a machine that is busy with other things."""

IDLE = 60.0
"""Seconds."""

T = TypeVar("T")

log = logging.getLogger("imsearch.pictures")


class DecoderDiedError(PictureError):
    """Decoding a picture ended the process that did it.

    again: whether it would do so again; not where the process was killed by somebody else.
    """

    def __init__(self, reason: str, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


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
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
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

    def _take(self) -> _Process | None:
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
            process = _Process()
        except (OSError, EOFError) as error:
            log.warning("Pictures are decoded in this process, as no other can be started: %s", error or "it ended")
            self._cannot_start = True
            return None
        with self._lock:
            self._busy.add(process)
        return process

    def _put_back(self, process: _Process, alive: bool) -> None:
        with self._lock:
            self._busy.discard(process)
            if alive and not self._closed:
                self._idle.append(process)
                self._used = time.monotonic()
                if self._resting is None:
                    self._rest_in(self._rest_after)
                return
        process.end()


def _end_all(idle: list[_Process], busy: set[_Process]) -> None:
    for process in [*idle, *busy]:
        process.end()
    idle.clear()


def _start(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """A process that decodes; where it complains is `errors`."""
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each has a processor of its own
    pipe = subprocess.PIPE
    return processes.start(
        "imsearch.pictures.worker", stdin=pipe, stdout=pipe, stderr=errors, env=os.environ | one_thread
    )


class _Process:
    """One process, seen from the side that gives it work; for one thread at a time."""

    def __init__(self) -> None:
        """Raises OSError or EOFError when it cannot be started."""
        self._late = False
        self._told = 0
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        try:
            self._process = _start(self._errors)
        except OSError:
            self._errors.close()
            raise
        self._channel = Channel(cast(BinaryIO, self._process.stdout), cast(BinaryIO, self._process.stdin))
        try:
            self._channel.receive()
        except (EOFError, OSError):
            self.end()
            raise

    def do(
        self, work: object, arguments: tuple[Any, ...], options: dict[str, Any], budget: Budget, seconds: float
    ) -> object:
        """Have something done; raises DecoderDiedError, and what was raised there."""
        held = 0
        clock = self._clock(seconds)
        try:
            self._channel.send(work, arguments, options, seconds)
            while True:
                kind, value = self._channel.receive()
                if kind == "hold":
                    clock.cancel()  # who waits for others does not take long
                    held += self._hold(budget, value)
                    clock = self._clock(seconds)
                elif kind == "let go":
                    budget.give_back(value)
                    held -= value
                elif kind == "done":
                    return cast(object, value)
                elif kind == "refused":
                    raise PictureError(value)
                else:
                    raise RuntimeError(value)
        except (EOFError, OSError) as error:
            raise self._why(seconds) from error
        finally:
            clock.cancel()
            budget.give_back(held)
            self._log_noise()

    def _hold(self, budget: Budget, size: int) -> int:
        """Hold memory for the process, or tell it that there never is so much; returns what is held."""
        try:
            budget.take(size)
        except PictureError as error:
            self._channel.send(str(error))
            return 0
        self._channel.send()
        return size

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._channel.close()
        self._errors.close()

    def _clock(self, seconds: float) -> threading.Timer:
        clock = threading.Timer(seconds * _WALL, self._is_late)
        clock.daemon = True
        clock.start()
        return clock

    def _is_late(self) -> None:
        self._late = True
        self._process.kill()

    def _why(self, seconds: float) -> DecoderDiedError:
        """Why the process ended."""
        code = self._process.wait()
        if self._late or code == -getattr(signal, "SIGPROF", 0):
            return DecoderDiedError(
                f"decoding it takes too long: it was given up after {seconds:g} seconds of a processor"
            )
        if code == -getattr(signal, "SIGKILL", 0):
            return DecoderDiedError("the process that decoded it was killed (not enough memory?)", again=False)
        try:
            name = signal.strsignal(-code) or ""
        except ValueError:
            name = ""
        return DecoderDiedError(f"decoding it ends the program that does it ({name or f'exit code {code}'})")

    def _log_noise(self) -> None:
        """What libraries printed while they decoded."""
        try:
            size = os.fstat(self._errors.fileno()).st_size
            if size > self._told:
                self._errors.seek(self._told)
                log.debug("Printed while a picture was decoded: %s", self._errors.read(2000).decode("utf-8", "replace"))
                self._told = size
        except (OSError, ValueError):
            return  # it was ended meanwhile
