"""Choose the date and the place from all metadata sources.

The picture itself comes first, unless a sidecar file corrects it: programs that do not modify pictures write
corrections there.  The file name is the last resort for a date.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple

from imsearch.pictures.metadata.fields import Place, Said
from imsearch.pictures.metadata.moments import offset_from_utc
from imsearch.pictures.metadata.names import moment_of_name

FROM_NAME = "name"

_SAME_PLACE = 0.001
"""Degrees; about a hundred metres.  Within it, Takeout's place is a copy of the picture's own."""

Found = Sequence[tuple[str, Said]]
"""The fields of each source, by source name: EXIF, XMP, IPTC, or that of a sidecar file."""


class Taken(NamedTuple):
    """The time a picture was taken, minutes ahead of UTC, and `FROM_NAME` if it comes from the file name."""

    at: datetime | None = None
    utc_offset: int | None = None
    source: str = ""


def choose_moment(found: Found, stem: str) -> Taken:
    """Choose the date; `stem` is the file name without its ending, or empty to ignore it."""
    own = next((said for where, said in found if not _is_beside(where) and said.taken_at), None)
    chosen = next((said for said in _beside(found) if said.taken_at and (not own or _corrects(said, own))), own)
    at = chosen.taken_at if chosen else next((said.changed_at for _, said in found if said.changed_at), None)
    if at is None:
        at, offset = moment_of_name(stem)
        return Taken(at, offset, FROM_NAME if at else "")
    # An offset is only valid with the time it was written for.
    same = [said for said in ([chosen] if chosen else []) + [said for _, said in found] if said.taken_at == at]
    return Taken(at, next((said.utc_offset for said in same if said.utc_offset is not None), None))


def _corrects(said: Said, own: Said) -> bool:
    """Return True if a sidecar file gives another time than the picture.

    It does not when it merely lacks the time of day, or gives the same moment in another zone, as Takeout always does:
    the camera's own clock is better then.
    """
    if said.taken_at is None or own.taken_at is None or said.taken_at == own.taken_at:
        return False
    if said.taken_at.date() == own.taken_at.date() and said.taken_at.time() == time():
        return False
    if said.utc_offset == 0 and offset_from_utc(own.taken_at, said.taken_at) is not None:
        return False
    if said.utc_offset is None or own.utc_offset is None:
        return True
    return _utc(said.taken_at, said.utc_offset) != _utc(own.taken_at, own.utc_offset)


def _utc(clock: datetime, offset: int) -> datetime:
    return clock - timedelta(minutes=offset)


def choose_place(found: Found) -> Place | None:
    """Choose the place."""
    own = next((said.place for where, said in found if not _is_beside(where) and said.place), None)
    for where, said in found:
        if said.place and where.lower().endswith(".xmp"):
            return said.place
    for said in _beside(found):
        if said.place and (own is None or _is_elsewhere(said.place, own)):
            return said.place
    return own


def _is_elsewhere(place: Place, other: Place) -> bool:
    return any(abs(mine - others) > _SAME_PLACE for mine, others in zip(place, other, strict=True))


def _is_beside(where: str) -> bool:
    return where not in ("EXIF", "XMP", "IPTC")


def _beside(found: Found) -> Iterator[Said]:
    """Yield the fields of sidecar files, XMP first."""
    beside = [(where, said) for where, said in found if _is_beside(where)]
    return (said for _, said in sorted(beside, key=lambda pair: not pair[0].lower().endswith(".xmp")))
