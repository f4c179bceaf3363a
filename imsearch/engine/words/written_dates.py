"""Numeric dates: 2022-12-24, 24.12.2022, 2019-2021, 1990s.  Pure."""

from __future__ import annotations

import re
from datetime import date

from imsearch.engine.words import calendar_days as days
from imsearch.engine.words.calendar_days import DaySpan

FIRST_YEAR = 1826
"""The year of the oldest surviving photograph (Niepce); smaller numbers are no years."""
_YEARS = re.compile(r"(\d{4})\s?[-\u2013]\s?(\d{4})")
_DECADE = re.compile(r"(\d{3}0|\d0)'?s")
_NUMERIC = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?")
_REVERSED = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")


def written_date(text: str, today: date) -> DaySpan | None:
    """Return the days that a single word stands for; None for other words.

    With dots the day comes first; with slashes it is only accepted if one of the numbers cannot be a month.  Raises
    ValueError for a day that does not exist.
    """
    if found := _YEARS.fullmatch(text):
        low, high = int(found[1]), int(found[2])
        return days.year(low, high) if FIRST_YEAR <= low < high else None
    if found := _DECADE.fullmatch(text):
        decade = int(found[1])
        decade += 0 if decade > 99 else 1900 if decade >= 30 else 2000
        return days.year(decade, decade + 9) if FIRST_YEAR - 6 <= decade <= today.year else None
    if found := _NUMERIC.fullmatch(text):
        year, month, day = (int(part) if part else 0 for part in found.groups())
        return _day(year, month, day) if day else days.month(year, month)
    if found := _REVERSED.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        if found[2] == "." or first > 12:
            return _day(year, second, first)
        return _day(year, first, second) if second > 12 or first == second else None
    return None


def _day(year: int, month: int, day: int) -> DaySpan:
    return DaySpan(date(year, month, day), date(year, month, day))
