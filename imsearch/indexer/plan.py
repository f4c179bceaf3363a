"""What a run has to do: which files to read, which to forget, which to leave alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.engine.batch import KnownFile
from imsearch.errors import ImsearchError
from imsearch.indexer.scan import FoundFile, Scan, look_at

if TYPE_CHECKING:
    from imsearch.engine.catalog import Catalog


@dataclass(slots=True)
class Plan:
    """What is to be done.

    work: the files to read, with what the catalog knows of each.
    unchanged: how many files need nothing.
    lacking: for images of the catalog, the annotators that have not seen them.
    outdated: the images of the catalog whose facts should be read again.
    gone: known files that are no longer there.
    leaving: the images of those files; a new file with the same bytes was moved rather than copied.
    missing: roots that are known but not there, or empty where files were known; nothing below them is forgotten.
    """

    work: list[tuple[FoundFile, KnownFile | None]] = field(default_factory=list)
    unchanged: int = 0
    lacking: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    outdated: Set[int] = frozenset()
    gone: list[Path] = field(default_factory=list)
    leaving: set[int] = field(default_factory=set)
    missing: list[Path] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The bytes to read."""
        return sum(found.size for found, _ in self.work)


def refuse_unknown(paths: Sequence[Path], catalog: Catalog) -> None:
    """Raise ImsearchError for a path that neither exists nor is known."""
    for path in paths:
        if not os.path.lexists(path) and not catalog.known_files(path):
            raise ImsearchError(f"{path} does not exist or cannot be reached. Check the path; nothing was indexed.")


def make_plan(
    scan: Scan,
    known_by_root: Mapping[Path, Mapping[str, KnownFile]],
    lacking: Mapping[int, tuple[str, ...]],
    forget_missing: bool,
    outdated: Set[int] = frozenset(),
) -> Plan:
    """Compare what was found with what is known."""
    plan = Plan(lacking=lacking, outdated=outdated)
    kept = set(scan.unreadable)
    known: dict[str, KnownFile] = {}
    for root, below in known_by_root.items():
        known.update(below)
        if below and root in (*scan.missing, *scan.empty) and not _was_deleted(root, below):
            plan.missing.append(root)
            if not forget_missing:
                kept.add(root)
    for found in scan.files:
        _sort_in(plan, found, known.pop(found.path, None))
    # What is left was known and not found.  Mostly it was deleted, but a file with an unusual name may also have been
    # indexed by naming it; then it is still there and is treated like the others.
    for path, file in known.items():
        if kept and (Path(path) in kept or not kept.isdisjoint(Path(path).parents)):
            continue
        found_again = look_at(path)
        if found_again:
            _sort_in(plan, found_again, file)
        else:
            plan.gone.append(Path(path))
            if file.image_id is not None:
                plan.leaving.add(file.image_id)
    return plan


def _sort_in(plan: Plan, found: FoundFile, file: KnownFile | None) -> None:
    known = file is not None and file.image_id is not None and not found.reason and same_bytes(found, file)
    if (
        known
        and file is not None
        and file.beside == found.beside
        and file.image_id not in plan.lacking
        and file.image_id not in plan.outdated
    ):
        plan.unchanged += 1
    else:
        plan.work.append((found, file))


def same_bytes(found: FoundFile, file: KnownFile) -> bool:
    """Whether a file looks as it did when it was last read."""
    return (file.size, file.mtime_ns) == (found.size, found.mtime_ns)


def _was_deleted(root: Path, below: Mapping[str, KnownFile]) -> bool:
    """Whether a missing root is a single file, deleted from a folder that is there and not empty."""
    if list(below) != [os.fspath(root)]:
        return False
    try:
        return any(root.parent.iterdir())
    except OSError:
        return False
