"""One process holds a library at a time: a lock file, and beside it the process that holds it for a run."""

from __future__ import annotations

import os
import time
from pathlib import Path

from imsearch.errors import LibraryError, LibraryLocked
from imsearch.system.refusals import in_words

LOCK_NAME = "lock"
HOLDER_NAME = "lock.pid"
_POLL = 0.02
"""Seconds between two attempts."""


class WriteLock:
    """The right to write to the indexes of a library, and to index pictures.

    The operating system gives the lock back when its process ends, however it ends, so nothing is ever left to clean
    up by hand.  The process number beside it serves the message, and tells a run from somebody who brings an index up
    to date and is done in a moment.
    """

    def __init__(self, folder: Path, *, wait: float = 0, brief: bool = False) -> None:
        """Take the lock of the library in `folder`; raises `LibraryLocked` when another process has it.

        wait: seconds to give one that has it for a moment; a run is not waited for.  brief: take it for a moment.
        """
        from filelock import FileLock  # not needed to read, and not quick to import

        self._lock = FileLock(folder / LOCK_NAME, thread_local=False)  # one thread may open a library, another close it
        self._holder = folder / HOLDER_NAME
        try:
            self._take(time.monotonic() + wait)
            if brief:
                self._holder.unlink(missing_ok=True)  # of a run that was killed
            else:
                self._holder.write_text(f"{os.getpid()}\n", encoding="ascii")
        except LibraryLocked:
            raise
        except OSError as error:
            self._lock.release()
            raise (
                in_words(error, folder)
                or LibraryError(
                    f"The library {folder} cannot be written to: {error.strerror}. "
                    "Check its permissions, or choose another with --library."
                )
            ) from error

    def _take(self, end: float) -> None:
        from filelock import Timeout

        while True:
            try:
                self._lock.acquire(blocking=False)
                return
            except Timeout:
                run = holder(self._holder.parent)
                if run is not None or time.monotonic() >= end:
                    who = "" if run is None else f" (process {run})"
                    raise LibraryLocked(
                        f"The library {self._holder.parent} is being written to by another run{who}. "
                        "Wait until that is done, or stop it, and try again."
                    ) from None
            time.sleep(_POLL)

    def release(self) -> None:
        """Give the lock back."""
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()


def holder(folder: Path) -> int | None:
    """The process that holds a library for a run, or did so when it was killed."""
    try:
        return int((folder / HOLDER_NAME).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
