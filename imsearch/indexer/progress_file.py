"""Make a run visible to other processes: small files in the library's folder hold its progress and the last result."""

from __future__ import annotations

import json
import os
import time
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from imsearch.indexer.profile import Profile
from imsearch.indexer.report import Observer, Report
from imsearch.indexer.runs import (
    LastRun,
    Outcome,
    Phase,
    Progress,
    last_run_of,
    last_run_record,
    progress_of,
    progress_record,
)
from imsearch.records import Failure

PROGRESS_NAME = "indexing.json"
LAST_NAME = "last-run.json"
KINDS = ("new", "updated", "touched", "copied", "moved", "unchanged", "removed", "failed", "annotated", "reread")
_MOST_MISSING = 100
"""Maximum number of missing folders recorded for a run."""
_CHECK = "check"
_EVERY = 0.5
"""Seconds between two updates."""
_LATELY = 20.0
"""Seconds over which the rate is averaged."""

T = TypeVar("T")


class Beacon:
    """An observer that forwards every call and, used as a context, maintains the progress file.

    The process holds the library's lock meanwhile.
    """

    def __init__(self, observer: Observer, folder: Path, paths: Sequence[Path], annotators: Sequence[str]) -> None:
        """folder: of the library.  paths: those being indexed."""
        self._observer, self._folder = observer, folder
        self.note, self.indexed = observer.note, observer.indexed
        now = datetime.now(UTC)
        self._progress = Progress(os.getpid(), now, now, folders=tuple(paths), annotators=tuple(annotators))
        self._written = 0.0
        self._steps: deque[tuple[float, int]] = deque()
        self._report: Report | None = None
        self._troubled = False

    def __enter__(self) -> Self:
        bury(self._folder)
        self._tell(at_once=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome = Outcome.DONE
        if error is not None:
            outcome = Outcome.STOPPED if isinstance(error, KeyboardInterrupt) else Outcome.FAILED
        told = str(error) or type(error).__name__ if outcome is Outcome.FAILED else None
        run = _ended(self._progress, datetime.now(UTC), outcome)
        counts = {} if self._report is None else {name: getattr(self._report, name) for name in KINDS}
        run = replace(run, counts=counts, error=told)
        if self._report is not None:
            run = replace(
                run,
                not_read=self._report.not_read,
                left_out=self._report.left_out.counts(),
                missing=(*self._report.missing, *self._report.unreadable)[:_MOST_MISSING],
            )
        self._write(LAST_NAME, last_run_record(run))
        with suppress(FileNotFoundError):
            (self._folder / PROGRESS_NAME).unlink()

    def finish(self, report: Report) -> None:
        """Note that all pictures are done and only the indexes remain to be updated."""
        self._report = report
        self._progress = replace(self._progress, phase=Phase.FINISHING, rate=0.0, remaining=None)
        self._tell(at_once=True)

    # -- observer

    def scanned(self, files: int) -> None:
        self._observer.scanned(files)
        self._progress = replace(self._progress, found=files)
        self._tell()

    def planned(self, files: int, size: int) -> None:
        self._observer.planned(files, size)
        self._progress = replace(self._progress, phase=Phase.INDEXING, planned=files, bytes_planned=size)
        self._steps.append((time.monotonic(), 0))
        self._tell(at_once=True)

    def done(self, files: int, size: int) -> None:
        self._observer.done(files, size)
        done = self._progress.done + files
        rate = self._rate(done)
        self._progress = replace(
            self._progress,
            done=done,
            bytes_done=self._progress.bytes_done + size,
            rate=rate,
            remaining=max(0, self._progress.planned - done) / rate if rate else None,
        )
        self._tell()

    def profiled(self, profile: Profile) -> None:
        self._observer.profiled(profile)
        self._progress = replace(self._progress, profile=profile)  # written with the next call of `done`

    def failed(self, failure: Failure) -> None:
        self._observer.failed(failure)
        self._progress = replace(self._progress, failures=self._progress.failures + 1)

    def _rate(self, done: int) -> float:
        now = time.monotonic()
        self._steps.append((now, done))
        while len(self._steps) > 2 and self._steps[1][0] < now - _LATELY:
            self._steps.popleft()
        since, before = self._steps[0]
        return (done - before) / max(now - since, 1e-3)

    def _tell(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if at_once or now - self._written >= _EVERY:
            self._written = now
            self._progress = replace(self._progress, updated=datetime.now(UTC))
            self._write(PROGRESS_NAME, progress_record(self._progress))

    def _write(self, name: str, record: Mapping[str, Any]) -> None:
        try:
            _replace_file(self._folder / name, record)
        except OSError as error:  # the run itself does not need it
            if not self._troubled:
                self._troubled = True
                self.note(f"Other programs cannot see the progress of this run: {error.strerror or error}")


def read_progress(folder: Path) -> Progress | None:
    """Return the latest progress of a library's run; the run may have been killed since."""
    return _read(folder / PROGRESS_NAME, progress_of)


def read_last_run(folder: Path) -> LastRun | None:
    """Return the result of a library's last run; None before the first one."""
    return _read(folder / LAST_NAME, last_run_of)


def bury(folder: Path) -> None:
    """Record the end of a run that was killed, if there was one; only for the holder of the lock."""
    path = folder / PROGRESS_NAME
    dead = read_progress(folder)
    with suppress(OSError):  # a full disk: the next reader records it
        if dead is not None:
            _replace_file(folder / LAST_NAME, last_run_record(_ended(dead, dead.updated, Outcome.KILLED)))
        path.unlink(missing_ok=True)


def _ended(run: Progress, moment: datetime, outcome: Outcome) -> LastRun:
    return LastRun(
        run.started,
        moment,
        outcome,
        done=run.done,
        failures=run.failures,
        folders=run.folders,
        annotators=run.annotators,
        profile=run.profile,
    )


def _replace_file(path: Path, record: Mapping[str, Any]) -> None:
    """Replace the file atomically, so that readers see either the old or the new one."""
    new = path.with_name(path.name + ".new")
    try:
        new.write_text(json.dumps({**record, _CHECK: _check(record)}), encoding="utf-8")
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)  # otherwise a full disk would stay full
        raise


def _check(record: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(record, sort_keys=True).encode())


def _read(path: Path, make: Callable[[Mapping[str, Any]], T]) -> T | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        # Files of older versions of the program have no checksum.
        return make(record) if record.pop(_CHECK, None) in (None, _check(record)) else None
    except (OSError, AttributeError, KeyError, TypeError, ValueError):
        return None  # missing, or written by another version of the program
