"""Dates in file names.

Messengers and screenshots leave nothing else: ``IMG-20190105-WA0003``, ``Screenshot_2021-03-04-10-11-12``.  A name
is parsed only when it gives a full date, year first.  Digits count as a date only when they stand alone, not inside a
longer number or an identifier, and only when that day exists and has already begun.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

LONGEST = 500
"""Maximum characters of a name that are searched; file systems allow fewer."""

FIRST_YEAR = 1826
"""The year of the oldest surviving photograph."""

_NO_DATE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\+\d[\d ]{6,}", re.IGNORECASE)
"""UUIDs and telephone numbers."""

_BEFORE = r"(?<![^\W_])[^\W\d_]*"
"""A date starts the name, or follows a separator or a word: ``IMG20190105``."""
_DAY = re.compile(
    _BEFORE + r"(?:(?P<year>\d{4})(?P<between>[-_. ])(?P<month>\d\d)(?P=between)(?P<day>\d\d)(?!\d)"
    r"|(?P<compact>(?:19|20)\d{6})(?=$|\D|\d{6}(?:\d{3})?(?:\D|$)))"
)
_CLINGS = re.compile(r"(?!T\d)[^\W\d_]")
"""A letter directly after a date: both are part of an identifier."""
_APART = re.compile(
    r"(?:[-_T ,.]{1,3}|[-\s_,]{1,2}[^\W\d](?:[^\d]{0,12}[^\w])?)"  # "_", " at ", " kl. ", " a las "
    r"(?P<hour>\d\d?)(?P<between>[-_.:\s])(?P<minute>\d\d)(?P=between)(?P<second>\d\d)(?!\d)"
    r"(?:[\s_]?(?P<half>[AP])\.?M\b)?",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"[-_T ,.]{0,3}(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?:\d{3})?(?P<utc>Z)?(?![^\W_])")
_UTC_NAMES = re.compile(r"PXL_\d{8}_\d{9}")
"""Google's camera app writes UTC into its names, whatever the zone."""


def moment_of_name(stem: str, now: datetime | None = None) -> tuple[datetime | None, int | None]:
    """Return the date and time in a file name without its ending, and the offset from UTC if known.

    The time is midnight if only the day is given; (None, None) for no date.  `now`, without a zone, is the latest
    possible time of a picture, by default this machine's clock.
    """
    name = _NO_DATE.sub("#", stem[:LONGEST])
    latest = (now or datetime.now()) + timedelta(days=1)  # clocks elsewhere are ahead
    for found in _DAY.finditer(name):
        digits = found["compact"] or found["year"] + found["month"] + found["day"]
        try:
            day = datetime(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            continue
        rest = name[found.end() :]
        if day.year < FIRST_YEAR or day > latest or _CLINGS.match(rest):
            continue
        time, is_utc = _time(rest)
        if time is not None:
            return day + time, 0 if is_utc or _UTC_NAMES.match(name) else None
        if not rest[:1].isdigit():  # else it was only the start of a longer number
            return day, None
    return None, None


def _time(rest: str) -> tuple[timedelta | None, bool]:
    """Return the time of day that follows a date, if any, and True if it is marked as UTC."""
    found = _TOGETHER.match(rest) or _APART.match(rest)
    if not found:
        return None, False
    parts = found.groupdict()
    hour, minute, second = (int(parts[name]) for name in ("hour", "minute", "second"))
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            return None, False
        hour = hour % 12 + 12 * (half in "Pp")
    if hour > 23 or minute > 59 or second > 59:
        return None, False
    return timedelta(hours=hour, minutes=minute, seconds=second), bool(parts.get("utc"))
