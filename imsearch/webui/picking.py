"""Picture folders that can be added from the pages: those below a few roots, and nothing else on this machine.

Users of a server on loopback sit at the machine, or come through its owner's tunnel.  Even so, no file name leaves this
module, and nobody can find out if a folder outside the roots exists.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import Scope

from imsearch.pictures.formats import SUFFIXES
from imsearch.webui.guard.hosts import host_name, is_loopback
from imsearch.webui.guard.sub_path import prefix_of
from imsearch.webui.problem import Problem

if TYPE_CHECKING:
    from imsearch.settings import Settings

SECONDS = 0.5
"""Seconds for counting the pictures of all listed folders together."""
MOST = 1000
"""Maximum number of folders listed."""
_SUGGESTED, _WORTH = 5, 5
"""Maximum number of suggested folders, and the minimum number of pictures in each."""
_LONGEST = 4096
_MACHINE_MADE = frozenset(("@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"))
_FORWARDED = frozenset(("forwarded", "via", "x-real-ip"))
_HIDDEN = getattr(stat, "UF_HIDDEN", 0), getattr(stat, "FILE_ATTRIBUTE_HIDDEN", 0)
_NOT_HERE = "There is no such folder among those that can be added. Start again from the list of your folders."


@dataclass(frozen=True, slots=True)
class Found:
    """A folder with the number of pictures in it and below; more: True if counting was cut short."""

    path: Path
    name: str
    pictures: int
    more: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """The listing of a place.

    here: the place itself, None for the list of roots.  parent: the place above it; None for a root.
    folders: in it, by name.  suggested: those most likely to be picture collections.
    """

    here: Found | None
    parent: Path | None
    folders: Sequence[Found]
    suggested: Sequence[Found]


class Picker:
    """Lists folders.  Safe for several threads.

    more: roots besides the usual ones.  library: the library's folder, which cannot be added.
    """

    def __init__(
        self, library: Path, more: Sequence[Path] = (), usual: Callable[[], Sequence[Path]] | None = None
    ) -> None:
        self._library, self._more, self._usual = library.resolve(), more, usual or usual_roots

    def roots(self) -> list[Path]:
        """Return the existing roots, with links resolved, and without those inside another one."""
        found: dict[Path, None] = {}
        for root in (*self._usual(), *self._more):
            try:
                real = root.resolve(strict=True)
            except (OSError, RuntimeError):  # a missing disk, or a circular link
                continue
            if real.is_dir():
                found[real] = None
        return [root for root in found if not found.keys() & set(root.parents)]

    def check(self, path: str) -> Path:
        """Return the folder of this path, if it may be added.

        Raises the same 404 for one that may not and a missing one.
        """
        try:
            real = self._real(path, self.roots())
        except (OSError, ValueError, RuntimeError):
            real = None
        if real is None:
            raise Problem(404, _NOT_HERE)
        return real

    def look(self, path: str | None = None) -> Listing:
        """Return the listing of a place, or the roots; raises a 404 for any place that is not below them."""
        until = time.monotonic() + SECONDS
        roots = self.roots()
        if path is None:
            inside = {root: self._inside(root, roots) for root in roots}
            candidates = [each for folders in inside.values() for each in folders][:MOST]
            suggested = sorted(self._counted(candidates, until), key=lambda each: (-each.pictures, each.name))
            likely = [each for each in suggested if each.pictures >= _WORTH][:_SUGGESTED]
            return Listing(None, None, [Found(root, _name(root), 0, False) for root in roots], likely)
        here = self.check(path)
        folders = self._counted(self._inside(here, roots)[:MOST], until)
        pictures, more = _count(here, time.monotonic() + SECONDS)
        parent = None if here in roots else here.parent
        return Listing(Found(here, _name(here), pictures, more), parent, folders, ())

    def _inside(self, folder: Path, roots: Sequence[Path]) -> list[Path]:
        """Return the subfolders of a folder, without hidden ones and without links that lead out of the roots."""
        found: dict[Path, None] = {}
        for entry in _entries(folder):
            try:
                path = os.fsencode(entry.path).decode()  # an undecodable name cannot be sent back
                if not _is_hidden(entry.name, entry.stat(follow_symlinks=False)) and entry.is_dir():
                    real = self._real(os.path.realpath(path, strict=True), roots)
                    if real is not None:
                        found[real] = None
            except (OSError, ValueError):
                continue
        return sorted(found, key=lambda path: (path.name.casefold(), path.name))

    def _real(self, path: str, roots: Sequence[Path]) -> Path | None:
        """Resolve a folder; None if it is in no root, hidden, or not a place for pictures."""
        given = Path(path)
        if len(path) > _LONGEST or "\0" in path or not given.is_absolute() or ".." in given.parts:
            return None
        if not any(given == root or root in given.parents for root in roots):
            return None
        real = given.resolve(strict=True)
        root = next((root for root in roots if real == root or root in real.parents), None)
        if root is None or not real.is_dir() or real == self._library or self._library in real.parents:
            return None
        below = [real, *real.parents][: len(real.parts) - len(root.parts)]
        return None if any(_is_hidden(each.name, each.lstat()) for each in below) else real

    def _counted(self, folders: Sequence[Path], until: float) -> list[Found]:
        """Add the number of pictures; each folder gets its share of the time."""
        found = []
        for place, folder in enumerate(folders):
            now = time.monotonic()
            pictures, more = _count(folder, now + max(0.0, until - now) / (len(folders) - place))
            found.append(Found(folder, _name(folder), pictures, more))
        return found


def picker_for(settings: Settings, own: Path, *, only_here: bool, proxy: str | None, prefix: str) -> Picker | None:
    """Return a picker, or None if others than this machine can reach the server.

    own: the library's folder on this machine.  only_here: True if only this machine reaches the server.  proxy, prefix:
    of a reverse proxy, if there is one.
    """
    if not only_here or proxy or prefix or settings.allowed_hosts:
        return None
    return Picker(own, settings.allowed_roots)


def comes_from_here(scope: Scope) -> bool:
    """Return True if a request was made on this machine, under one of its own names, and not forwarded."""
    headers = Headers(scope=scope)
    forwarded = any(name in _FORWARDED or name.startswith("x-forwarded") for name in headers)
    client = scope["client"][0] if scope.get("client") else ""
    host = host_name(headers.get("host", "")) or ""
    return is_loopback(client) and is_loopback(host) and not forwarded and not prefix_of(scope)


def usual_roots() -> list[Path]:
    """Return the user's home, and the disks that are mounted now."""
    home = Path.home()
    roots = [] if home == Path(home.anchor) else [home]
    if sys.platform == "win32":
        return [*roots, *(drive for letter in "DEFGHIJKLMNOPQRSTUVWXYZ" if (drive := Path(f"{letter}:\\")).exists())]
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        user = ""
    places = ["/Volumes", "/mnt", "/media", *(f"{place}/{user}" for place in ("/media", "/run/media") if user)]
    disks = [Path(entry.path) for place in places for entry in _entries(Path(place)) if _is_disk(entry.path)]
    return [*roots, *sorted(disks)]


def _is_disk(path: str) -> bool:
    try:
        return not os.path.islink(path) and os.path.ismount(path)  # noqa: PTH114 - of an entry's path
    except OSError:
        return False


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a folder; none if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return


def _is_hidden(name: str, status: os.stat_result) -> bool:
    flags, attributes = getattr(status, "st_flags", 0), getattr(status, "st_file_attributes", 0)
    marked = flags & _HIDDEN[0] or attributes & _HIDDEN[1]
    return name.startswith(".") or name.casefold() in _MACHINE_MADE or bool(marked)


def _count(folder: Path, until: float) -> tuple[int, bool]:
    """Count the pictures in a folder and below; True if time ran out.  Links are not followed."""
    pictures, waiting = 0, [folder]
    while waiting:
        for entry in _entries(waiting.pop()):
            if time.monotonic() > until:
                return pictures, True
            try:
                if entry.name.startswith(".") or entry.name.casefold() in _MACHINE_MADE:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122 - of a name, in half the time
                    pictures += 1
            except OSError:
                continue
    return pictures, False


def _name(path: Path) -> str:
    return path.name or str(path)
