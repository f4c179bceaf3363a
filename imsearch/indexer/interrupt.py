"""Ctrl-C as a wish to stop, rather than an exception at a random place; and SIGTERM and SIGHUP as Ctrl-C.

The first wish lets the pictures in hand be finished.  The second one leaves at once, whatever hangs.
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
"""Service managers and the web server stop a run with the first, a terminal that is closed sends the second."""
_WISHES = (signal.SIGINT, *_ENDING)
ONE_PRESS = 0.1
"""Seconds in which two signals are one wish: some programs hand on a Ctrl-C that the terminal has sent to all."""
_POLL = 0.2
"""Seconds between two looks at whether a thread has ended, or somebody wishes to stop."""


class LeftAtOnce(KeyboardInterrupt):
    """The second Ctrl-C: threads of the run may still be at work, and the process should end.

    what: what had been under way for the longest time, or None.
    """

    def __init__(self, what: str | None) -> None:
        super().__init__()
        self.what = what


class Wishes:
    """How often the user has wished to stop."""

    def __init__(self) -> None:
        self._count, self._last, self.first = 0, 0.0, 0

    def add(self, number: int) -> None:
        """Count a signal."""
        now = time.monotonic()
        if not self._count or now - self._last >= ONE_PRESS:
            self._count += 1
        self._last, self.first = now, self.first or number

    def is_set(self) -> bool:
        """Return True after the first wish."""
        return self._count > 0

    @property
    def at_once(self) -> bool:
        """Whether there was a second one."""
        return self._count > 1

    @property
    def answer(self) -> str | None:
        """What to say after the first, once the next signal counts as a second one."""
        if not self._count or time.monotonic() - self._last < ONE_PRESS:
            return None
        more = "; press Ctrl-C again to leave at once" if self.first == signal.SIGINT else ""
        return f"Stopping after the pictures in hand{more}."


@contextmanager
def ctrl_c_sets(stop: threading.Event) -> Iterator[Wishes]:
    """While inside, Ctrl-C sets `stop` and is counted, instead of raising KeyboardInterrupt.

    So do SIGTERM and SIGHUP inside `sigterm_is_ctrl_c`.  Signals reach the main thread only, and a host with a handler
    of its own keeps it; in both cases nothing is done.
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
    """Wait for threads to end; raises LeftAtOnce after the second wish."""
    told = False
    for thread in threads:
        while thread.is_alive():
            thread.join(timeout=_POLL)  # bounded, because signals do not end a plain join everywhere
            if wishes.at_once:
                raise LeftAtOnce(doing.longest())
            if not told and (answer := wishes.answer):
                told = True
                say(answer)


@contextmanager
def sigterm_is_ctrl_c() -> Iterator[None]:
    """While inside, SIGTERM and SIGHUP raise KeyboardInterrupt too.

    A process that was started in the background may ignore Ctrl-C, and one of ``nohup`` SIGHUP, but never SIGTERM.
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
