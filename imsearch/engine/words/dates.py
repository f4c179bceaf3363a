"""Dates in natural language: "december 2025", "last summer", "3 days ago", "from 2019 to 2021".  Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from imsearch.engine.words import calendar_days as days
from imsearch.engine.words.calendar_days import HOLIDAYS, DaySpan
from imsearch.engine.words.fact_words import FactWords
from imsearch.engine.words.written_dates import FIRST_YEAR, written_date

_MOST = 999
"""Maximum count in "3 days ago" and the like."""
_YEAR = re.compile(r"\d{4}")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?")
_SHORT_YEAR = re.compile(r"'(\d\d)")
_DAY_LONG = timedelta(days=1)
_LONGEST = 4
"""Maximum words of a phrase for a day."""


class Time(NamedTuple):
    """A date found in some leading words, and the number of these words.

    span: the days.  month, months: instead of a span, months of any year: the first and how many.  holiday: the name
    of a holiday with these days; tags of that name in that year match, too.  sure: True if it can mean nothing
    else, unlike a year alone or a month alone.
    """

    length: int
    span: DaySpan | None = None
    month: int = 0
    months: int = 1
    holiday: str = ""
    sure: bool = True


class _At(NamedTuple):
    """Days, and the index of the next word."""

    end: int
    span: DaySpan
    holiday: str = ""


class Times:
    """Parses dates.  today: the local date.  words: those of the languages in use."""

    def __init__(self, today: date, words: FactWords) -> None:
        self._today = today
        self._words = words

    def read(self, texts: Sequence[str], before: str = "", *, alone: bool = False) -> Time | None:
        """Return the date that the first words name; None if they name none.

        texts: normalized words.  before: the word in front of them.  alone: True if they are the whole query, where
        "may" can only be the month.
        """
        try:
            return self._bounded(texts) or self._single(texts) or self._month_alone(texts, before, alone)
        except (ValueError, OverflowError):  # a day that does not exist, or years beyond the calendar
            return None

    def _bounded(self, texts: Sequence[str]) -> Time | None:
        """Parse "since 2020", "before march 2019", "from 2019 to 2021"."""
        first = texts[0]
        words = self._words
        if first in words.both:
            return self._range(texts, 1)
        limits = words.since | words.until | words.before | words.after
        found = (self._span(texts, 1) or self._last_month(texts, 1)) if first in limits else None
        if found is None:
            return self._range(texts, 0)
        begin, end = found.span
        if first in words.since:
            span = DaySpan(begin, None)
        elif first in words.until:
            span = DaySpan(None, end)
        elif first in words.before:
            span = DaySpan(None, begin and begin - _DAY_LONG)
        else:
            span = DaySpan(end and end + _DAY_LONG, None)
        return Time(found.end, span)

    def _last_month(self, texts: Sequence[str], start: int) -> _At | None:
        """Parse "since march": the last one that has begun."""
        words = self._words
        number = words.months.get(texts[start], words.shared_months.get(texts[start])) if start < len(texts) else None
        if number is None:
            return None
        return _At(start + 1, days.latest(lambda year: days.month(year, number), self._today, over=False))

    def _range(self, texts: Sequence[str], start: int) -> Time | None:
        """Parse two dates: with a word such as "to" between them, or two adjacent years, as in "2019 - 2021"."""
        low = self._span(texts, start)
        if low is None or low.end >= len(texts):
            return None
        linked = texts[low.end] in self._words.until | self._words.to
        high = self._span(texts, low.end + linked)
        if high is None or low.span.first is None or high.span.last is None or high.span.last < low.span.first:
            return None
        years = all(_YEAR.fullmatch(text) for text in (texts[low.end - 1], texts[low.end])) and low.end == start + 1
        if not (linked or start or years):
            return None
        return Time(high.end, DaySpan(low.span.first, high.span.last))

    def _single(self, texts: Sequence[str]) -> Time | None:
        found = self._span(texts, 0)
        if found is None:
            return None
        bare = found.end == 1 and self._year(texts, 0) is not None
        return Time(found.end, found.span, holiday=found.holiday, sure=not bare)

    def _month_alone(self, texts: Sequence[str], before: str, alone: bool) -> Time | None:
        """Parse "december", "in may", "in summer": of any year."""
        words = self._words
        number = words.months.get(texts[0])
        if number is None and (before in words.during or alone):
            number = words.shared_months.get(texts[0])
            ends = len(texts) == 1 or texts[1] in words.linking | words.articles
            if ends and (season := words.seasons.get(texts[0])) is not None:  # "in winter", but not "in winter coats"
                return Time(1, month=season, months=days.SEASON_MONTHS, sure=False)
        return None if number is None else Time(1, month=number, sure=False)

    def _span(self, texts: Sequence[str], start: int) -> _At | None:
        """Parse a single date, skipping articles in front of it."""
        start = self._skip(texts, start)
        if start >= len(texts):
            return None
        ways: tuple[Callable[[Sequence[str], int], _At | None], ...] = (
            *(self._written, self._phrase, self._relative, self._ago, self._dated, self._recurring, self._of_year),
        )
        return next((found for way in ways if (found := way(texts, start)) is not None), None)

    def _skip(self, texts: Sequence[str], place: int) -> int:
        words = self._words
        while place < len(texts) and (texts[place] in words.linking or texts[place] in words.articles):
            place += 1
        return place

    def _written(self, texts: Sequence[str], start: int) -> _At | None:
        span = written_date(texts[start], self._today)
        return None if span is None else _At(start + 1, span)

    def _phrase(self, texts: Sequence[str], start: int) -> _At | None:
        """Parse "today", "day before yesterday"."""
        for length in range(min(_LONGEST, len(texts) - start), 0, -1):
            back = self._words.days_back.get(" ".join(texts[start : start + length]))
            if back is not None:
                day = self._today - timedelta(days=back)
                return _At(start + length, DaySpan(day, day if length == 1 or back != 1 else self._today))
        return None

    def _relative(self, texts: Sequence[str], start: int) -> _At | None:
        """Parse "last summer", "this year", "past 3 weeks"; in other languages in reverse order."""
        words = self._words
        first, second = texts[start], texts[start + 1] if start + 1 < len(texts) else ""
        counted = self._counted(texts, start + 1)
        if first in words.last | words.past and counted is not None:
            end, number, unit = counted
            return None if unit == "weekend" else _At(end, days.rolling(self._today, unit, number))
        if first in words.last | words.this | words.past and second:
            span, length = self._repeated(texts, start + 1, first)
            return None if span is None else _At(start + 1 + length, span)
        if second in words.last_behind:
            span, length = self._repeated(texts, start, second)
            return None if span is None or length > 1 else _At(start + 2, span)
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
        name, length = self._holiday(texts, place)
        return (days.latest(HOLIDAYS[name], today, over=over), length) if name else (None, 0)

    def _counted(self, texts: Sequence[str], start: int) -> tuple[int, int, str] | None:
        """Parse "3 weeks": return the next index, the number, and the unit."""
        if start + 1 >= len(texts):
            return None
        text, unit = texts[start], self._words.units.get(texts[start + 1])
        number = int(text) if text.isdecimal() and len(text) <= 3 else self._words.numbers.get(text)
        return (start + 2, number, unit) if unit is not None and number and number <= _MOST else None

    def _ago(self, texts: Sequence[str], start: int) -> _At | None:
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
            return _At(end + (not ahead), DaySpan(day, day))
        return _At(end + (not ahead), _UNITS[unit](self._today, number))

    def _dated(self, texts: Sequence[str], start: int) -> _At | None:
        """Parse "december 2025", "24 dec 2022", "may 3rd", "2025 december 24"; without a year the last such day."""
        words = self._words
        named = {**words.months, **words.shared_months, **words.short_months}
        year = self._year(texts, start)
        if year is not None:
            number = named.get(texts[start + 1]) if start + 1 < len(texts) else None
            day = _number_of_day(texts[start + 2]) if start + 2 < len(texts) else 0
            if number is None:
                return None
            return _At(start + 3, _day(year, number, day)) if day else _At(start + 2, days.month(year, number))
        place, day = start, _number_of_day(texts[start])
        if day:
            place = self._skip(texts, start + 1)
        number = named.get(texts[place]) if place < len(texts) else None
        if number is None:
            return None
        end = place + 1
        year, year_end = self._year_at(texts, end)
        if not day and year is None and end < len(texts):
            day = _number_of_day(texts[end])
            end += bool(day)
            year, year_end = self._year_at(texts, end)
        if year is not None:
            return _At(year_end, _day(year, number, day) if day else days.month(year, number))
        if not day or (place == start and texts[place] in words.shared_months and end == place + 1):
            return None
        return _At(end, _last_day(number, day, self._today))

    def _recurring(self, texts: Sequence[str], start: int) -> _At | None:
        """Parse "summer 2019", "christmas of 2022", "2019 summer"."""
        year = self._year(texts, start)
        place = start if year is None else start + 1
        if place >= len(texts):
            return None
        season = self._words.seasons.get(texts[place])
        name, length = ("", 1) if season is not None else self._holiday(texts, place)
        if season is None and not name:
            return None
        end = place + length
        if year is None:
            year, end = self._year_at(texts, end)
        if year is None:
            return None
        if season is not None:
            return _At(end, days.season(season, year))
        return _At(end, HOLIDAYS[name](year), " ".join(texts[place : place + length]))

    def _of_year(self, texts: Sequence[str], start: int) -> _At | None:
        year = self._year(texts, start)
        return None if year is None else _At(start + 1, days.year(year))

    def _holiday(self, texts: Sequence[str], place: int) -> tuple[str, int]:
        """Return the longest holiday name that begins there, and its number of words."""
        for length in range(min(_LONGEST, len(texts) - place), 0, -1):
            name = self._words.holidays.get(" ".join(texts[place : place + length]))
            if name:
                return name, length
        return "", 0

    def _year(self, texts: Sequence[str], place: int) -> int | None:
        """Return a year up to the next one: 2048 is a game."""
        if place < len(texts) and _YEAR.fullmatch(texts[place]):
            number = int(texts[place])
            return number if FIRST_YEAR <= number <= self._today.year + 1 else None
        return None

    def _year_at(self, texts: Sequence[str], place: int) -> tuple[int | None, int]:
        """Return a year after a month or a season, skipping "of" and "in", and the index of the next word."""
        place = self._skip(texts, place)
        year = self._year(texts, place)
        if year is None and place < len(texts) and (short := _SHORT_YEAR.fullmatch(texts[place])):
            century = self._today.year // 100 * 100
            year = century + int(short[1]) - (100 if century + int(short[1]) > self._today.year + 1 else 0)
        return year, place + 1


_UNITS: dict[str, Callable[[date, int], DaySpan]] = {
    "week": days.week,
    "weekend": days.weekend,
    "month": days.months_ago,
    "year": lambda today, back: days.year(today.year - back),
}


def _day(year: int, month: int, day: int) -> DaySpan:
    return DaySpan(date(year, month, day), date(year, month, day))


def _last_day(month: int, day: int, today: date) -> DaySpan:
    """Return the last occurrence of this day of the year, today included."""
    return days.latest(lambda year: _day(year, month, min(day, monthrange(year, month)[1])), today, over=False)


def _number_of_day(text: str) -> int:
    """Return 1 to 31, or 0."""
    found = _DAY.fullmatch(text)
    return int(found[1]) if found and 1 <= int(found[1]) <= 31 else 0
