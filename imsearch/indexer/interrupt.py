"""Ctrl-C as a wish to stop, rather than an exception at a random place; and SIGTERM as Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_WISHES = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ctrl_c_sets(stop: threading.Event) -> Iterator[threading.Event]:
    """While inside, Ctrl-C sets `stop`, and the event that is handed out, instead of raising KeyboardInterrupt.

    So does SIGTERM inside `sigterm_is_ctrl_c`.  Signals reach the main thread only, and a host with a handler of its
    own keeps it; in both cases nothing is done.
    """
    pressed = threading.Event()

    def press(number: int, frame: FrameType | None) -> None:
        pressed.set()
        stop.set()

    taken = []
    if threading.current_thread() is threading.main_thread():
        taken = [wish for wish in _WISHES if signal.getsignal(wish) is signal.default_int_handler]
    for wish in taken:
        signal.signal(wish, press)
    try:
        yield pressed
    finally:
        for wish in taken:
            signal.signal(wish, signal.default_int_handler)


@contextmanager
def sigterm_is_ctrl_c() -> Iterator[None]:
    """While inside, SIGTERM raises KeyboardInterrupt too: service managers and the web server stop a run with it.

    A process that was started in the background may ignore Ctrl-C, but never SIGTERM.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
