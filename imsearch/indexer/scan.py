"""Which files look like pictures, and what could not be looked at."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from imsearch.pictures.metadata.beside import Sidecars, beside, is_sidecar
from imsearch.pictures.picture import SUFFIXES


class FoundFile(NamedTuple):
    """A candidate.  Kept as plain as this because there may be a million, nearly all of them unchanged.

    `reason` tells why it cannot be read where that can already be seen.  `beside` is a number made from the names,
    sizes and times of the files beside it that describe it, 0 when there are none.
    """

    path: str
    size: int
    mtime_ns: int
    reason: str = ""
    beside: int = 0


@dataclass(slots=True)
class Scan:
    """What was found under some folders and files.

    files: candidates, each once, in a stable order.
    missing: roots that do not exist.  empty: roots that are folders without any entry.  unreadable: folders, roots
    among them, that could not be listed.
    """

    files: list[FoundFile] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)
    empty: list[Path] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)


def absolute(paths: Sequence[Path]) -> list[Path]:
    """The paths from the root of the file system, each once; links in them stay as they are."""
    return list(dict.fromkeys(Path(os.path.abspath(path)) for path in paths))  # noqa: PTH100 - resolve() follows links


def outermost(paths: Sequence[Path]) -> list[Path]:
    """Of absolute paths, those that do not lie inside another one."""
    folders = set(paths)
    return [path for path in paths if not folders.intersection(path.parents)]


class Scanner:
    """Walks folders; one instance a run.

    Names that begin with a dot are left out, as are names without the ending of a picture; a file that is named as a
    root is taken whatever its name.  Links are followed, but no folder is walked twice: a link into a folder that is
    walked anyway leads nowhere new, and a link to its own parent does not go round in circles.
    """

    def __init__(self) -> None:
        self.found = Scan()
        self._walked: set[tuple[int, int]] = set()
        self._links: list[str] = []

    def scan(self, roots: Sequence[Path]) -> Iterator[int]:
        """Fill `found`, yielding the number of candidates so far after each folder."""
        for root in roots:
            yield from self._root(root)
        # Links come last, so that a folder is known by its own path where it has one below the roots.
        while self._links:
            yield from self._walk(self._links.pop(0))

    def _root(self, root: Path) -> Iterator[int]:
        try:
            mode = root.stat().st_mode
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR) and not root.is_symlink():
                self.found.missing.append(root)
            elif root.suffix.lower() in SUFFIXES:
                self._add(os.fspath(root), None)
            else:
                self.found.unreadable.append(root)
            return
        if not stat.S_ISDIR(mode):
            self._add(os.fspath(root), None)
            yield len(self.found.files)
            return
        yield from self._walk(os.fspath(root), is_root=True)

    def _walk(self, top: str, is_root: bool = False) -> Iterator[int]:
        folders = [top]
        while folders:
            folder = folders.pop()
            try:
                status = os.stat(folder)  # noqa: PTH116 - paths stay plain text here, for speed
                if (status.st_dev, status.st_ino) in self._walked:
                    continue
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError:
                # Also a folder that vanished just now: nothing below it is taken for deleted in this run.
                self.found.unreadable.append(Path(folder))
                continue
            self._walked.add((status.st_dev, status.st_ino))
            if is_root and folder == top and not entries:
                self.found.empty.append(Path(folder))
            sidecars = Sidecars(entry.name for entry in entries if is_sidecar(entry.name))
            folders += reversed([path for entry in entries if (path := self._entry(entry, sidecars))])
            yield len(self.found.files)

    def _entry(self, entry: os.DirEntry[str], sidecars: Sidecars) -> str | None:
        """Take a file or note a link; returns the path of a folder to walk."""
        if entry.name.startswith("."):
            return None
        try:
            if entry.is_dir(follow_symlinks=False):
                return entry.path
            if entry.is_symlink() and entry.is_dir():
                self._links.append(entry.path)
                return None
        except OSError:
            pass  # a link in a circle: taken below, where its reason is told, if it is named like a picture
        if os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122
            self._add(entry.path, entry, sidecars)
        return None

    def _add(self, path: str, entry: os.DirEntry[str] | None, sidecars: Sidecars | None = None) -> None:
        found = look_at(path, entry, sidecars)
        if found:
            self.found.files.append(found)


def look_at(path: str, entry: os.DirEntry[str] | None = None, sidecars: Sidecars | None = None) -> FoundFile | None:
    """One candidate, or None when nothing is there (any more).

    sidecars: the files of its folder that may describe a picture; without them it is looked for them.
    """
    try:
        status = entry.stat() if entry else os.stat(path)  # noqa: PTH116
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR) and not os.path.islink(path):  # noqa: PTH114
            return None
        return FoundFile(path, 0, 0, _why(error))
    is_file = stat.S_ISREG(status.st_mode)
    reason = "" if is_file else "it is not a file but a folder, a pipe, a socket or a device"
    return FoundFile(path, status.st_size, status.st_mtime_ns, reason, _beside(path, sidecars))


def _beside(path: str, sidecars: Sidecars | None) -> int:
    """A number of 63 bits that is another one when a file that describes the picture comes, goes or changes."""
    folder, name = os.path.split(path)
    seen = []
    for other in beside(folder, name) if sidecars is None else sidecars.of(name):
        try:
            seen.append((other, os.stat(os.path.join(folder, other))))  # noqa: PTH116, PTH118
        except OSError:
            continue  # it is gone, or could not be read
    if not seen:
        return 0
    state = repr([(other, status.st_size, status.st_mtime_ns) for other, status in seen])
    return int.from_bytes(hashlib.blake2b(os.fsencode(state), digest_size=8).digest(), "big") >> 1 or 1


def _why(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "it is a link to a file that is not there"
    if error.errno == errno.ELOOP:
        return "it is a link that leads back to itself"
    return f"it cannot be opened: {error.strerror or error}"
