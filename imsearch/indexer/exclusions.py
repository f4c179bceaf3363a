"""Globs that exclude files and folders from a run: from the settings, ``--exclude`` and ``.imsearchignore`` files.

The syntax is that of gitignore; the library pathspec matches them.
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
"""Name of the file that holds the globs for its folder and everything below it."""

_MOST_BYTES = 1 << 20
"""Maximum size of such a file in bytes; the rest is not read."""

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Globs:
    """Globs that apply below a folder, whose path ends with a separator."""

    base: str
    spec: GitIgnoreSpec

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Return True if a path below the folder is excluded, False if it is re-included, None if no glob matches."""
        return self.spec.check_file(path[len(self.base) :] + "/" * is_folder).include


@dataclass(frozen=True, slots=True)
class Scope:
    """The globs that apply in one folder, in order of precedence."""

    globs: tuple[_Globs, ...] = ()
    _above: int = 0  # number of globs that take precedence over those of files

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Return True if a path in this folder is excluded, False if it is re-included, None if no glob matches."""
        for globs in self.globs:
            verdict = globs.verdict(path, is_folder)
            if verdict is not None:
                return verdict
        return None

    def with_file_in(self, folder: str, note: Note) -> Self:
        """Return these globs and those of the file in that folder, which override those of parent folders."""
        spec = _read(Path(folder, IGNORE_NAME), note)
        if not spec:
            return self
        globs = _Globs(os.path.join(folder, ""), spec)  # noqa: PTH118 - ends with a separator
        return replace(self, globs=(*self.globs[: self._above], globs, *self.globs[self._above :]))


class Exclusions:
    """The globs of a run."""

    def __init__(self, settings: Sequence[str] = (), options: Sequence[str] = ()) -> None:
        """settings: those that always apply.  options: those of this run, which override all others.

        Raises ImsearchError for an invalid one.
        """
        self._settings, self._options = tuple(settings), tuple(options)
        for glob in (*settings, *options):
            check_glob(glob)

    def below(self, root: Path, note: Note) -> Scope:
        """Return the globs that apply below a root of a run, including those of files in its parent folders."""
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
            # A root named by the user is included even if a file above excludes it; that file is then ignored.
            if more is not scope and not more.globs[len(options)].verdict(os.fspath(root), is_folder=True):
                scope = more
        return scope


def check_glob(glob: str) -> None:
    """Raise ImsearchError for an invalid glob from the user."""
    try:
        if not glob.strip() or "\n" in glob or "\0" in glob:
            raise ValueError("it names nothing")
        GitIgnoreSpec.from_lines([_anchored(glob, "")])
    except (ValueError, re.error) as error:
        raise ImsearchError(
            f"the pattern {glob!r} cannot be used to exclude files: {error}. It is written as in a .gitignore file: "
            '*.png, drafts/ or /2020/drafts, and a leading "!" re-includes files.'
        ) from error


def _anchored(glob: str, base: str) -> str:
    """Translate a glob to gitignore syntax; a leading ``#`` is literal, absolute paths become relative to the root."""
    sign, glob = ("!", glob[1:]) if glob.startswith("!") else ("", glob)
    glob = os.path.expanduser(glob) if glob.startswith("~/") else glob  # noqa: PTH111 - it is a glob
    if base and glob.startswith(base):
        glob = "/" + glob[len(base) :].replace(os.sep, "/")
    if glob.startswith("./"):
        glob = glob[1:]
    return sign + ("\\" + glob if glob.startswith("#") and not sign else glob)


def _read(path: Path, note: Note) -> GitIgnoreSpec | None:
    """Return the globs of a file; invalid ones are reported and left out."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            lines = file.read(_MOST_BYTES).decode("utf-8-sig", "surrogateescape").splitlines()
    except OSError as error:
        note(f"{path} cannot be read, so it excludes nothing: {error.strerror or error}")
        return None
    return GitIgnoreSpec.from_lines(
        _usable(lines, lambda line: note(f"{path}: {line!r} is not a valid pattern; ignored"))
    )


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
