"""A single decoder process, seen from its client."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import tempfile
import threading
from typing import IO, Any, BinaryIO, cast

from imsearch.errors import PictureError
from imsearch.pictures.budget import Budget
from imsearch.pictures.channel import Channel
from imsearch.system import processes

_WALL = 10
"""Wall-clock limit as a multiple of the CPU limit, for machines busy with other work."""

log = logging.getLogger("imsearch.pictures")


class DecoderDiedError(PictureError):
    """Raised when decoding a picture ended the decoder process.

    again: whether a retry would fail too; False if something else killed the process.
    """

    def __init__(self, reason: str, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


def _start(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a decoder process that writes its standard error to `errors`."""
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each decoder has a core of its own
    pipe = subprocess.PIPE
    return processes.start(
        "imsearch.pictures.worker", stdin=pipe, stdout=pipe, stderr=errors, env=os.environ | one_thread
    )


class DecoderProcess:
    """A decoder process, seen from its client; for one thread at a time."""

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
        """Run `work` in the process and return its result; raises DecoderDiedError, and whatever `work` raised."""
        held = 0
        clock = self._clock(seconds)
        try:
            self._channel.send(work, arguments, options, seconds)
            while True:
                kind, value = self._channel.receive()
                if kind == "hold":
                    clock.cancel()  # waiting for memory does not count
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
        """Reserve memory on behalf of the process, or report that there is never enough; return the bytes reserved."""
        try:
            budget.take(size)
        except PictureError as error:
            self._channel.send(str(error))
            return 0
        self._channel.send()
        return size

    def end(self) -> None:
        """Terminate the process, whatever it is doing."""
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
        """Return the error that describes why the process ended."""
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
        """Log the output of libraries during decoding."""
        try:
            size = os.fstat(self._errors.fileno()).st_size
            if size > self._told:
                self._errors.seek(self._told)
                log.debug("Printed while a picture was decoded: %s", self._errors.read(2000).decode("utf-8", "replace"))
                self._told = size
        except (OSError, ValueError):
            return  # the process was terminated in the meantime
