"""Globs that leave files and folders out of a run: of the settings, of ``--exclude`` and of ``.imsearchignore`` files.

They read as those of gitignore do; the library pathspec matches them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pathspec import GitIgnoreSpec

from imsearch.errors import ImsearchError

IGNORE_NAME = ".imsearchignore"
"""A file of this name says what is left out below the folder that it lies in."""

_MOST_BYTES = 1 << 20
"""Of such a file; what comes behind is not read."""

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Globs:
    """Globs that count below a folder, whose path ends with a separator."""

    base: str
    spec: GitIgnoreSpec

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Return whether a path below the folder is left out; None when no glob names it, False when taken back in."""
        return self.spec.check_file(path[len(self.base) :] + "/" * is_folder).include


@dataclass(frozen=True, slots=True)
class Scope:
    """The globs that count in one folder, those that win first."""

    globs: tuple[_Globs, ...] = ()
    _above: int = 0  # so many of them win over those of any file

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Return whether a path in this folder is left out; None when no glob names it, False when taken back in."""
        for globs in self.globs:
            verdict = globs.verdict(path, is_folder)
            if verdict is not None:
                return verdict
        return None

    def with_file_in(self, folder: str, note: Note) -> Self:
        """Return these globs together with those of the file in that folder, which win over those of folders above."""
        spec = _read(Path(folder, IGNORE_NAME), note)
        if not spec:
            return self
        globs = _Globs(os.path.join(folder, ""), spec)  # noqa: PTH118 - ends with a separator
        return replace(self, globs=(*self.globs[: self._above], globs, *self.globs[self._above :]))


class Exclusions:
    """The globs of a run."""

    def __init__(self, settings: Sequence[str] = (), options: Sequence[str] = ()) -> None:
        """settings: those that always count.  options: those of this run, which win over all others.

        Raises ImsearchError for one that cannot be used.
        """
        self._settings, self._options = tuple(settings), tuple(options)
        for glob in (*settings, *options):
            check_glob(glob)

    def below(self, root: Path, note: Note) -> Scope:
        """Return the globs that count below a root of a run, together with those of files in the folders above it."""
        base = os.path.join(root, "")  # noqa: PTH118 - ends with a separator
        options, settings = (
            (_Globs(base, GitIgnoreSpec.from_lines(_anchored(glob, base) for glob in globs)),) if globs else ()
            for globs in (self._options, self._settings)
        )
        scope = Scope((*options, *settings), len(options))
        for folder in reversed(root.parents):
            if not os.path.lexists(folder / IGNORE_NAME):
                continue
            more = scope.with_file_in(os.fspath(folder), note)
            # A root that was named is taken, whatever a file above it says; then that file says nothing of it.
            if more is not scope and not more.globs[len(options)].verdict(os.fspath(root), is_folder=True):
                scope = more
        return scope


def check_glob(glob: str) -> None:
    """Raise ImsearchError for a glob of the user that cannot be used."""
    try:
        if not glob.strip() or "\n" in glob or "\0" in glob:
            raise ValueError("it names nothing")
        GitIgnoreSpec.from_lines([_anchored(glob, "")])
    except (ValueError, re.error) as error:
        raise ImsearchError(
            f"the pattern {glob!r} cannot be used to exclude files: {error}. It is written as in a .gitignore file: "
            '*.png, drafts/ or /2020/drafts, and "!" before it takes something back in.'
        ) from error


def _anchored(glob: str, base: str) -> str:
    """A glob as gitignore reads it; what starts with ``#`` is a name here, and a whole path is cut at the root."""
    sign, glob = ("!", glob[1:]) if glob.startswith("!") else ("", glob)
    glob = os.path.expanduser(glob) if glob.startswith("~/") else glob  # noqa: PTH111 - it is a glob
    if base and glob.startswith(base):
        glob = "/" + glob[len(base) :].replace(os.sep, "/")
    if glob.startswith("./"):
        glob = glob[1:]
    return sign + ("\\" + glob if glob.startswith("#") and not sign else glob)


def _read(path: Path, note: Note) -> GitIgnoreSpec | None:
    """The globs of a file; what of it cannot be used is told and left out."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            lines = file.read(_MOST_BYTES).decode("utf-8-sig", "surrogateescape").splitlines()
    except OSError as error:
        note(f"{path} cannot be read, so nothing is left out by it: {error.strerror or error}")
        return None
    return GitIgnoreSpec.from_lines(_usable(lines, lambda line: note(f"{path}: {line!r} is no pattern; left out")))


def _usable(lines: Iterable[str], refuse: Callable[[str], None]) -> list[str]:
    kept = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error):
            refuse(line)
        else:
            kept.append(line)
    return kept
