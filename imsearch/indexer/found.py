"""A file found by a scan: its size, its times, and a fingerprint of its sidecar files."""

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
"""Error numbers for a disk or server that no longer answers; not every system defines all of them."""


class FoundFile(NamedTuple):
    """A candidate; a plain tuple because there may be a million, nearly all of them unchanged.

    `reason` is set if the scan already shows that it cannot be read.  `beside` is a hash of the names, sizes and times
    of its sidecar files, 0 when there are none; `beside_before` is the same without ctimes, as older libraries store
    it.  `ctime_ns` is 0 where unknown or ignored.
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
        """Return True if it cannot be accessed, such as a link to an unmounted disk, rather than not being a file."""
        return bool(self.reason) and not self.mtime_ns


def look_at(
    path: str,
    entry: os.DirEntry[str] | None = None,
    sidecars: Sidecars | None = None,
    *,
    ctimes: bool = True,
) -> FoundFile | None:
    """Return a candidate, or None when there is no such file (any more).

    sidecars: the sidecar files of its folder; looked up if not given.
    ctimes: True to record them.
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
    """Return a 63-bit hash that changes when a sidecar file of the picture is added, removed or changed.

    The second value leaves out ctimes.
    """
    folder, name = os.path.split(path)
    seen = []
    for other in beside(folder, name) if sidecars is None else sidecars.of(name):
        try:
            seen.append((other, os.stat(os.path.join(folder, other))))  # noqa: PTH116, PTH118
        except OSError:
            continue  # gone or unreadable
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
