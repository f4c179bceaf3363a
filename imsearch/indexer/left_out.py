"""Files and folders that a scan left out, with the reasons."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path


class Reason(StrEnum):
    """The reason for which a file or a folder was left out."""

    HIDDEN = "hidden"
    """Its name begins with a dot."""
    MACHINE = "machine-made"
    """A machine made it: thumbnails, a recycle bin, a cache; see `imsearch.indexer.machine_made`."""
    RULE = "excluded"
    """A glob of the user says so; see `imsearch.indexer.exclusions`."""


MOST_LISTED = 1000
"""So many are named in a report."""


@dataclass(slots=True)
class LeftOut:
    """Folders, and files that are named like pictures, by path; what lies in such a folder is not looked at.

    hidden_files: how many hidden files there were besides; a disk of a Mac holds one beside each picture.
    """

    folders: dict[str, Reason] = field(default_factory=dict)
    files: dict[str, Reason] = field(default_factory=dict)
    hidden_files: int = 0

    def why(self, path: str) -> Reason | None:
        """Return why a path, or a folder that it lies in, was left out; None when it was not, or for a hidden file."""
        if reason := self.files.get(path) or self.folders.get(path):
            return reason
        folder = os.path.dirname(path)  # noqa: PTH120 - asked for many files
        return None if folder == path else self.why(folder)

    def counts(self) -> dict[str, int]:
        """How many folders and files."""
        return {"folders": len(self.folders), "files": len(self.files) + self.hidden_files}

    def listed(self) -> Iterator[tuple[Path, Reason]]:
        """The first of them, folders before files."""
        for path, reason in islice(chain(self.folders.items(), self.files.items()), MOST_LISTED):
            yield Path(path), reason
