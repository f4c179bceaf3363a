"""Progress and results of indexing runs as plain values and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imsearch.indexer.profile import Profile, profile_of, profile_record

if TYPE_CHECKING:
    from imsearch.records import Folder


class Phase(StrEnum):
    """The phase of a run."""

    SCANNING = "scanning"
    """Looking for pictures, and comparing them with the catalog."""
    INDEXING = "indexing"
    FINISHING = "finishing"
    """All pictures are stored; indexes are being updated and saved."""


class Outcome(StrEnum):
    """The outcome of a run."""

    DONE = "done"
    """Completed; some pictures may have failed."""
    STOPPED = "stopped"
    """Stopped by the user."""
    FAILED = "failed"
    """Ended by an error."""
    KILLED = "killed"
    """Ended without notice: killed, or the computer was switched off."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run.

    pid: of its process.  started, updated: with time zone.  found: pictures found so far.  planned, done: files to
    read, and those finished and stored; also in bytes.  failures: files, and annotators on
    files, that failed so far.  rate: recent files per second; 0 if unknown.  remaining: seconds, or None if
    unknown.  folders: the folders and files it was given.  profile: where the time went; None before the first picture.
    """

    pid: int
    started: datetime
    updated: datetime
    phase: Phase = Phase.SCANNING
    found: int = 0
    planned: int = 0
    done: int = 0
    bytes_planned: int = 0
    bytes_done: int = 0
    failures: int = 0
    rate: float = 0.0
    remaining: float | None = None
    folders: tuple[Path, ...] = ()
    annotators: tuple[str, ...] = ()
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class LastRun:
    """The result of the last run.

    done, failures: as in `Progress`.  counts: by kind of file ("new", "moved", ...), for a completed run.
    error: the error of an `Outcome.FAILED`.  not_read: numbers of files of unsupported kinds, by kind
    and ending, ``{"raw": {"cr2": 3}}``.  left_out: numbers of "folders" and "files" that rules exclude.  missing:
    places where known pictures could not be checked, so that they are kept.  profile: where the time went, or None.
    """

    started: datetime
    ended: datetime
    outcome: Outcome
    done: int = 0
    failures: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
    folders: tuple[Path, ...] = ()
    annotators: tuple[str, ...] = ()
    not_read: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[Path, ...] = ()
    profile: Profile | None = None

    @property
    def seconds(self) -> float:
        return max(0.0, (self.ended - self.started).total_seconds())


def progress_record(run: Progress) -> dict[str, Any]:
    """Return the JSON that ``imsearch status`` prints."""
    return {
        "pid": run.pid,
        "started": run.started.isoformat(),
        "updated": run.updated.isoformat(),
        "phase": run.phase.value,
        "found": run.found,
        "planned": run.planned,
        "done": run.done,
        "bytes_planned": run.bytes_planned,
        "bytes_done": run.bytes_done,
        "failures": run.failures,
        "rate": round(run.rate, 2),
        "remaining": None if run.remaining is None else round(run.remaining, 1),
        "folders": [str(folder) for folder in run.folders],
        "annotators": list(run.annotators),
        "profile": profile_record(run.profile),
    }


def last_run_record(run: LastRun) -> dict[str, Any]:
    """Return the JSON that ``imsearch status`` prints."""
    return {
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat(),
        "seconds": round(run.seconds, 1),
        "outcome": run.outcome.value,
        "done": run.done,
        "failures": run.failures,
        "counts": dict(run.counts),
        "error": run.error,
        "folders": [str(folder) for folder in run.folders],
        "annotators": list(run.annotators),
        "not_read": {kind: dict(endings) for kind, endings in run.not_read.items()},
        "left_out": dict(run.left_out),
        "missing": [str(folder) for folder in run.missing],
        "profile": profile_record(run.profile),
    }


def indexing_record(running: Progress | None, last: LastRun | None, folders: Iterable[Folder]) -> dict[str, Any]:
    """Return the JSON that ``imsearch status`` prints about runs, and about the folders that are kept up to date."""
    return {
        "indexing": None if running is None else progress_record(running),
        "last_run": None if last is None else last_run_record(last),
        "folders": [
            {"path": str(each.path), "indexed_at": None if each.indexed_at is None else each.indexed_at.isoformat()}
            for each in folders
        ],
    }


def progress_of(record: Mapping[str, Any]) -> Progress:
    """Parse a `progress_record`; raises KeyError, TypeError or ValueError for one of another version."""
    numbers = ("pid", "found", "planned", "done", "bytes_planned", "bytes_done", "failures")
    return Progress(
        **{name: int(record[name]) for name in numbers},
        started=_moment(record["started"]),
        updated=_moment(record["updated"]),
        phase=Phase(record["phase"]),
        rate=float(record["rate"]),
        remaining=None if record["remaining"] is None else float(record["remaining"]),
        folders=tuple(map(Path, record["folders"])),
        annotators=tuple(map(str, record["annotators"])),
        profile=profile_of(record.get("profile")),
    )


def last_run_of(record: Mapping[str, Any]) -> LastRun:
    """Parse a `last_run_record`; raises KeyError, TypeError or ValueError for one of another version."""
    return LastRun(
        started=_moment(record["started"]),
        ended=_moment(record["ended"]),
        outcome=Outcome(record["outcome"]),
        done=int(record["done"]),
        failures=int(record["failures"]),
        counts=_numbers(record["counts"]),
        error=None if record["error"] is None else str(record["error"]),
        folders=tuple(map(Path, record["folders"])),
        annotators=tuple(map(str, record["annotators"])),
        # Missing in older records.
        not_read={str(kind): _numbers(endings) for kind, endings in dict(record.get("not_read", {})).items()},
        left_out=_numbers(record.get("left_out", {})),
        missing=tuple(map(Path, record.get("missing", ()))),
        profile=profile_of(record.get("profile")),
    )


def _numbers(record: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in dict(record).items()}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
