"""Open the file of a picture in the catalog, and no other: the file may have changed since."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
import time
from collections import OrderedDict
from io import BufferedReader
from typing import TYPE_CHECKING, Literal

from imsearch.pictures.formats import begins_like

if TYPE_CHECKING:
    from imsearch.engine.stores.batch import FileSeen, KnownImage

Reason = Literal["changed", "unreadable", "missing"]
_WORST_FIRST: tuple[Reason, ...] = ("changed", "unreadable", "missing")

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_LINKS: int = getattr(os, "O_NOFOLLOW", 0)
_A_LINK = (errno.ELOOP, errno.EMLINK, getattr(errno, "EFTYPE", errno.ELOOP))
_MOST_HASHED = 4096


class NoCopyError(Exception):
    """Raised when none of an image's files still holds its bytes; `reason` is the worst problem found."""

    def __init__(self, reason: Reason, path: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason, self.path = reason, path


class Copies:
    """Opens pictures; safe for several threads at once.

    A file is accepted as it is if its ctime, which programs cannot set, shows that nothing has touched it since it was
    indexed.  Otherwise, where the ctime is not known, and when a link leads to the file, its bytes must have the hash
    of the image, whatever its size and modification time: other programs restore those.  A file is hashed once as long
    as it does not change.
    """

    def __init__(self, settled: float = 2.0) -> None:
        """settled: seconds that a file must be left alone before its hash is cached; no clock is coarser."""
        self._settled = int(settled * 1e9)
        self._hashes: OrderedDict[tuple[int, ...], str] = OrderedDict()
        self._turns: dict[tuple[int, ...], threading.Lock] = {}
        self._lock = threading.Lock()

    def open(self, image: KnownImage) -> tuple[BufferedReader, FileSeen]:
        """Return the first unchanged copy, opened at its beginning, and its catalog entry; raises NoCopyError."""
        found: dict[Reason, str] = {}
        for seen in image.files:
            file = self._open(image, seen)
            if isinstance(file, BufferedReader):
                return file, seen
            found.setdefault(file, os.fsencode(seen.path).decode("utf-8", "replace"))
        for reason in _WORST_FIRST:
            if reason in found:
                raise NoCopyError(reason, found[reason])
        raise NoCopyError("missing", "")

    def _open(self, image: KnownImage, seen: FileSeen) -> BufferedReader | Reason:
        try:
            number, linked = _descriptor(os.fspath(seen.path))
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        except OSError as error:
            return "changed" if error.errno in _A_LINK else "unreadable"  # a circular link
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode) or status.st_size != image.bytes:
            os.close(number)
            return "changed"
        file = os.fdopen(number, "rb")
        try:
            if self._unchanged(file, status, image, seen, linked):
                return file
        except OSError:
            file.close()
            return "unreadable"
        file.close()
        return "changed"

    def _unchanged(
        self, file: BufferedReader, status: os.stat_result, image: KnownImage, seen: FileSeen, linked: bool
    ) -> bool:
        start = file.read(16)
        file.seek(0)
        if not begins_like(image.format, start):
            return False
        # 0 in libraries older than this column, and on systems without ctimes.
        touched = seen.ctime_ns
        if touched and touched == status.st_ctime_ns and status.st_mtime_ns == seen.mtime_ns and not linked:
            return True
        return self._hash(file, status) == image.sha256

    def _hash(self, file: BufferedReader, status: os.stat_result) -> str:
        """Return the hash of the bytes; concurrent callers wait for the first."""
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._hashes:
                    return self._hashes[key]
            found = ""
            try:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            finally:
                with self._lock:
                    self._turns.pop(key, None)
                    # A write right after a change may leave the same times behind.
                    if found and time.time_ns() - status.st_ctime_ns >= self._settled:
                        self._hashes[key] = found
                    while len(self._hashes) > _MOST_HASHED:
                        self._hashes.popitem(last=False)
            file.seek(0)
            return found


def _descriptor(path: str) -> tuple[int, bool]:
    """Return the opened file, and True if the last part of its path is a link.  Never blocks on a pipe."""
    if not _NO_LINKS:
        return os.open(path, _FLAGS), os.path.islink(path)  # noqa: PTH114 - paths may be no text
    try:
        return os.open(path, _FLAGS | _NO_LINKS), False
    except OSError as error:
        if error.errno not in _A_LINK:
            raise
        return os.open(path, _FLAGS), True
