"""Numbers, times and changes in words, for pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from imsearch.languages.counting import count
from imsearch.views.run_words import duration as left
from imsearch.views.run_words import tell_end, tell_left_out, tell_missing, tell_news, tell_not_read
from imsearch.views.wording import size
from imsearch.webui.texts import readable

if TYPE_CHECKING:
    from imsearch.engine.stores.changes import Change
    from imsearch.indexer.runs import LastRun, Progress

__all__ = ["count", "duration", "last_run", "left", "passed_over", "phase", "size", "told", "when"]

_DONE = {
    "add": "Added {} to {}",
    "accept": "Confirmed {} on {}",
    "reject": "Rejected {} on {}",
    "remove": "Took {} back on {}",
    "clear": "Left {} open again on {}",
}
MOST_NAMED = 4
"""Maximum number of tags of a change that are named."""


def when(moment: datetime, now: datetime | None = None) -> str:
    """Return ``today 14:02``, ``yesterday 09:30``, ``3 March 14:02``, ``3 March 2024``; in the server's time zone."""
    moment = moment.astimezone()
    now = (now or datetime.now().astimezone()).astimezone()
    days = (now.date() - moment.date()).days
    if days in (0, 1):
        return f"{('today', 'yesterday')[days]} {moment:%H:%M}"
    date = f"{moment.day} {moment:%B}"
    return f"{date} {moment:%H:%M}" if moment.year == now.year else f"{date} {moment.year}"


def duration(seconds: float) -> str:
    """Return ``0.4 s``, ``12 s``, ``4 min``, ``1 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def told(change: Change) -> str:
    """Return one entry of the history as a sentence without its full stop."""
    tags = ", ".join(f"“{tag}”" for tag in change.tags[:MOST_NAMED])
    if len(change.tags) > MOST_NAMED:
        tags += f" and {len(change.tags) - MOST_NAMED:,} more"
    pictures = count(change.images, "picture")
    if change.name is None:
        return _DONE[change.action].format(tags, pictures)
    if change.tags == (change.name,):
        return f"Gave {tags} its own name back, on {pictures}"
    if change.action == "merge":
        return f"Merged {tags} into “{change.name}”, on {pictures}"
    return f"Renamed {tags} to “{change.name}”, on {pictures}"


def phase(run: Progress | None, stopping: bool) -> str:
    """Return the current phase of a run in words."""
    if stopping:
        return "Stopping: work in progress is stored first."
    if run is None:
        return "Starting…"
    if run.phase == "scanning":
        return f"Looking for pictures: {run.found:,} found so far."
    return "Indexing pictures." if run.phase == "indexing" else "Almost done: updating the indexes."


def last_run(run: LastRun) -> str:
    """Return ``Yesterday 14:02: 12 new, 3 failed, in 4 min.``"""
    what = tell_news(run.counts) if run.outcome == "done" else tell_end(run)
    return f"{when(run.ended).capitalize()}: {what}, in {duration(run.seconds)}."


def passed_over(run: LastRun) -> list[str]:
    """Return what a run skipped, one sentence each: ``Not read: 120 videos (mp4, mov).``"""
    told = {
        "Missing, so that their pictures are kept": readable(tell_missing(run.missing)),
        "Not read": tell_not_read(run.not_read),
        "Left out by rules": tell_left_out(run.left_out),
    }
    return [f"{title}: {what}." for title, what in told.items() if what]
