"""Indexing runs in words, as the command line and the web pages tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.runs import LastRun, Progress

_KINDS = ("new", "updated", "copied", "moved", "removed", "failed")


def tell_progress(run: Progress) -> str:
    """``120 of 4,475 pictures, 12.3 a second, about 6 minutes left, 3 failures``."""
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
        parts.append(f"{run.failures:,} {'failure' if run.failures == 1 else 'failures'}")
    return ", ".join(parts)


def tell_last_run(run: LastRun) -> str:
    """``12 new, 3 failed; 2026-11-20 14:02``, in the zone of this computer."""
    when = f"{run.ended.astimezone():%Y-%m-%d %H:%M}"
    if run.outcome == "done":
        parts = [f"{number:,} {kind}" for kind in _KINDS if (number := run.counts.get(kind, 0))]
        return f"{', '.join(parts) or 'nothing new'}; {when}"
    stored = f"{run.done:,} {'picture' if run.done == 1 else 'pictures'} stored"
    how = {"stopped": "stopped", "killed": "broken off", "failed": f"failed ({run.error})"}[run.outcome]
    return f"{how}, {stored}; {when}"


def duration(seconds: float) -> str:
    """``40 seconds``, ``6 minutes``, ``2 hours 5 minutes``."""
    if seconds < 55:
        return f"{max(5, round(seconds / 5) * 5)} seconds"
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    parts = [(hours, "hour"), (rest, "minute")] if hours < 10 else [(round(minutes / 60), "hour")]
    return " ".join(f"{number} {what if number == 1 else what + 's'}" for number, what in parts if number)
