"""The item that passes through the indexer: one file, completed stage by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from imsearch.engine.stores.batch import FileSeen, ImageFacts, KnownFile, Reading
from imsearch.records import Annotation, Failure, FileState


class Outcome(Enum):
    """The result for a file, as counted in reports."""

    NEW = "new"
    UPDATED = "updated"
    """The outcome of a file whose path held other bytes before."""
    TOUCHED = "touched"
    """Only its change time or one of its sidecar files is different."""
    COPIED = "copied"
    MOVED = "moved"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(slots=True, eq=False)
class Item:
    """One file on its way into the library.

    scan sets `path`, `size`, `mtime_ns`, `ctime_ns`, `beside` (None: not checked); plan `known`; read `file`,
    `data`, `sha256`; resolve `outcome`, `decode`, `wanted`, `reread`; decode `facts` and `prepared` (and empties
    `data`); annotate `annotations`.  `reason` is set as soon as the file turns out to be unreadable, `lasts` when it is
    not to be tried again, and `is_away` when its disk no longer answers and the catalog keeps its entry.
    `failures` holds the reasons of annotators that failed on it.  `seconds` is the time that it took, by stage and
    annotator ("" for stages without one); that of a batch is with its first file.

    Where only the facts of a known image are to be read (`only_facts`), read sets `file` and `facts` from the file's
    headers, and resolve `sha256`; `file` stays empty when the file cannot be read now.  `reread` requests the same for
    a file whose bytes had to be read to identify it.
    """

    path: Path
    size: int
    mtime_ns: int
    known: KnownFile | None = None
    beside: int | None = None
    ctime_ns: int = 0
    only_facts: bool = False
    file: FileSeen | None = None
    data: bytes = field(default=b"", repr=False)
    sha256: str = ""
    outcome: Outcome = Outcome.UNCHANGED
    decode: bool = False
    wanted: tuple[str, ...] = ()
    reread: bool = False
    facts: ImageFacts | None = None
    prepared: dict[str, Any] = field(default_factory=dict, repr=False)
    annotations: dict[str, Annotation] = field(default_factory=dict, repr=False)
    failures: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    lasts: bool = False
    is_away: bool = False
    seconds: dict[tuple[str, str], float] = field(default_factory=dict, repr=False)

    @contextmanager
    def timed(self, stage: str, annotator: str = "") -> Iterator[None]:
        """Count the context in `seconds`."""
        since = time.perf_counter()
        try:
            yield
        finally:
            self.spend(stage, time.perf_counter() - since, annotator)

    def spend(self, stage: str, seconds: float, annotator: str = "") -> None:
        """Add to `seconds`."""
        self.seconds[stage, annotator] = self.seconds.get((stage, annotator), 0.0) + seconds

    def fail(self, reason: str, *, lasts: bool = False) -> Item:
        """Mark the file as unreadable and release its bytes; lasts: True until the file changes."""
        self.reason, self.outcome, self.data, self.prepared = reason, Outcome.FAILED, b"", {}
        self.lasts = lasts
        return self

    def reading(self) -> Reading:
        """Return the engine's record of a file that was read."""
        assert self.file is not None
        return Reading(self.file, self.sha256, self.facts, self.annotations, self.failures)

    def all_failures(self) -> list[Failure]:
        """The file's own failure, or those of the annotators on it."""
        if self.reason:
            state = FileState(self.size, self.mtime_ns, self.ctime_ns) if self.lasts else None
            return [Failure(self.path, self.reason, state=state)]
        return [Failure(self.path, reason, name) for name, reason in self.failures.items()]
