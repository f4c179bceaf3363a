"""Progress events and the final report of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from imsearch.indexer.item import Item, Outcome
from imsearch.indexer.left_out import LeftOut
from imsearch.indexer.profile import Profile
from imsearch.records import Failure


class Observer(Protocol):
    """An observer of a run.  Calls come one at a time, from the writing thread; they should return quickly."""

    def scanned(self, files: int) -> None:
        """Number of pictures found so far."""

    def planned(self, files: int, size: int) -> None:
        """Number and total bytes of the files to read."""

    def done(self, files: int, size: int) -> None:
        """Number and bytes of planned files just finished and stored."""

    def indexed(self, paths: Sequence[Path]) -> None:
        """The new tags of the pictures at these paths are committed."""

    def profiled(self, profile: Profile) -> None:
        """The time of the run so far, by stage."""

    def note(self, text: str) -> None:
        """A note for the user."""

    def failed(self, failure: Failure) -> None:
        """A file failed, or an annotator on it."""


class SilentObserver:
    """An observer that does nothing; a base class for those that need only some of the calls."""

    def scanned(self, files: int) -> None: ...
    def planned(self, files: int, size: int) -> None: ...
    def done(self, files: int, size: int) -> None: ...
    def indexed(self, paths: Sequence[Path]) -> None: ...
    def profiled(self, profile: Profile) -> None: ...
    def note(self, text: str) -> None: ...
    def failed(self, failure: Failure) -> None: ...


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run, counted in files.

    `found` counts all existing pictures, `annotated` those that at least one annotator succeeded on, `reread`
    those of which only date, camera, place and texts were read again, `read` and `bytes_read` the files that were read
    in full.  `removed` counts known files that are gone and were not found elsewhere; of those, `excluded` exist
    but are excluded by a rule.  `missing` are folders and files that are missing or empty although the library has
    pictures in them, `unreadable` folders that could not be listed; nothing below either was removed.  `broken` holds
    the reasons of annotators that could not be built.  `left_out` is what rules exclude, `not_read` counts files of
    unsupported kinds, by kind and file name ending.  `profile` tells where the time went.
    """

    found: int = 0
    new: int = 0
    updated: int = 0
    touched: int = 0
    copied: int = 0
    moved: int = 0
    unchanged: int = 0
    removed: int = 0
    excluded: int = 0
    failed: int = 0
    annotated: int = 0
    reread: int = 0
    read: int = 0
    bytes_read: int = 0
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    missing: tuple[Path, ...] = ()
    unreadable: tuple[Path, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)
    profile: Profile | None = None
    not_read: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """True if everything requested was done."""
        return not (self.failures or self.missing or self.unreadable or self.broken)

    @property
    def files_per_second(self) -> float:
        """The overall rate of reading, annotating and storing; 0 when nothing was read."""
        return self.read / self.seconds if self.seconds else 0.0


class Tally:
    """Accumulates the items of a run."""

    def __init__(self, unchanged: int) -> None:
        self.outcomes = Counter({Outcome.UNCHANGED: unchanged})
        self.failures: list[Failure] = []
        self.annotated = self.reread = self.read = self.bytes_read = self.removed = 0

    def add(self, item: Item) -> None:
        self.outcomes[item.outcome] += 1
        self.failures += item.all_failures()
        self.annotated += bool(item.annotations)
        self.reread += bool(item.facts) and not item.decode
        if item.file and not item.only_facts:
            self.read += 1
            self.bytes_read += item.file.size

    def leave_alone(self, failure: Failure) -> None:
        """Count a file that failed in an earlier run and was not retried."""
        self.outcomes[Outcome.FAILED] += 1
        reason = f"{failure.reason}; left alone until it changes (name the file to try it again)"
        self.failures.append(replace(failure, reason=reason))

    def report(self, seconds: float) -> Report:
        """Return the report, as far as it follows from the items."""
        counts: dict[str, Any] = {outcome.value: self.outcomes[outcome] for outcome in Outcome}
        return Report(
            **counts,
            removed=self.removed,
            annotated=self.annotated,
            reread=self.reread,
            read=self.read,
            bytes_read=self.bytes_read,
            seconds=seconds,
            failures=tuple(self.failures),
        )
