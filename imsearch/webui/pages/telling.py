"""Numbers, times and changes in words, for pages."""

from __future__ import annotations

from datetime import datetime

from imsearch.engine.changes import Change

_DONE = {
    "add": "Added {} to {}",
    "accept": "Confirmed {} on {}",
    "reject": "Rejected {} on {}",
    "remove": "Took {} back on {}",
    "clear": "Left {} open again on {}",
}
MOST_NAMED = 4
"""So many tags of a change are named."""


def count(number: int, what: str) -> str:
    """``1 picture``, ``1,234 pictures``."""
    return f"{number:,} {what if number == 1 else what + 's'}"


def size(bytes: float) -> str:
    """``44.1 MB``, counted by 1,000 as disks are sold."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if bytes < 1000:
            break
        bytes /= 1000
    else:
        unit = "TB"
    return f"{bytes:,.0f} {unit}" if unit == "bytes" or bytes >= 100 else f"{bytes:,.1f} {unit}"


def when(moment: datetime, now: datetime | None = None) -> str:
    """``today 14:02``, ``yesterday 09:30``, ``3 March 14:02``, ``3 March 2024``; in the zone of the server."""
    moment = moment.astimezone()
    now = (now or datetime.now().astimezone()).astimezone()
    days = (now.date() - moment.date()).days
    if days in (0, 1):
        return f"{('today', 'yesterday')[days]} {moment:%H:%M}"
    date = f"{moment.day} {moment:%B}"
    return f"{date} {moment:%H:%M}" if moment.year == now.year else f"{date} {moment.year}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``4 min``, ``1 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def told(change: Change) -> str:
    """One entry of the history as a sentence without its full stop."""
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
