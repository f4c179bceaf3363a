"""Parse dates and times as programs write them, completely or not at all.

Cameras and editors write dates in many formats.  A date that cannot be parsed to its end is rejected: half of it would
be another day.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from imsearch.pictures.metadata.fields import plain

YEARS = range(1000, 2101)
"""Years outside this range mean "never set" (0001, 9999) or damage."""

_S = r"\s?"
_CLOCK = (
    r"(?P<half_first>上午|下午|午前|午後|오전|오후)?\s?(?P<hour>\d\d?)\s?:\s?(?P<minute>\d\d?)"
    r"(?:\s?:\s?(?P<second>\d\d?)(?:[.,]\d*)?)?\s?(?P<half>[AaPp]\.?\s?[Mm]\.?)?"
)
_ZONE_TEXT = r"\s?(?P<zone>Z|z|UTC|GMT|(?:UTC|GMT)?[+-]\d\d?(?::?\d\d)?)?"
_MOMENT = re.compile(
    r"(?P<year>\d{4})"
    rf"(?:{_S}[:\-/.]{_S}(?P<month>\d\d?)?(?:{_S}[:\-/.]{_S}(?P<day>\d\d?)?"
    rf"(?:(?:\s|\s?T\s?)(?:{_CLOCK}{_ZONE_TEXT}|:\s?(?::\s?)?))?)?)?"  # the standard uses spaces for unknown parts
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    rf"(?:[ T_]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?:[.,]\d*)?{_ZONE_TEXT})?"
)
_COMPACT_YEARS = range(1800, 2101)
"""A narrower range, because the digits may mean something else."""

_ZONE = re.compile(r"(?:UTC|GMT)?([+-])(\d\d?)(?::?(\d\d))?")
_ODD_ZONES = frozenset((345, 525, 765))
"""Nepal, Eucla and the Chatham Islands: the zones at a quarter to a full hour."""

_NEVER_SET = frozenset((datetime(1601, 1, 1), datetime(1899, 12, 30), datetime(1904, 1, 1), datetime(1970, 1, 1)))
"""Epochs of common systems (Windows, spreadsheets, QuickTime, Unix), written in place of zero."""


def moment(value: Any) -> tuple[datetime | None, int | None]:
    """Return a date and time as written, and its offset from UTC in minutes if it has one; (None, None) for no date.

    Takes EXIF's ``2024:05:06 07:08:09`` and ISO 8601, with spaces for zeros, with other separators or none, and with a
    12-hour clock.  Trailing parts that are missing, zeros or spaces default to their minimum: ``1956`` and
    ``1956:00:00 00:00:00`` are the first of January.  A clock that was never set gives no date.
    """
    text = plain(value.split("\0", 1)[0] if isinstance(value, str) else value)
    found = _MOMENT.fullmatch(text)
    if not found:
        found = _COMPACT.fullmatch(text)
        if not found or int(found["year"]) not in _COMPACT_YEARS:
            return None, None
    parts = found.groupdict()
    taken = _from_parts(parts)
    if taken is None:
        return None, None
    zone = offset(parts["zone"])
    if parts["hour"] and _is_never_set(taken, zone):
        return None, None
    return taken, zone


def _from_parts(parts: dict[str, str | None]) -> datetime | None:
    """Return the date and time of these digits, or None for an impossible one such as the 30th of February."""
    year, month, day, hour, minute, second = (int(parts.get(name) or 0) for name in _PARTS)
    if year not in YEARS:
        return None
    if not month or not day:  # unknown, and so is anything finer
        if (day and not month) or hour or minute or second:
            return None
        return datetime(year, month or 1, 1) if month <= 12 else None
    half = parts.get("half") or parts.get("half_first")
    if half:
        if hour > 12 and not _is_afternoon(half):
            return None
        hour = hour % 12 + 12 * _is_afternoon(half) if hour <= 12 else hour
    try:
        # Rounding writes the 60th second, which is the first of the next minute.
        return datetime(year, month, day, hour, minute, second - (second == 60)) + timedelta(seconds=second == 60)
    except (ValueError, OverflowError):
        return None


_PARTS = ("year", "month", "day", "hour", "minute", "second")


def _is_afternoon(half: str) -> bool:
    return half[0] in "Pp" or half in ("下午", "午後", "오후")


def _is_never_set(taken: datetime, zone: int | None) -> bool:
    """Return True if the clock was never set; with an offset it may count from zero in its own zone."""
    utc = taken - timedelta(minutes=zone) if zone else taken
    return taken in _NEVER_SET or utc in _NEVER_SET


def offset(value: Any) -> int | None:
    """Return minutes ahead of UTC from ``+05:30``, ``-0800``, ``+02`` or ``Z``."""
    text = plain(value)
    if text in ("Z", "z", "UTC", "GMT"):
        return 0
    found = _ZONE.fullmatch(text)
    minutes = (int(found[2]) * 60 + int(found[3] or 0)) * (-1 if found[1] == "-" else 1) if found else None
    return minutes if minutes is not None and is_zone(minutes) else None


def is_zone(minutes: int) -> bool:
    """Return True if some time zone is that many minutes ahead of UTC."""
    return -720 <= minutes <= 840 and (minutes % 30 == 0 or minutes in _ODD_ZONES)


def offset_from_utc(clock: datetime, utc: datetime) -> int | None:
    """Return the UTC offset of a clock that showed `clock` at `utc`, as known from GPS.

    Neither need be exact: a camera's clock is minutes off, a GPS fix may be minutes old.  A difference within five
    minutes of a zone's offset is taken for that zone; more is no evidence.
    """
    minutes = (clock - utc) / timedelta(minutes=1)
    nearest = round(minutes / 15) * 15
    return nearest if abs(minutes - nearest) <= 5 and is_zone(nearest) else None
