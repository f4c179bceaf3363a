"""Messages for writes that the operating system refuses: disk full, quota, file size limit, failing or missing disk.

A refused write says nothing about the data already stored.  So it must never be reported as damage, nor lead to
advice that costs the user the library.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from imsearch.errors import WriteRefused


class _Words(NamedTuple):
    """The description of a problem and the remedy."""

    what: str
    todo: str


_FULL = "The disk is full"
_WORDS: Mapping[int, _Words] = {
    errno.ENOSPC: _Words(_FULL, "Free some space there"),
    errno.EDQUOT: _Words("Your quota of the disk is used up", "Delete something of yours there, or ask for more room"),
    errno.EFBIG: _Words(
        "A file has no space to grow: it would be larger than is allowed",
        'Raise the limit ("ulimit -f" shows it), or move the library to a disk that takes larger files',
    ),
    errno.EROFS: _Words("The disk can only be read", "Mount it for writing, or copy the library to another disk"),
    errno.EIO: _Words(
        "The disk reports an error", "It may be failing: check it and its cable, and copy what is on it to another one"
    ),
    errno.EACCES: _Words("You may not write there", "Check the permissions of the folder and of the files in it"),
    errno.EPERM: _Words("You may not write there", "Check the permissions of the folder and of the files in it"),
    **dict.fromkeys(
        (errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN),
        _Words("The disk is not there any more", "Connect it again"),
    ),
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE), _Words("Too many files are open", 'Raise the limit ("ulimit -n" shows it)')
    ),
}
_PROBE = bytes(1 << 16)
_NEAR_A_LIMIT = 1 << 20
"""Bytes below the file size limit at which a refused write is still put down to that limit."""


def is_refusal(error: OSError) -> bool:
    """Return True if the system refused the operation, so that repairing files would not help."""
    return error.errno in _WORDS


def refusal_in(error: BaseException | None) -> OSError | None:
    """Return the refusal at the root of an error, through any chain of exceptions raised while handling it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and is_refusal(error):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def refused(number: int | None, path: Path | str, then: str = "") -> WriteRefused:
    """Return the error for a write to `path` that failed with this error number.

    then: a sentence on what was kept, in place of the usual one.
    """
    number = errno.ENODEV if number == errno.ENOENT else number  # the parent folder no longer exists
    words = _WORDS.get(number or 0, _WORDS[errno.EIO])
    kept = then or "What was stored before is kept."
    full = number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return WriteRefused(f"{words.what}: {path} cannot be written. {words.todo}, and try again. {kept}", full=full)


def in_words(error: OSError, path: Path | str = "") -> WriteRefused | None:
    """Return a refusal as an error for the user, or None if it is no refusal, such as a missing file.

    path: the file being written, for errors that do not carry it.
    """
    if not is_refusal(error):
        return None
    named = error.filename
    where = os.fsdecode(named) if isinstance(named, str | bytes) else str(path)
    return refused(error.errno, where or "what was to be stored")


def what_refuses(path: Path) -> int | None:
    """Return the error number with which a write next to `path` fails now, or None when one succeeds.

    Some libraries do not report why their write failed.
    """
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            file.write(_PROBE)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno
    return errno.EFBIG if _is_at_the_limit(path) else None


def _is_at_the_limit(path: Path) -> bool:
    """Return True if this file, or one whose name starts with its name, is close to the process's file size limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return False
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit == resource.RLIM_INFINITY:
        return False
    sizes = [each.stat().st_size for each in path.parent.glob(f"{path.name}*") if each.is_file()]
    return max(sizes, default=0) + _NEAR_A_LIMIT > limit
