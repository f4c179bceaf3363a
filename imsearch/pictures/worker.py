"""The decoder process: decodes untrusted pictures for another process, and may die of them.

It runs one task after another, as received on its standard input, and exits at its end.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from imsearch.errors import PictureError
from imsearch.pictures.budget import MOST_DECODED, refuse_larger
from imsearch.pictures.channel import Channel

FREE = 32 << 20
"""Bytes decoded without asking for budget: an eighth of a phone's photo, or the whole of one of eight megapixels."""

_OTHERWISE = 512 << 20
"""Bytes allowed for everything but pixels: this program, a file and its metadata."""


class AskingBudget:
    """A budget that asks the process holding the real one."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Reserve `size` bytes for the duration of the context, waiting until they are free.

        Raises PictureError when the budget is smaller than that.
        """
        refuse_larger(size)
        if size <= FREE:
            yield
            return
        self._channel.send("hold", size)
        if refused := self._channel.receive():
            raise PictureError(*refused)
        try:
            yield
        finally:
            self._channel.send("let go", size)


def main() -> None:
    """Run tasks until the other process closes its end."""
    channel = Channel(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # output of libraries must not mix with the messages
    with open(os.devnull) as nothing:  # noqa: PTH123 - a descriptor is wanted, not a path
        os.dup2(nothing.fileno(), 0)
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):  # sent to the whole process group; the parent decides what to do
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    logging.disable()
    _limit_memory()
    Image.MAX_IMAGE_PIXELS = None  # `decoded_bytes` sets the limit here
    channel.send("ready")
    try:
        while True:
            _do(channel, *channel.receive())
    except (EOFError, OSError):
        return


def _do(
    channel: Channel, work: object, arguments: tuple[object, ...], options: dict[str, object], seconds: float
) -> None:
    assert callable(work)
    try:
        with _limited(seconds):
            result = work(*arguments, **options, budget=AskingBudget(channel))
    except PictureError as error:
        channel.send("refused", str(error))
    except MemoryError:
        channel.send("refused", "there is not enough memory to decode it")
    except Exception as error:  # noqa: BLE001 - raised again in the other process
        channel.send("failed", f"{type(error).__name__}: {error}")
    else:
        channel.send("done", result)


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Kill this process when it exceeds its CPU time; a busy machine does not count against it."""
    if not hasattr(signal, "setitimer"):
        yield  # the parent watches the wall clock
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _limit_memory() -> None:
    """Let the system, where it can, enforce what the headers of a file do not reveal."""
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = MOST_DECODED + _OTHERWISE
        if most == resource.RLIM_INFINITY or most > wanted:
            resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))
    except (ImportError, AttributeError, OSError, ValueError) as error:
        sys.stderr.write(f"memory is not limited: {error}\n")
