"""Indexing runs in words, for the command line and the web pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.languages.counting import count
from imsearch.pictures.kinds import KINDS

if TYPE_CHECKING:
    from imsearch.indexer.runs import LastRun, Progress

_MOST_ENDINGS = 6
"""Maximum number of endings named for a kind of files."""
_MOST_FOLDERS = 5
_NEWS = ("new", "updated", "copied", "moved", "removed", "failed")


def tell_progress(run: Progress) -> str:
    """Return ``120 of 4,475 pictures, 12.3 a second, about 6 minutes left, 3 failures``."""
    if run.phase == "scanning":
        return f"looking for pictures: {run.found:,} found"
    if run.phase == "finishing":
        return "bringing the indexes up to date"
    parts = [f"{run.done:,} of {run.planned:,} pictures"]
    if run.rate:
        parts.append(f"{run.rate:.1f} a second")
    if run.remaining is not None:
        parts.append(f"about {duration(run.remaining)} left")
    if run.failures:
        parts.append(count(run.failures, "failure"))
    return ", ".join(parts)


def tell_last_run(run: LastRun) -> str:
    """Return ``12 new, 3 failed; 2026-11-20 14:02``, in local time."""
    when = f"{run.ended.astimezone():%Y-%m-%d %H:%M}"
    if run.outcome == "done":
        return f"{tell_news(run.counts)}; {when}"
    return f"{tell_end(run)}; {when}"


def tell_news(counts: Mapping[str, int]) -> str:
    """Return ``12 new, 3 failed``: the changes made by a run, by kind of file."""
    return ", ".join(f"{number:,} {kind}" for kind in _NEWS if (number := counts.get(kind, 0))) or "nothing new"


def tell_end(run: LastRun) -> str:
    """Return ``stopped, 40 pictures stored``, for a run that did not complete."""
    how = {"stopped": "stopped", "killed": "broken off", "failed": f"failed ({run.error})"}[run.outcome]
    return f"{how}, {count(run.done, 'picture')} stored"


def tell_not_read(not_read: Mapping[str, Mapping[str, int]]) -> str:
    """Return ``120 videos (mp4, mov), 34 raw files (cr2, nef)``; empty if there were none.

    not_read: number of files by the name of their kind and by ending.
    """
    parts = []
    for kind in KINDS:
        if endings := not_read.get(kind.name):
            named = ", ".join(list(endings)[:_MOST_ENDINGS]) + (", ..." if len(endings) > _MOST_ENDINGS else "")
            parts.append(f"{count(sum(endings.values()), kind.one, kind.many)} ({named})")
    return ", ".join(parts)


def tell_left_out(left_out: Mapping[str, int]) -> str:
    """Return ``12 folders and 1 file``; empty if nothing was left out."""
    folders, files = left_out.get("folders", 0), left_out.get("files", 0)
    parts = ([count(folders, "folder")] if folders else []) + ([count(files, "file")] if files else [])
    return " and ".join(parts)


def tell_missing(folders: Sequence[Path]) -> str:
    """Return ``/photos/nas, /photos/usb and 3 more``; empty if nothing was missing."""
    named = ", ".join(str(folder) for folder in folders[:_MOST_FOLDERS])
    return f"{named} and {len(folders) - _MOST_FOLDERS:,} more" if len(folders) > _MOST_FOLDERS else named


def duration(seconds: float) -> str:
    """Return ``40 seconds``, ``6 minutes``, ``2 hours 5 minutes``."""
    if seconds < 55:
        return f"{max(5, round(seconds / 5) * 5)} seconds"
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    parts = [(hours, "hour"), (rest, "minute")] if hours < 10 else [(round(minutes / 60), "hour")]
    return " ".join(f"{number} {what if number == 1 else what + 's'}" for number, what in parts if number)
