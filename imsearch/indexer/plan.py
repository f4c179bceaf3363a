"""Plan a run: which files to read, which to remove, which to leave alone."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.engine.stores.batch import KnownFile
from imsearch.errors import ImsearchError
from imsearch.indexer.absent import Absent, State
from imsearch.indexer.found import FoundFile, look_at
from imsearch.indexer.left_out import Reason
from imsearch.indexer.scan import Scan
from imsearch.records import Failure

if TYPE_CHECKING:
    from imsearch.engine.stores.catalog import CatalogReading


@dataclass(slots=True)
class Plan:
    """The work of a run.

    work: the files to read, with their catalog entries.
    unchanged: number of files that need nothing.
    stamps: unchanged files whose `beside` and `ctime_ns` are not in the catalog yet: path and both.
    lacking: image -> annotators that have not seen it.
    outdated: images whose facts should be read again.
    gone: known files that no longer exist, or that a rule now excludes.
    excluded: number of `gone` files that a rule excludes.
    leaving: image -> paths of its files that have disappeared; a new file with the same bytes was moved
    rather than copied.
    moved: number of those found elsewhere.
    absent: folders whose known files could not be checked.
    left_alone: files that crashed the program or timed out, and are unchanged since.
    """

    work: list[tuple[FoundFile, KnownFile | None]] = field(default_factory=list)
    unchanged: int = 0
    stamps: list[tuple[str, int, int]] = field(default_factory=list)
    lacking: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    outdated: Set[int] = frozenset()
    gone: list[Path] = field(default_factory=list)
    excluded: int = 0
    leaving: dict[int, list[str]] = field(default_factory=dict)
    moved: int = 0
    absent: Absent = field(default_factory=Absent)
    left_alone: list[Failure] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes to read."""
        return sum(found.size for found, _ in self.work)

    def take_move(self, image: int) -> bool:
        """Return True if a file of this image is gone, so that a new one was moved; each counts once."""
        paths = self.leaving.get(image)
        if not paths:
            return False
        self.moved += 1
        path = paths.pop(0)
        if self.absent.found_elsewhere(path):
            self.gone.append(Path(path))
        return True


def refuse_unknown(paths: Sequence[Path], catalog: CatalogReading) -> None:
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
    """Compare the files found with the known ones."""
    plan = Plan(lacking=lacking, outdated=outdated)
    known: dict[str, KnownFile] = {}
    for below in known_by_root.values():
        known.update(below)
    missing = [path for path in scan.missing if not _was_deleted(path, known_by_root.get(path, {}))]
    plan.absent = Absent(missing, scan.empty, scan.unreadable, scan.lost, known_by_root.keys())
    for found in scan.files:
        if _is_left_alone(found, known.get(found.path), known_by_root):
            plan.left_alone.append(Failure(Path(found.path), known.pop(found.path).left_alone))
            continue
        _sort_in(plan, found, known.pop(found.path, None), forget_missing)
    for path, file in known.items():
        _sort_out(plan, scan, path, file, forget_missing)
    return plan


def _sort_out(plan: Plan, scan: Scan, path: str, file: KnownFile, forget_missing: bool) -> None:
    """Decide about a known file that was not found."""
    image = file.image_id
    if scan.left_out.why(path) in (Reason.RULE, Reason.MACHINE):
        plan.gone.append(Path(path))
        plan.excluded += 1
        return
    state = plan.absent.why(path)
    if state is None or state is State.EMPTY:
        # A file with an unusual name may have been indexed by naming it; then it is treated like the others.
        found = look_at(path, ctimes=scan.ctimes)
        if found:
            _sort_in(plan, found, file, forget_missing)
            return
    may_be_elsewhere = state is not None and plan.absent.keep(path)
    if state and (state is State.UNREADABLE or not forget_missing):
        if may_be_elsewhere and image is not None:
            plan.leaving.setdefault(image, []).append(path)
        return
    plan.gone.append(Path(path))
    if image is not None:
        plan.leaving.setdefault(image, []).insert(0, path)


def _sort_in(plan: Plan, found: FoundFile, file: KnownFile | None, forget_missing: bool) -> None:
    if file is None or file.image_id is None:
        plan.work.append((found, file))
        return
    if found.is_unreachable and not forget_missing:
        plan.absent.keep_file(found.path)
        return
    if not file.ctime_ns and file.beside == found.beside_before:
        file = file._replace(beside=found.beside)  # recorded before ctimes were stored
    if (
        not found.reason
        and same_bytes(found, file)
        and file.beside == found.beside
        and file.image_id not in plan.lacking
        and file.image_id not in plan.outdated
    ):
        plan.unchanged += 1
        if found.ctime_ns and not file.ctime_ns:
            plan.stamps.append((found.path, found.beside, found.ctime_ns))
    else:
        plan.work.append((found, file))


def _is_left_alone(found: FoundFile, file: KnownFile | None, roots: Collection[Path]) -> bool:
    """Return True if a file failed for good, is unchanged since, and was not named by the user for another try."""
    if file is None or not file.left_alone or Path(found.path) in roots:
        return False
    return same_bytes(found, file)


def same_bytes(found: FoundFile, file: KnownFile) -> bool:
    """Return True if a file's size and times are those of its last reading.

    An unknown ctime, from an older catalog or a file system without ctimes, is ignored.
    """
    if (file.size, file.mtime_ns) != (found.size, found.mtime_ns):
        return False
    return file.ctime_ns == found.ctime_ns or not file.ctime_ns or not found.ctime_ns


def _was_deleted(root: Path, below: Mapping[str, KnownFile]) -> bool:
    """Return True if a root is a single file that was deleted: its folder exists and is not empty."""
    if len(below) != 1 or os.fspath(root) not in below:
        return False
    try:
        return any(root.parent.iterdir())
    except OSError:
        return False
