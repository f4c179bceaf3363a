"""One writer at a time: a lock file, and beside it the process that holds it."""

from __future__ import annotations

import os
from pathlib import Path

from imsearch.errors import LibraryError, LibraryLocked

LOCK_NAME = "lock"
HOLDER_NAME = "lock.pid"


class WriteLock:
    """The right to write to a library.

    The operating system gives the lock back when its process ends, however it ends, so nothing is ever left to clean
    up by hand; the process number beside it only serves the message.
    """

    def __init__(self, folder: Path, *, wait: float = 0) -> None:
        """Take the lock of the library in `folder`; raises `LibraryLocked` when another process has it.

        wait: seconds to give another process; a reader that repairs an index holds the lock for a moment.
        """
        from filelock import FileLock, Timeout  # not needed to read, and not quick to import

        self._lock = FileLock(folder / LOCK_NAME)
        self._holder = folder / HOLDER_NAME
        try:
            self._lock.acquire(timeout=wait)
            self._holder.write_text(f"{os.getpid()}\n", encoding="ascii")
        except Timeout:
            raise LibraryLocked(
                f"The library {folder} is being written to by another run{self._who()}. "
                "Wait until that is done, or stop it, and try again."
            ) from None
        except OSError as error:
            self._lock.release()
            raise LibraryError(
                f"The library {folder} cannot be written to: {error.strerror}. "
                "Check its permissions, or choose another with --library."
            ) from error

    def _who(self) -> str:
        try:
            return f" (process {int(self._holder.read_text(encoding='ascii'))})"
        except (OSError, ValueError):
            return ""  # it has the lock and has not yet written its number

    def release(self) -> None:
        """Give the lock back."""
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()
