"""Folders of pictures that can be added from the pages: those below a few roots, and nothing else of this machine.

Whoever may use the pages of a server on loopback sits at the machine, or comes through a tunnel of its owner's.  All
the same no name of a file leaves this module, and no folder outside of the roots can be told to exist.
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
"""For counting the pictures of all folders that are listed together."""
MOST = 1000
"""Folders that are listed."""
_SUGGESTED, _WORTH = 5, 5
"""So many folders are suggested, each with at least so many pictures."""
_LONGEST = 4096
_MACHINE_MADE = frozenset(("@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"))
_FORWARDED = frozenset(("forwarded", "via", "x-real-ip"))
_HIDDEN = getattr(stat, "UF_HIDDEN", 0), getattr(stat, "FILE_ATTRIBUTE_HIDDEN", 0)
_NOT_HERE = "There is no such folder among those that can be added. Start again with your own folders."


@dataclass(frozen=True, slots=True)
class Found:
    """A folder: how many pictures lie in it and below; more: whether counting them was given up there."""

    path: Path
    name: str
    pictures: int
    more: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """What can be seen at a place.

    here: the place itself, None where the roots are listed.  parent: the place above it; None above a root.
    folders: in it, by name.  suggested: those that look most like collections of pictures.
    """

    here: Found | None
    parent: Path | None
    folders: Sequence[Found]
    suggested: Sequence[Found]


class Picker:
    """Lists folders.  Several threads may use one.

    more: roots beside the usual ones.  library: the folder of the library, which is no place for pictures.
    """

    def __init__(
        self, library: Path, more: Sequence[Path] = (), usual: Callable[[], Sequence[Path]] | None = None
    ) -> None:
        self._library, self._more, self._usual = library.resolve(), more, usual or usual_roots

    def roots(self) -> list[Path]:
        """The roots that are there now, without links, and without those inside another one."""
        found: dict[Path, None] = {}
        for root in (*self._usual(), *self._more):
            try:
                real = root.resolve(strict=True)
            except (OSError, RuntimeError):  # gone, or a link in a circle
                continue
            if real.is_dir():
                found[real] = None
        return [root for root in found if not found.keys() & set(root.parents)]

    def check(self, path: str) -> Path:
        """The folder of this path, if it may be added.  Raises a 404, the same whether it is there or not."""
        try:
            real = self._real(path, self.roots())
        except (OSError, ValueError, RuntimeError):
            real = None
        if real is None:
            raise Problem(404, _NOT_HERE)
        return real

    def look(self, path: str | None = None) -> Listing:
        """What lies at a place, or the roots; raises a 404 for any place that is not below them."""
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
        """The folders in one, without what is hidden and without links that lead out of the roots."""
        found: dict[Path, None] = {}
        for entry in _entries(folder):
            try:
                path = os.fsencode(entry.path).decode()  # what is no text cannot be sent back
                if not _is_hidden(entry.name, entry.stat(follow_symlinks=False)) and entry.is_dir():
                    real = self._real(os.path.realpath(path, strict=True), roots)
                    if real is not None:
                        found[real] = None
            except (OSError, ValueError):
                continue
        return sorted(found, key=lambda path: (path.name.casefold(), path.name))

    def _real(self, path: str, roots: Sequence[Path]) -> Path | None:
        """The folder, free of links; None where it lies in no root, is hidden, or is no place for pictures."""
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
        """With the number of their pictures; each gets its share of the time."""
        found = []
        for place, folder in enumerate(folders):
            now = time.monotonic()
            pictures, more = _count(folder, now + max(0.0, until - now) / (len(folders) - place))
            found.append(Found(folder, _name(folder), pictures, more))
        return found


def picker_for(settings: Settings, *, only_here: bool, proxy: str | None, prefix: str) -> Picker | None:
    """What adds folders from the pages, where nobody but this machine itself can ask for it.

    only_here: whether only this machine reaches the server.  proxy, prefix: of a reverse proxy, if there is one.
    """
    if not only_here or proxy or prefix or settings.allowed_hosts:
        return None
    return Picker(settings.library, settings.allowed_roots)


def comes_from_here(scope: Scope) -> bool:
    """Whether a request was made on this machine, under a name of its own, and handed on by nobody."""
    headers = Headers(scope=scope)
    forwarded = any(name in _FORWARDED or name.startswith("x-forwarded") for name in headers)
    client = scope["client"][0] if scope.get("client") else ""
    host = host_name(headers.get("host", "")) or ""
    return is_loopback(client) and is_loopback(host) and not forwarded and not prefix_of(scope)


def usual_roots() -> list[Path]:
    """The user's home, and the disks that are mounted now."""
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
    """What lies in a folder; nothing where it cannot be listed."""
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
    """The pictures in a folder and below, and whether there was no time for all.  Links are not followed."""
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
