"""Find the catalog's files that exist, are unchanged, and are not other names of one another.

The catalog tells what was indexed.  Since then files were deleted, folders renamed, disks mounted elsewhere; and one
file may have several names: links, hard links, a folder that is reached in two ways.  Only what is a file of its own
is a copy.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from imsearch.engine.stores.batch import FileSeen

_Inode: TypeAlias = tuple[int, int] | str
_CTIME_TELLS = os.name == "posix"
"""Elsewhere it is the moment of creation, which programs that copy files may set."""


@dataclass(frozen=True, slots=True)
class Living:
    """One file on a disk.

    path: what to call it by.  names: all paths of it that the catalog knows, that one first.  linked: nothing but links
    are known of it, so that moving them would move no picture.
    """

    path: Path
    names: tuple[Path, ...]
    linked: bool


def living(files: Sequence[FileSeen], size: int) -> tuple[Living, ...]:
    """The files of one image that are there as they were when they were indexed, each once.

    files: what the catalog knows, the preferred ones first.  size: the bytes of the image; a file of another size is of
    another kind, such as the raw file beside a JPEG, and no copy.  Real files come before those that only links lead
    to, and files with several names first: they are the ones to keep, since removing one name of them frees nothing.
    """
    found: dict[_Inode, list[Path]] = {}
    by_times: dict[tuple[int, int], _Inode] = {}
    for seen in files:
        status = _unchanged(seen) if seen.size == size else None
        if status is not None:
            inode = _inode(seen.path, status)
            found.setdefault(_twin(by_times, inode, status) or inode, []).append(seen.path)
    alive = [_living(names) for names in found.values()]
    return tuple(sorted(alive, key=lambda file: (file.linked, -len(file.names))))


def preferred(files: Sequence[FileSeen], size: int) -> list[Path]:
    """All files of an image, sorted by which to open first; the given order decides among equals.

    Files as they were indexed come first, real ones before links; then those of another size or time, then those that
    are gone.  A single file is not looked at.
    """
    if len(files) < 2:
        return [seen.path for seen in files]
    return [seen.path for seen in sorted(files, key=lambda seen: _rank(seen, size))]


def holds(path: Path, sha256: str) -> bool:
    """Return True if this is a real file, not a link, with exactly these bytes now; reads all of it."""
    try:
        with path.open("rb") as file:
            if path.is_symlink() or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return False
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _living(names: list[Path]) -> Living:
    plain = [path for path in names if not path.is_symlink()]
    best = min(names, key=lambda path: (path not in plain, os.path.realpath(path) != os.fspath(path)))
    return Living(best, (best, *(path for path in names if path != best)), not plain)


def _rank(seen: FileSeen, size: int) -> int:
    try:
        status = seen.path.lstat()
        linked = stat.S_ISLNK(status.st_mode)
        status = seen.path.stat() if linked else status
    except (OSError, ValueError):
        return 4
    if not stat.S_ISREG(status.st_mode):
        return 3
    if seen.size != size or (status.st_size, status.st_mtime_ns) != (seen.size, seen.mtime_ns):
        return 2
    return int(linked)


def _unchanged(seen: FileSeen) -> os.stat_result | None:
    """The state of a file that looks as it did when it was indexed."""
    try:
        status = seen.path.stat()
    except (OSError, ValueError):
        return None
    same = stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) == (seen.size, seen.mtime_ns)
    return status if same else None


def _inode(path: Path, status: os.stat_result) -> _Inode:
    """Return a key shared by two names of one file; some file systems have no inode numbers."""
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)


def _twin(by_times: dict[tuple[int, int], _Inode], inode: _Inode, status: os.stat_result) -> _Inode | None:
    """The inode under which this very file was already met through another device.

    A share that is mounted twice, a snapshot or a layer gives a file two inodes.  Then the time of its last change
    tells: no program can set that, and two files hardly share it to the nanosecond.
    """
    first = by_times.setdefault((status.st_mtime_ns, status.st_ctime_ns), inode)
    return first if _CTIME_TELLS and first[0] != inode[0] else None
