"""Exit at once: a second Ctrl-C ends the process, whatever hangs, and reports what was in progress.

Everything stored stays: the catalog and the indexes survive a process that ends at any moment.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from imsearch.system.doing import Doing

INTERRUPTED = 130
GRACE = 2.0
"""Seconds that the command itself gets to exit after the second Ctrl-C."""
_ONE_PRESS = 0.1
_WISHES = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """Exit the process on the second Ctrl-C of an indexing run, without closing anything that may hang, too."""
    from imsearch.indexer.interrupt import LeftAtOnce

    try:
        yield
    except LeftAtOnce as error:
        _leave(error.what)


@contextmanager
def second_ctrl_c_leaves(doing: Doing) -> Iterator[None]:
    """Exit on a second Ctrl-C even if native code keeps the main thread from noticing it.

    doing: notes on the work in progress.  Only for a process of our own, on its main thread.
    """
    reader, writer = os.pipe()
    if os.name != "nt":  # Windows does not need it
        os.set_blocking(writer, False)
    over = threading.Event()
    threading.Thread(target=_watch, args=(reader, over, doing), name="Ctrl-C", daemon=True).start()
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        os.close(writer)  # ends the thread


def end(code: int) -> int:
    """Return the exit code of an interrupted process; exits here when threads are left that never end."""
    others = [each for each in threading.enumerate() if each is not threading.current_thread() and not each.daemon]
    until = time.monotonic() + 1
    for each in others:
        each.join(max(0.0, until - time.monotonic()))
    if any(each.is_alive() for each in others):
        _exit(code)
    return code


def end_at_once(code: int) -> int:
    """Exit without the taking apart of modules, which takes longer than many a query.

    What asked to be told of the end is told; returns the code where another thread has to end first.
    """
    if all(each is threading.current_thread() or each.daemon for each in threading.enumerate()):
        atexit._run_exitfuncs()  # what the interpreter calls here; there is no public name
        _exit(code)
    return code


def _watch(reader: int, over: threading.Event, doing: Doing) -> None:
    """Thread: count signals, which Python writes to the pipe whatever the main thread does."""
    presses, last = 0, 0.0
    with os.fdopen(reader, "rb", buffering=0) as signals:
        while received := signals.read(64):
            now = time.monotonic()
            if set(received) & set(_WISHES) and (not presses or now - last >= _ONE_PRESS):
                presses += 1
            last = now
            if presses > 1 and not over.wait(GRACE):
                _leave(doing.longest())


def _leave(what: str | None) -> NoReturn:
    """Exit the process, and report what was in progress."""
    with suppress(Exception):
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K\x1b[?25h")  # clear the progress bar and restore the cursor
        hangs = f" In progress: {what}." if what else ""
        sys.stderr.write(f"Left at once.{hangs} What was finished is kept; run the same command again to go on.\n")
    _exit(INTERRUPTED)


def _exit(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)
