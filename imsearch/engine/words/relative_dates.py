"""Dates relative to today: "yesterday", "last summer", "past 3 weeks", "3 days ago".  Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from imsearch.engine.words import calendar_days as days
from imsearch.engine.words.calendar_days import HOLIDAYS, DaySpan
from imsearch.engine.words.fact_words import LONGEST_PHRASE, FactWords

_MOST = 999
"""Maximum count in "3 days ago" and the like."""


class DaysAt(NamedTuple):
    """Days, and the index of the next word."""

    end: int
    span: DaySpan
    holiday: str = ""


class RelativeDates:
    """Parses dates relative to today.  today: the local date.  words: those of the languages in use."""

    def __init__(self, today: date, words: FactWords) -> None:
        self._today = today
        self._words = words

    def read(self, texts: Sequence[str], start: int) -> DaysAt | None:
        """Return the days that the words from this index on name; None if they name none."""
        return self._phrase(texts, start) or self._relative(texts, start) or self._ago(texts, start)

    def _phrase(self, texts: Sequence[str], start: int) -> DaysAt | None:
        """Parse "today", "day before yesterday"."""
        for length in range(min(LONGEST_PHRASE, len(texts) - start), 0, -1):
            back = self._words.days_back.get(" ".join(texts[start : start + length]))
            if back is not None:
                day = self._today - timedelta(days=back)
                return DaysAt(start + length, DaySpan(day, day if length == 1 or back != 1 else self._today))
        return None

    def _relative(self, texts: Sequence[str], start: int) -> DaysAt | None:
        """Parse "last summer", "this year", "past 3 weeks"; in other languages in reverse order."""
        words = self._words
        first, second = texts[start], texts[start + 1] if start + 1 < len(texts) else ""
        counted = self._counted(texts, start + 1)
        if first in words.last | words.past and counted is not None:
            end, number, unit = counted
            return None if unit == "weekend" else DaysAt(end, days.rolling(self._today, unit, number))
        if first in words.last | words.this | words.past and second:
            span, length = self._repeated(texts, start + 1, first)
            return None if span is None else DaysAt(start + 1 + length, span)
        if second in words.last_behind:
            span, length = self._repeated(texts, start, second)
            return None if span is None or length > 1 else DaysAt(start + 2, span)
        return None

    def _repeated(self, texts: Sequence[str], place: int, marker: str) -> tuple[DaySpan | None, int]:
        """Return the occurrence of a recurring period that "last", "this" or "past" means, and its number of words."""
        words, today = self._words, self._today
        over = marker in words.last or marker in words.last_behind
        text = texts[place]
        unit = words.units.get(text, "")
        if unit and marker in words.past and not over:
            return (None if unit == "weekend" else days.rolling(today, unit, 1)), 1
        if unit:
            return _UNITS[unit](today, int(over)) if unit in _UNITS else None, 1
        if (number := words.weekdays.get(text)) is not None:
            day = today - timedelta(days=(today.weekday() - number - over) % 7 + over)
            return DaySpan(day, day), 1
        if (first := words.seasons.get(text)) is not None:
            return days.latest(lambda year: days.season(first, year), today, over=over), 1
        number = words.months.get(text, words.shared_months.get(text))
        if number is not None:
            return days.latest(lambda year: days.month(year, number), today, over=over), 1
        name, length = self._words.holiday(texts, place)
        return (days.latest(HOLIDAYS[name], today, over=over), length) if name else (None, 0)

    def _counted(self, texts: Sequence[str], start: int) -> tuple[int, int, str] | None:
        """Parse "3 weeks": return the next index, the number, and the unit."""
        if start + 1 >= len(texts):
            return None
        text, unit = texts[start], self._words.units.get(texts[start + 1])
        number = int(text) if text.isdecimal() and len(text) <= 3 else self._words.numbers.get(text)
        return (start + 2, number, unit) if unit is not None and number and number <= _MOST else None

    def _ago(self, texts: Sequence[str], start: int) -> DaysAt | None:
        """Parse "3 days ago" as that day, "two months ago" as that month; other languages put "ago" first."""
        words = self._words
        ahead = texts[start] in words.ago | words.before  # the parsed form of "vor 3 Tagen"
        counted = self._counted(texts, start + ahead)
        if counted is None:
            return None
        end, number, unit = counted
        if not ahead and (end >= len(texts) or texts[end] not in words.ago):
            return None
        if unit == "day":
            day = self._today - timedelta(days=number)
            return DaysAt(end + (not ahead), DaySpan(day, day))
        return DaysAt(end + (not ahead), _UNITS[unit](self._today, number))


_UNITS: dict[str, Callable[[date, int], DaySpan]] = {
    "week": days.week,
    "weekend": days.weekend,
    "month": days.months_ago,
    "year": lambda today, back: days.year(today.year - back),
}
