"""Calls into third-party code: plugins and the libraries they bring.

Such code may print anywhere and raise any exception.  `foreign` marks the calls, so that the command line can keep
their output apart from its results; `is_ctrl_c` and `reason` classify and describe exceptions.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from imsearch.errors import ImsearchError

_INSIDE: ContextVar[bool] = ContextVar("imsearch_foreign", default=False)


@contextmanager
def foreign() -> Iterator[None]:
    """Treat whatever this thread prints inside the context as a message, not a result.

    On the main thread, third-party code only ever sees the message stream: it may keep a reference to it, for a log.
    """
    token = _INSIDE.set(True)
    stream = sys.stdout
    instead = getattr(stream, "aside", None) if threading.current_thread() is threading.main_thread() else None
    if instead is not None:
        sys.stdout = instead
    try:
        yield
    finally:
        if instead is not None and sys.stdout is instead:
            sys.stdout = stream
        _INSIDE.reset(token)


def is_foreign() -> bool:
    """Return True inside `foreign`, on the thread that entered it."""
    return _INSIDE.get()


def is_ctrl_c(error: BaseException) -> bool:
    """Return True for an exception with which the user interrupts the program, False for a failing plugin.

    Ctrl-C reaches the main thread only; on any other thread, a plugin raised KeyboardInterrupt itself.
    """
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def reason(error: BaseException) -> str:
    """Return an exception as one line for the user; our own are already worded."""
    text = " ".join(_text(error).split())
    if isinstance(error, ImsearchError):
        return text
    if isinstance(error, MemoryError) and not text:
        text = "there is not enough memory"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a plugin's exception may fail to tell what it is; its type is told all the same
        return ""
