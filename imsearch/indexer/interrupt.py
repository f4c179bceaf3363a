"""Treat Ctrl-C as a request to stop, rather than an exception at a random place; and SIGTERM and SIGHUP like Ctrl-C.

The first request finishes the pictures in progress.  The second one exits at once, whatever hangs.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from imsearch.system.doing import Doing

_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals treated as Ctrl-C: service managers and the web server send the first, a closed terminal the second."""
_WISHES = (signal.SIGINT, *_ENDING)
ONE_PRESS = 0.1
"""Seconds in which two signals count as one: some programs forward a Ctrl-C that the terminal has sent to all."""
_POLL = 0.2
"""Polling interval in seconds."""


class LeftAtOnce(KeyboardInterrupt):
    """Raised on the second Ctrl-C: threads of the run may still be working, and the process should exit.

    what: the longest-running task, or None.
    """

    def __init__(self, what: str | None) -> None:
        super().__init__()
        self.what = what


class Wishes:
    """The number of requests to stop."""

    def __init__(self) -> None:
        self._count, self._last, self.first = 0, 0.0, 0

    def add(self, number: int) -> None:
        """Count a signal."""
        now = time.monotonic()
        if not self._count or now - self._last >= ONE_PRESS:
            self._count += 1
        self._last, self.first = now, self.first or number

    def is_set(self) -> bool:
        """Return True after the first request."""
        return self._count > 0

    @property
    def at_once(self) -> bool:
        """Return True after the second request."""
        return self._count > 1

    @property
    def answer(self) -> str | None:
        """Return the message for the first request, once the next signal counts as a second one."""
        if not self._count or time.monotonic() - self._last < ONE_PRESS:
            return None
        more = "; press Ctrl-C again to leave at once" if self.first == signal.SIGINT else ""
        return f"Stopping after the pictures in hand{more}."


@contextmanager
def ctrl_c_sets(stop: threading.Event) -> Iterator[Wishes]:
    """Make Ctrl-C set `stop` and be counted for the duration of the context, instead of raising KeyboardInterrupt.

    The same goes for SIGTERM and SIGHUP inside `sigterm_is_ctrl_c`.  Does nothing outside the main thread, which alone
    receives signals, or where the host has a handler of its own.
    """
    wishes = Wishes()

    def press(number: int, frame: FrameType | None) -> None:
        wishes.add(number)
        stop.set()

    taken = []
    if threading.current_thread() is threading.main_thread():
        taken = [wish for wish in _WISHES if signal.getsignal(wish) is signal.default_int_handler]
    for wish in taken:
        signal.signal(wish, press)
    try:
        yield wishes
    finally:
        for wish in taken:
            signal.signal(wish, signal.default_int_handler)


def wait_for(threads: Sequence[threading.Thread], wishes: Wishes, say: Callable[[str], None], doing: Doing) -> None:
    """Wait for threads to end; raises LeftAtOnce after the second request."""
    told = False
    for thread in threads:
        while thread.is_alive():
            thread.join(timeout=_POLL)  # with a timeout, because signals do not interrupt a plain join on every system
            if wishes.at_once:
                raise LeftAtOnce(doing.longest())
            if not told and (answer := wishes.answer):
                told = True
                say(answer)


@contextmanager
def sigterm_is_ctrl_c() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise KeyboardInterrupt, too, for the duration of the context.

    A process started in the background may ignore Ctrl-C, and one under ``nohup`` SIGHUP, but never SIGTERM.
    """
    taken = []
    if threading.current_thread() is threading.main_thread():
        taken = [each for each in _ENDING if signal.getsignal(each) is signal.SIG_DFL]
    for each in taken:
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each in taken:
            signal.signal(each, signal.SIG_DFL)
