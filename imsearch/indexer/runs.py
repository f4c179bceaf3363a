"""Indexing runs as plain values: how far one is, and how the last one ended; and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imsearch.records import Folder


class Phase(StrEnum):
    """What a run does."""

    SCANNING = "scanning"
    """It looks for pictures, and at what is known of them."""
    INDEXING = "indexing"
    FINISHING = "finishing"
    """All pictures are stored; indexes are brought up to date and written down."""


class Outcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    """All was looked at; some pictures may have failed."""
    STOPPED = "stopped"
    """Somebody stopped it."""
    FAILED = "failed"
    """An error ended it."""
    KILLED = "killed"
    """It was gone from one moment to the next: killed, or the computer was switched off."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    pid: of its process.  started, updated: with time zone.  found: pictures found so far.  planned, done: files that
    must be read, and those of them that are finished and stored; in bytes, too.  failures: files, and annotators on
    files, that failed so far.  rate: files a second, lately; 0 when not known.  remaining: seconds, or None when not
    known.  folders: the folders and files it was given.
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


@dataclass(frozen=True, slots=True)
class LastRun:
    """How the last run ended.

    done, failures: as in `Progress`.  counts: by kind of file ("new", "moved", ...), of a run that came to its end.
    error: what ended it, for `Outcome.FAILED`.  not_read: numbers of files that are of no kind that is read, by kind
    and ending, ``{"raw": {"cr2": 3}}``.  left_out: numbers of "folders" and "files" that rules leave out.  missing:
    where known pictures could not be looked at, so that they are kept.
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

    @property
    def seconds(self) -> float:
        return max(0.0, (self.ended - self.started).total_seconds())


def progress_record(run: Progress) -> dict[str, Any]:
    """As ``imsearch status`` prints it."""
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
    }


def last_run_record(run: LastRun) -> dict[str, Any]:
    """As ``imsearch status`` prints it."""
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
    }


def indexing_record(running: Progress | None, last: LastRun | None, folders: Iterable[Folder]) -> dict[str, Any]:
    """What ``imsearch status`` prints of runs, and of the folders that are kept up to date."""
    return {
        "indexing": None if running is None else progress_record(running),
        "last_run": None if last is None else last_run_record(last),
        "folders": [
            {"path": str(each.path), "indexed_at": None if each.indexed_at is None else each.indexed_at.isoformat()}
            for each in folders
        ],
    }


def progress_of(record: Mapping[str, Any]) -> Progress:
    """The way back; raises KeyError, TypeError or ValueError for a record of another make."""
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
    )


def last_run_of(record: Mapping[str, Any]) -> LastRun:
    """The way back; raises KeyError, TypeError or ValueError for a record of another make."""
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
        # Not in records of before.
        not_read={str(kind): _numbers(endings) for kind, endings in dict(record.get("not_read", {})).items()},
        left_out=_numbers(record.get("left_out", {})),
        missing=tuple(map(Path, record.get("missing", ()))),
    )


def _numbers(record: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in dict(record).items()}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
