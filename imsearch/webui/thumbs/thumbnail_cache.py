"""Cache thumbnails: the latest in memory, many on disk below the library's folder, within limits.

Several processes may share a folder: a file gets its name only when it is complete, and any process may delete it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import zlib
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

IN_MEMORY = 32 << 20
"""Bytes; about two thousand small thumbnails."""

_FRESH = 3600.0
"""Seconds; the time of last use is updated at most this often."""
_PAUSE = 60.0
"""Seconds without writing after a disk was full or refused."""
_KEPT_FREE = 0.1
"""Share of the limit freed when it is reached, so that it is not reached again soon."""

_UNFINISHED = ".new"
_CHECK = 4
"""Bytes of a checksum."""

log = logging.getLogger("imsearch.webui")


class Recent:
    """An LRU cache limited in bytes; safe for several threads."""

    def __init__(self, limit: int = IN_MEMORY) -> None:
        self._limit, self._bytes = limit, 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        with self._lock:
            content = self._kept.get(name)
            if content is not None:
                self._kept.move_to_end(name)
            return content

    def put(self, name: str, content: bytes) -> None:
        with self._lock:
            self._bytes += len(content) - len(self._kept.pop(name, b""))
            self._kept[name] = content
            while self._bytes > self._limit:
                self._bytes -= len(self._kept.popitem(last=False)[1])


def _checksum(content: bytes) -> bytes:
    """Return the checksum that follows a thumbnail in its file."""
    return zlib.crc32(content).to_bytes(_CHECK, "big")


class ThumbnailCache:
    """Files `folder`/ab/<name>, at most about `limit` bytes; least recently used go first.

    sweep_after: seconds from the first write until the folder is swept, so that the first page is not
    delayed by it.
    """

    def __init__(self, folder: Path, limit: int, *, sweep_after: float = 5.0) -> None:
        self._folder, self._limit = folder, limit
        self._sweep_after = sweep_after
        self._bytes: int | None = None  # as of the last sweep
        self._written = 0  # since then
        self._sweeping = self._told = False
        self._paused_until = 0.0
        self._lock = threading.Lock()

    def read(self, name: str) -> bytes | None:
        """Return the thumbnail of this name, verified; otherwise None."""
        path = self._path(name)
        try:
            with path.open("rb") as file:
                age = time.time() - os.fstat(file.fileno()).st_mtime
                content = file.read()
        except OSError:
            return None
        content, check = content[:-_CHECK], content[-_CHECK:]
        if check != _checksum(content):
            return None  # truncated by a crash of the machine, corrupted on disk, or of an older version
        if age > _FRESH:
            with suppress(OSError):
                os.utime(path)
        return content

    def write(self, name: str, content: bytes) -> None:
        """Store a thumbnail if possible; the reason of a failure is logged once."""
        if not self._limit or time.monotonic() < self._paused_until:
            return
        path = self._path(name)
        new = path.with_name(uuid4().hex + _UNFINISHED)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(content + _checksum(content))
            new.replace(path)
        except OSError as error:
            with suppress(OSError):
                new.unlink()
            self._paused_until = time.monotonic() + _PAUSE
            if not self._told:
                log.warning(
                    "Thumbnails cannot be stored in %s (%s), and are made again each time.",
                    self._folder,
                    error.strerror,
                )
            self._told = True
            return
        with self._lock:
            self._written += len(content) + _CHECK
            if self._sweeping or not self._due():
                return
            self._sweeping = True
        timer = threading.Timer(self._sweep_after, self._sweep)
        timer.daemon = True
        timer.start()

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _due(self) -> bool:
        if self._bytes is None:
            return True
        # The second: other processes write too, and only a sweep sees their files.
        return self._bytes + self._written > self._limit or self._written > max(self._limit // 10, 1 << 20)

    def _sweep(self) -> None:
        with self._lock:
            self._written = 0
        try:
            total = self.sweep()
        except OSError as error:
            log.warning("Old thumbnails in %s cannot be listed (%s).", self._folder, error.strerror)
            total = 0
        with self._lock:
            self._bytes, self._sweeping = total, False

    def sweep(self) -> int:
        """Delete the least recently used files when over the limit; return the remaining bytes."""
        found = sorted(self._files())
        total = sum(size for _, size, _ in found)
        goal = total if total <= self._limit else int(self._limit * (1 - _KEPT_FREE))
        for used, size, path in found:
            # A file that another process is writing is left alone; one left behind by a killed process is not.
            if used < time.time() - _FRESH if path.endswith(_UNFINISHED) else total > goal:
                with suppress(OSError):
                    os.unlink(path)  # noqa: PTH108 - there may be a hundred thousand
                    total -= size
        return total

    def _files(self) -> list[tuple[float, int, str]]:
        """Return time of last use, size in bytes and path of each file."""
        files = []
        for path in self._folder.glob("??/*"):
            with suppress(FileNotFoundError):
                status = path.lstat()
                files.append((status.st_mtime, status.st_size, os.fspath(path)))
        return files
