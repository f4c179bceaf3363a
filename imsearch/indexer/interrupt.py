"""Ctrl-C as a wish to stop, rather than an exception at a random place."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ctrl_c_sets(stop: threading.Event) -> Iterator[threading.Event]:
    """While inside, Ctrl-C sets `stop`, and the event that is handed out, instead of raising KeyboardInterrupt.

    Signals reach the main thread only, and a host with a handler of its own keeps it; in both cases nothing is done.
    """
    pressed = threading.Event()

    def press(number: int, frame: FrameType | None) -> None:
        pressed.set()
        stop.set()

    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield pressed
        return
    signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
