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
from imsearch.engine.words.relative_dates import DaysAt, RelativeDates
from imsearch.engine.words.written_dates import FIRST_YEAR, written_date

_YEAR = re.compile(r"\d{4}")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?")
_SHORT_YEAR = re.compile(r"'(\d\d)")
_DAY_LONG = timedelta(days=1)


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


class Times:
    """Parses dates.  today: the local date.  words: those of the languages in use."""

    def __init__(self, today: date, words: FactWords) -> None:
        self._today = today
        self._words = words
        self._relative = RelativeDates(today, words)

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

    def _last_month(self, texts: Sequence[str], start: int) -> DaysAt | None:
        """Parse "since march": the last one that has begun."""
        words = self._words
        number = words.months.get(texts[start], words.shared_months.get(texts[start])) if start < len(texts) else None
        if number is None:
            return None
        return DaysAt(start + 1, days.latest(lambda year: days.month(year, number), self._today, over=False))

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

    def _span(self, texts: Sequence[str], start: int) -> DaysAt | None:
        """Parse a single date, skipping articles in front of it."""
        start = self._skip(texts, start)
        if start >= len(texts):
            return None
        ways: tuple[Callable[[Sequence[str], int], DaysAt | None], ...] = (
            *(self._written, self._relative.read, self._dated, self._recurring, self._of_year),
        )
        return next((found for way in ways if (found := way(texts, start)) is not None), None)

    def _skip(self, texts: Sequence[str], place: int) -> int:
        words = self._words
        while place < len(texts) and (texts[place] in words.linking or texts[place] in words.articles):
            place += 1
        return place

    def _written(self, texts: Sequence[str], start: int) -> DaysAt | None:
        span = written_date(texts[start], self._today)
        return None if span is None else DaysAt(start + 1, span)

    def _dated(self, texts: Sequence[str], start: int) -> DaysAt | None:
        """Parse "december 2025", "24 dec 2022", "may 3rd", "2025 december 24"; without a year the last such day."""
        words = self._words
        named = {**words.months, **words.shared_months, **words.short_months}
        year = self._year(texts, start)
        if year is not None:
            number = named.get(texts[start + 1]) if start + 1 < len(texts) else None
            day = _number_of_day(texts[start + 2]) if start + 2 < len(texts) else 0
            if number is None:
                return None
            return DaysAt(start + 3, _day(year, number, day)) if day else DaysAt(start + 2, days.month(year, number))
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
            return DaysAt(year_end, _day(year, number, day) if day else days.month(year, number))
        if not day or (place == start and texts[place] in words.shared_months and end == place + 1):
            return None
        return DaysAt(end, _last_day(number, day, self._today))

    def _recurring(self, texts: Sequence[str], start: int) -> DaysAt | None:
        """Parse "summer 2019", "christmas of 2022", "2019 summer"."""
        year = self._year(texts, start)
        place = start if year is None else start + 1
        if place >= len(texts):
            return None
        season = self._words.seasons.get(texts[place])
        name, length = ("", 1) if season is not None else self._words.holiday(texts, place)
        if season is None and not name:
            return None
        end = place + length
        if year is None:
            year, end = self._year_at(texts, end)
        if year is None:
            return None
        if season is not None:
            return DaysAt(end, days.season(season, year))
        return DaysAt(end, HOLIDAYS[name](year), " ".join(texts[place : place + length]))

    def _of_year(self, texts: Sequence[str], start: int) -> DaysAt | None:
        year = self._year(texts, start)
        return None if year is None else DaysAt(start + 1, days.year(year))

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


def _day(year: int, month: int, day: int) -> DaySpan:
    return DaySpan(date(year, month, day), date(year, month, day))


def _last_day(month: int, day: int, today: date) -> DaySpan:
    """Return the last occurrence of this day of the year, today included."""
    return days.latest(lambda year: _day(year, month, min(day, monthrange(year, month)[1])), today, over=False)


def _number_of_day(text: str) -> int:
    """Return 1 to 31, or 0."""
    found = _DAY.fullmatch(text)
    return int(found[1]) if found and 1 <= int(found[1]) <= 31 else 0
