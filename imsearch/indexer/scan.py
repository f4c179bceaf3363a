"""Scan folders for files that look like pictures, recording those excluded and those that could not be accessed."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter, deque
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from imsearch.indexer.exclusions import IGNORE_NAME, Exclusions, Note, Scope
from imsearch.indexer.found import LOST, FoundFile, look_at
from imsearch.indexer.left_out import LeftOut, Reason
from imsearch.indexer.machine_made import holds_nothing, is_machine_file, is_machine_folder, is_own_folder, own_folders
from imsearch.pictures.kinds import ENDINGS as NOT_READ
from imsearch.pictures.metadata.beside import Sidecars, is_sidecar
from imsearch.pictures.picture import SUFFIXES
from imsearch.pictures.raw import RAW_SUFFIXES

CANDIDATES = SUFFIXES | RAW_SUFFIXES
"""Raw files that cannot be read may still belong to a picture; see `imsearch.indexer.pairs`."""


@dataclass(slots=True)
class Scan:
    """The result of scanning folders and files.

    files: candidates, without repeats, in a stable order.
    missing: roots that do not exist, and links to missing folders.  empty: folders without entries of the
    user: none at all, or only those that systems create.  unreadable: folders, roots included, that could
    not be listed, and anything that could not be accessed; lost: those of them whose disk or server no longer answers.
    left_out: excluded by rules.  not_read: files of unsupported kinds, by file name ending.  ctimes: True if the
    ctimes of files were recorded.
    """

    files: list[FoundFile] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)
    empty: list[Path] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)
    lost: list[Path] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)
    not_read: Counter[str] = field(default_factory=Counter)
    ctimes: bool = True


def absolute(paths: Sequence[Path]) -> list[Path]:
    """Return absolute paths without repeats; symbolic links are not resolved."""
    return list(dict.fromkeys(Path(os.path.abspath(path)) for path in paths))  # noqa: PTH100 - resolve() follows links


def outermost(paths: Sequence[Path]) -> list[Path]:
    """Return the absolute paths that are not inside another one."""
    folders = set(paths)
    return [path for path in paths if not folders.intersection(path.parents)]


class _Folder(NamedTuple):
    """A folder to walk.

    takes_files: True to include machine-made files, because the user named a machine-made folder.
    """

    path: str
    scope: Scope
    takes_files: bool = False


class _Here(NamedTuple):
    """The state of a folder while its entries are visited.

    name: in lower case.  own: internal folders of programs in it.  sidecars: its potential sidecar files.
    """

    folder: _Folder
    name: str
    own: Set[str]
    sidecars: Sidecars


class Scanner:
    """Walks folders; one instance per run.

    Names that begin with a dot are excluded, as are machine-made ones and those matching the user's globs; files
    without a picture's suffix are passed over.  Roots are included whatever their names.  Links are followed, but no
    folder is walked twice: a link into a folder that is walked anyway adds nothing, and a link to its own parent does
    not loop.
    """

    def __init__(
        self, exclusions: Exclusions | None = None, note: Note = lambda _: None, *, ctimes: bool = True
    ) -> None:
        """note: called with problems of ignore files.  ctimes: True if they indicate changes."""
        self.found = Scan(ctimes=ctimes)
        self._exclusions, self._note = exclusions or Exclusions(), note
        self._walked: set[tuple[int, int]] = set()
        self._links: deque[_Folder] = deque()

    def scan(self, roots: Sequence[Path], named: Sequence[Path] = (), known: Sequence[Path] = ()) -> Iterator[int]:
        """Fill `found`, yielding the number of candidates so far after each folder.

        roots: none inside another one.  named: other paths named by the user, inside the roots; included even where a
        rule excludes them.  known: folders named in other runs; included unless the user's globs exclude them.
        """
        for root in roots:
            yield from self._root(root)
        # Links come last, so that a folder is recorded under its own path if it has one below the roots.
        yield from self._follow_links()
        for path in named:
            if self._was_left_out(path):
                yield from self._root(path)
        for path in known:
            if self.found.left_out.why(os.fspath(path)) in (Reason.HIDDEN, Reason.MACHINE):
                yield from self._root(path)
        yield from self._follow_links()

    def _follow_links(self) -> Iterator[int]:
        while self._links:
            yield from self._walk(self._links.popleft())

    def _was_left_out(self, path: Path) -> bool:
        """Return True if a walk would pass over this path."""
        unusual = path.name.startswith(".") or path.suffix.lower() not in SUFFIXES
        return self.found.left_out.why(os.fspath(path)) is not None or (unusual and not path.is_dir())

    def _root(self, root: Path) -> Iterator[int]:
        self.found.left_out.folders.pop(os.fspath(root), None)
        self.found.left_out.files.pop(os.fspath(root), None)
        try:
            mode = root.stat().st_mode
        except OSError as error:
            self._unreachable_root(root, error)
            return
        if not stat.S_ISDIR(mode):
            self._add(os.fspath(root), None)
            yield len(self.found.files)
            return
        names = [folder.name.lower() for folder in (root, *root.parents)]
        in_machines = any(is_machine_folder(*pair) for pair in pairwise(names))
        scope = self._exclusions.below(root, self._note)
        yield from self._walk(_Folder(os.fspath(root), scope, in_machines), is_root=True)

    def _unreachable_root(self, root: Path, error: OSError) -> None:
        gone = error.errno in (errno.ENOENT, errno.ENOTDIR)
        if root.suffix.lower() in SUFFIXES and not (gone and not root.is_symlink()):
            self._add(os.fspath(root), None)
        elif gone:
            self.found.missing.append(root)
        else:
            self._refused(root, error)

    def _refused(self, path: Path, error: OSError) -> None:
        self.found.unreadable.append(path)
        if error.errno in LOST:
            self.found.lost.append(path)

    def _walk(self, top: _Folder, is_root: bool = False) -> Iterator[int]:
        folders = [top]
        while folders:
            folder = folders.pop()
            entries = self._list(folder.path)
            if entries is None:
                continue
            names = {entry.name for entry in entries}
            name = os.path.basename(folder.path).lower()  # noqa: PTH119 - paths stay plain text here, for speed
            if is_own_folder(folder.path, name, names) and not (is_root and folder is top):
                self.found.left_out.folders[folder.path] = Reason.MACHINE
                continue
            if all(map(holds_nothing, names)):
                self.found.empty.append(Path(folder.path))
            if IGNORE_NAME in names:
                folder = folder._replace(scope=folder.scope.with_file_in(folder.path, self._note))
            sidecars = Sidecars(name for name in names if is_sidecar(name))
            here = _Here(folder, name, own_folders(names), sidecars)
            folders += reversed([inner for entry in entries if (inner := self._entry(entry, here))])
            yield len(self.found.files)

    def _list(self, folder: str) -> list[os.DirEntry[str]] | None:
        """Return the entries of a folder sorted by name; None if it was listed already or cannot be."""
        try:
            status = os.stat(folder)  # noqa: PTH116
            if (status.st_dev, status.st_ino) in self._walked:
                return None
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            # Also a folder that has just vanished: its files do not count as deleted in this run.
            self._refused(Path(folder), error)
            return None
        self._walked.add((status.st_dev, status.st_ino))
        return entries

    def _entry(self, entry: os.DirEntry[str], here: _Here) -> _Folder | None:
        """Handle a folder entry, recording files and links; return a folder to walk."""
        ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            is_link = not is_folder and entry.is_symlink()
            leads_to_folder = is_link and entry.is_dir()
        except OSError as error:
            # A circular link or one that cannot be followed; it is reported if it has a picture's name.
            is_folder = leads_to_folder = False
            is_link = ending in CANDIDATES
            if not is_link and not entry.name.startswith("."):
                if error.errno != errno.ELOOP:
                    self._refused(Path(entry.path), error)
                return None
        if not is_folder and not leads_to_folder:
            self._file(entry, ending, is_link, here)
            return None
        if reason := _why_not(entry, True, here):
            self.found.left_out.folders[entry.path] = reason
            return None
        folder = here.folder._replace(path=entry.path)
        if is_folder:
            return folder
        self._links.append(folder)
        return None

    def _file(self, entry: os.DirEntry[str], ending: str, is_link: bool, here: _Here) -> None:
        """Record a file with a picture's name, or count it."""
        if ending in CANDIDATES:
            reason = _why_not(entry, False, here)
            if reason is None:
                self._add(entry.path, entry, here.sidecars)
            elif reason is Reason.HIDDEN:
                self.found.left_out.hidden_files += 1
            else:
                self.found.left_out.files[entry.path] = reason
        elif is_link and not os.path.exists(entry.path):  # noqa: PTH110
            self.found.missing.append(Path(entry.path))  # possibly a folder on an unmounted disk
        elif ending in NOT_READ and _why_not(entry, False, here) is None:
            self.found.not_read[ending] += 1

    def _add(self, path: str, entry: os.DirEntry[str] | None, sidecars: Sidecars | None = None) -> None:
        found = look_at(path, entry, sidecars, ctimes=self.found.ctimes)
        if found:
            self.found.files.append(found)


def _why_not(entry: os.DirEntry[str], is_folder: bool, here: _Here) -> Reason | None:
    """Return why an entry is excluded; None when it is included."""
    if here.folder.scope.globs:
        verdict = here.folder.scope.verdict(entry.path, is_folder)
        if verdict is not None:
            return Reason.RULE if verdict else None
    name = entry.name.lower()
    if name.startswith("."):
        return Reason.HIDDEN
    if is_folder:
        machine = name in here.own or is_machine_folder(name, here.name)
    else:
        machine = is_machine_file(name) and not here.folder.takes_files
    return Reason.MACHINE if machine else None
