"""What the system refuses, in words for the user: a full disk, a quota, a limit, a disk that fails or is gone.

A write that is refused says nothing of what was stored before.  So it must never be told as damage, nor end in advice
that costs the library.
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
    """What is so, and what to do about it."""

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
"""Bytes that a file may be below the limit when a write beyond it was refused."""


def is_refusal(error: OSError) -> bool:
    """Whether the system refused something, so that trying to mend files would not help."""
    return error.errno in _WORDS


def refusal_in(error: BaseException | None) -> OSError | None:
    """The refusal that an error came from, however many others were raised while it was handled."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and is_refusal(error):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def refused(number: int | None, path: Path | str, then: str = "") -> WriteRefused:
    """The error for a write to `path` that was refused with this error number.

    then: a sentence on what was kept, in place of the usual one.
    """
    number = errno.ENODEV if number == errno.ENOENT else number  # its folder is gone
    words = _WORDS.get(number or 0, _WORDS[errno.EIO])
    kept = then or "What was stored before is kept."
    full = number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return WriteRefused(f"{words.what}: {path} cannot be written. {words.todo}, and try again. {kept}", full=full)


def in_words(error: OSError, path: Path | str = "") -> WriteRefused | None:
    """A refusal as an error for the user; None for what is no refusal, such as a file that is not there.

    path: what was written, where the error itself does not tell.
    """
    if not is_refusal(error):
        return None
    named = error.filename
    where = os.fsdecode(named) if isinstance(named, str | bytes) else str(path)
    return refused(error.errno, where or "what was to be stored")


def what_refuses(path: Path) -> int | None:
    """The error number with which a write beside `path` is refused now; None when one succeeds.

    Some libraries do not tell why a write of theirs failed.
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
    """Whether this file, or one that is named after it, is nearly as large as files of this process may be."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return False
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit == resource.RLIM_INFINITY:
        return False
    sizes = [each.stat().st_size for each in path.parent.glob(f"{path.name}*") if each.is_file()]
    return max(sizes, default=0) + _NEAR_A_LIMIT > limit
