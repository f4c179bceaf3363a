"""Calendar days and spans: holidays, seasons, last week.  Pure; dates are local ones.

A span is a first and a last day, both inclusive; None is no limit.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

_DAY = timedelta(days=1)
SEASON_MONTHS = 3


class DaySpan(NamedTuple):
    """Days from the first to the last, both inclusive; None is no limit."""

    first: date | None
    last: date | None

    def text(self) -> str:
        """Return the value of a ``date:`` condition, as short as possible: 2025-12, 2026-06..2026-08, 2019..2021."""
        begin, end = self.first, self.last
        years = (begin is None or (begin.month, begin.day) == (1, 1)) and (end is None or _ends_year(end))
        months = (begin is None or begin.day == 1) and (end is None or _ends_month(end))
        length = 4 if years else 7 if months else 10
        first, last = ("" if day is None else day.isoformat()[:length] for day in (begin, end))
        return first if first == last else f"{first}..{last}"


def month(year: int, number: int, months: int = 1) -> DaySpan:
    """Return a span of months starting with this one."""
    end = year * 12 + number - 1 + months - 1
    last_year, last_month = divmod(end, 12)
    return DaySpan(date(year, number, 1), date(last_year, last_month + 1, monthrange(last_year, last_month + 1)[1]))


def year(number: int, last: int | None = None) -> DaySpan:
    """Return a year, or several from the first to the last."""
    return DaySpan(date(number, 1, 1), date(last or number, 12, 31))


def season(start: int, of_year: int) -> DaySpan:
    """Return the season that starts in this month of this year: winter of 2019 extends to February 2020."""
    return month(of_year, start, SEASON_MONTHS)


def week(today: date, back: int) -> DaySpan:
    """Return the week, Monday to Sunday, `back` weeks ago."""
    monday = today - timedelta(days=today.weekday() + 7 * back)
    return DaySpan(monday, monday + 6 * _DAY)


def weekend(today: date, back: int) -> DaySpan:
    """Return a Saturday and Sunday: 0 for the current or latest one, 1 for the last complete one."""
    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    saturday -= timedelta(days=7 * (back if today.weekday() >= 5 else max(0, back - 1)))
    return DaySpan(saturday, saturday + _DAY)


def months_ago(today: date, back: int) -> DaySpan:
    """Return the calendar month `back` months ago."""
    before = today.year * 12 + today.month - 1 - back
    return month(before // 12, before % 12 + 1)


def rolling(today: date, unit: str, number: int) -> DaySpan:
    """Return the last `number` days, weeks, months or years up to today; raises OverflowError beyond the calendar."""
    if unit in ("month", "year"):
        before = today.year * 12 + today.month - 1 - number * (12 if unit == "year" else 1)
        if before < 12:
            raise OverflowError
        year_, month_ = before // 12, before % 12 + 1
        return DaySpan(date(year_, month_, min(today.day, monthrange(year_, month_)[1])), today)
    days = number * (1 if unit == "day" else 7)
    return DaySpan(today - timedelta(days=days - 1), today)


def latest(make: Callable[[int], DaySpan], today: date, *, over: bool) -> DaySpan:
    """Return the last occurrence of a yearly event that is over, or that has begun.

    make: returns its span in a year.
    """
    for candidate in (today.year, today.year - 1, today.year - 2):
        span = make(candidate)
        assert span.first is not None and span.last is not None
        if (span.last if over else span.first - _DAY) < today:
            return span
    raise AssertionError("what comes every year has been within two years")


def _easter(of_year: int) -> date:
    """Return Easter Sunday by the Gregorian computus (Meeus, Jones and Butcher).

    From J. Meeus, Astronomical Algorithms, ch. 8.
    """
    a, (b, c) = of_year % 19, divmod(of_year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    lift = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * lift) // 451
    number, day = divmod(h + lift - 7 * m + 114, 31)
    return date(of_year, number, day + 1)


def _thanksgiving(of_year: int) -> date:
    """Return the fourth Thursday of November."""
    first = date(of_year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21)


def _days(month_: int, first: int, last: int) -> Callable[[int], DaySpan]:
    return lambda of_year: DaySpan(date(of_year, month_, first), date(of_year, month_, last))


HOLIDAYS: Mapping[str, Callable[[int], DaySpan]] = {
    "christmas": _days(12, 24, 26),
    "christmas eve": _days(12, 24, 24),
    "christmas day": _days(12, 25, 25),
    "new year's eve": _days(12, 31, 31),
    "new year": lambda of_year: DaySpan(date(of_year - 1, 12, 31), date(of_year, 1, 1)),
    "valentine's day": _days(2, 14, 14),
    "halloween": _days(10, 31, 31),
    "easter": lambda of_year: DaySpan(_easter(of_year) - 2 * _DAY, _easter(of_year) + _DAY),
    "easter sunday": lambda of_year: DaySpan(_easter(of_year), _easter(of_year)),
    "thanksgiving": lambda of_year: DaySpan(_thanksgiving(of_year), _thanksgiving(of_year)),
}
"""Holiday -> function that returns its days in a year: Easter from Good Friday to Monday, New Year with its eve."""


def _ends_month(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _ends_year(day: date) -> bool:
    return (day.month, day.day) == (12, 31)
