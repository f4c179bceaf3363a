"""One file as a scan sees it: its size, its times, and the files beside it that describe it."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import NamedTuple

from imsearch.engine.stores.batch import ctime_of
from imsearch.pictures.metadata.beside import Sidecars, beside

LOST = frozenset(
    number
    for name in ("EIO", "ESTALE", "ENXIO", "ENODEV", "ENOTCONN", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ENOMEDIUM")
    if (number := getattr(errno, name, None)) is not None
)
"""How systems say that a disk or a server no longer answers; not all of them know all of these."""


class FoundFile(NamedTuple):
    """A candidate.  Kept as plain as this because there may be a million, nearly all of them unchanged.

    `reason` tells why it cannot be read where that can already be seen.  `beside` is a number made from the names,
    sizes and times of the files beside it that describe it, 0 when there are none; `beside_before` is the same number
    made without their ctimes, as libraries of before hold it.  `ctime_ns` is 0 where it is not known or not to count.
    """

    path: str
    size: int
    mtime_ns: int
    reason: str = ""
    beside: int = 0
    ctime_ns: int = 0
    beside_before: int = 0

    @property
    def is_unreachable(self) -> bool:
        """Return whether it cannot be looked at, as a link to a disk that is not there, rather than being no file."""
        return bool(self.reason) and not self.mtime_ns


def look_at(
    path: str,
    entry: os.DirEntry[str] | None = None,
    sidecars: Sidecars | None = None,
    *,
    ctimes: bool = True,
) -> FoundFile | None:
    """One candidate, or None when nothing is there (any more).

    sidecars: the files of its folder that may describe a picture; without them it is looked for them.
    ctimes: whether they are noted.
    """
    try:
        status = entry.stat() if entry else os.stat(path)  # noqa: PTH116
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR) and not os.path.islink(path):  # noqa: PTH114
            return None
        return FoundFile(path, 0, 0, _why(error))
    is_file = stat.S_ISREG(status.st_mode)
    reason = "" if is_file else "it is not a file but a folder, a pipe, a socket or a device"
    described, before = _beside(path, sidecars, ctimes)
    return FoundFile(
        path, status.st_size, status.st_mtime_ns, reason, described, ctime_of(status) if ctimes else 0, before
    )


def _beside(path: str, sidecars: Sidecars | None, ctimes: bool) -> tuple[int, int]:
    """A number of 63 bits that is another one when a file that describes the picture comes, goes or changes.

    The second one is made without ctimes.
    """
    folder, name = os.path.split(path)
    seen = []
    for other in beside(folder, name) if sidecars is None else sidecars.of(name):
        try:
            seen.append((other, os.stat(os.path.join(folder, other))))  # noqa: PTH116, PTH118
        except OSError:
            continue  # it is gone, or could not be read
    if not seen:
        return 0, 0
    plain = [(other, status.st_size, status.st_mtime_ns) for other, status in seen]
    before = _number(plain)
    if not ctimes or not all(ctime_of(status) for _, status in seen):
        return before, before
    return _number([(*each, ctime_of(status)) for each, (_, status) in zip(plain, seen, strict=True)]), before


def _number(state: object) -> int:
    return int.from_bytes(hashlib.blake2b(os.fsencode(repr(state)), digest_size=8).digest(), "big") >> 1 or 1


def _why(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "it is a link to a file that is not there"
    if error.errno == errno.ELOOP:
        return "it is a link that leads back to itself"
    return f"it cannot be opened: {error.strerror or error}"
