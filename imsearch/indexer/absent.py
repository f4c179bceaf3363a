"""Known files that a run could not check, because their disk is not mounted or their folder cannot be read.

They are kept, since an unmounted disk looks like a folder whose pictures were all deleted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Set
from enum import StrEnum
from pathlib import Path


class State(StrEnum):
    """A folder's problem, worded to follow its name."""

    MISSING = "is missing"
    EMPTY = "is empty"
    UNREADABLE = "cannot be read"
    LOST = "does not answer"
    UNREACHABLE = "leads to files that cannot be reached"
    """Problem of a folder that contains links to unreachable files, or files that cannot be accessed."""


DISKS = {"/media": 2, "/run/media": 2, "/mnt": 1, "/Volumes": 1}
"""Mount points that disappear with their disk: parent folder -> depth below it."""


class Absent:
    """Decides for each known file whether it may be on an unavailable disk, and counts such files by folder."""

    def __init__(
        self,
        missing: Iterable[Path] = (),
        empty: Iterable[Path] = (),
        unreadable: Iterable[Path] = (),
        lost: Iterable[Path] = (),
        roots: Set[Path] = frozenset(),
    ) -> None:
        """missing, empty, unreadable, lost: as in `Scan`.  roots: the folders that were scanned."""
        self._states = {os.fspath(path): State.MISSING for path in missing}
        self._states.update((os.fspath(path), State.EMPTY) for path in empty)
        self._states.update((os.fspath(path), State.UNREADABLE) for path in unreadable)
        self._states.update((os.fspath(path), State.LOST) for path in lost)
        self._roots = roots
        self._folders: dict[str, tuple[str, State] | None] = {}
        self._held: dict[str, str] = {}
        self.counts: dict[tuple[Path, State], int] = {}

    def why(self, path: str) -> State | None:
        """Return why a known file that was not found may still exist; None when it is gone."""
        found = self._at(path)
        return found and found[1]

    def keep(self, path: str) -> bool:
        """Count a file for which `why` gives a reason; return True if it may have been moved out of its folder.

        Files of a folder that is now empty may have been moved; an empty root is more likely an unmounted disk.
        """
        found = self._at(path)
        assert found is not None
        place, state = found
        self._count(place, state, 1)
        if state is State.EMPTY and Path(place) not in self._roots:
            self._held[path] = place
            return True
        return False

    def keep_file(self, path: str) -> None:
        """Count a known file that exists but cannot be accessed."""
        self._count(os.path.dirname(path), State.UNREACHABLE, 1)  # noqa: PTH120 - plain text, as scans have it

    def found_elsewhere(self, path: str) -> bool:
        """Stop counting a kept file, since it was found elsewhere; return True if it was counted."""
        place = self._held.pop(path, None)
        if place is None:
            return False
        self._count(place, State.EMPTY, -1)
        return True

    def missing(self) -> list[Path]:
        """The folders and files that are missing, empty, or dead links, with known files below them."""
        told = (State.UNREADABLE, State.LOST)  # reported by the scan
        return list(dict.fromkeys(place for place, state, _ in self.places() if state not in told))

    def places(self) -> list[tuple[Path, State, int]]:
        """Return folders, the problem of each, and the number of known files affected."""
        return [(place, state, number) for (place, state), number in self.counts.items() if number]

    def notes(self, forgotten: bool, chosen: Callable[[Path], bool]) -> list[str]:
        """Return notes for the user on the chosen folders.  forgotten: True if their pictures are removed."""
        notes = []
        for place, state, number in self.places():
            kept_anyway = state is State.UNREADABLE or (state is State.LOST and not forgotten)
            if kept_anyway or not chosen(place):
                continue
            fate = "forgotten" if forgotten else "kept (an unplugged disk?)"
            what = "its picture is" if number == 1 else f"its {number:,} pictures are"
            notes.append(f"{place} {state}; {what} {fate}")
        return notes

    def _count(self, place: str, state: State, number: int) -> None:
        key = Path(place), state
        self.counts[key] = self.counts.get(key, 0) + number

    def _at(self, path: str) -> tuple[str, State] | None:
        """Return the nearest folder of a path, or the path itself, that has a problem."""
        if state := self._states.get(path):
            return path, state
        folder = os.path.dirname(path)  # noqa: PTH120
        if folder == path:
            return None
        if folder not in self._folders:
            self._folders[folder] = self._at(folder) or _unplugged(folder)
        return self._folders[folder]


def _unplugged(folder: str) -> tuple[str, State] | None:
    """Return the missing mount point that a folder lies below, if any."""
    for base, depth in DISKS.items():
        if folder.startswith(base + "/"):
            parts = folder[len(base) + 1 :].split("/")
            for number in range(1, min(depth, len(parts)) + 1):
                place = "/".join((base, *parts[:number]))
                if not os.path.lexists(place):
                    return place, State.MISSING
    return None
