"""Dates after a key, parsed and worded: ``2023-05``, ``>=2023``, ``2023-06..2024``.  Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from imsearch.keys import BadValue, Span, compared, span

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""Names of the months, from index 0."""
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def reach(text: str, offset: int) -> tuple[datetime, datetime]:
    """Return the first moment of a year, month or day, and the first one after it."""
    found = _DATE.fullmatch(text)
    if found is None:
        example = "2023, 2023-05, 2023-05-17 or 2023-05..2024"
        raise BadValue(f"A date looks like {example}{f'; {text!r} does not' if text else ''}.", offset)
    year, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        start = datetime(year, month if found[2] else 1, day if found[3] else 1)
    except ValueError:
        wrong = 1 if year == 0 else 2 if found[2] and not 1 <= month <= 12 else 3
        named = ("year", "month", "day")[wrong - 1]
        raise BadValue(
            f"There is no {named} {found[wrong]} in {text}. A date is year-month-day, for example 2023-05-17.",
            offset + found.start(wrong),
        ) from None
    return start, _after(start, bool(found[2]), bool(found[3]))


def _after(start: datetime, month: bool, day: bool) -> datetime:
    try:
        if day:
            return start + timedelta(days=1)
        if month and start.month < 12:
            return start.replace(month=start.month + 1)
        return start.replace(year=start.year + 1, month=1)
    except (ValueError, OverflowError):
        return datetime.max  # the end of the year 9999


def dates(text: str) -> Span:
    """Read a date, a comparison with one, or a range."""
    return span(text, reach, half_open=True)


def before(text: str) -> Span:
    """Read a date that pictures must be taken after."""
    return compared("<", *reach(text, 0), half_open=True)


def after(text: str) -> Span:
    """Read a date that pictures must be taken before."""
    return compared(">", *reach(text, 0), half_open=True)


def dates_told(text: str) -> str:
    """Return a date in words: ``>=2023-06`` is "since June 2023"."""
    first, dots, last = text.partition("..")
    if dots and first and last:
        return f"from {day_told(first)} to {day_told(last)}"
    if dots:
        return f"since {day_told(first)}" if first else f"until {day_told(last)}"
    for sign, word in ((">=", "since"), ("<=", "until"), (">", "after"), ("<", "before")):
        if text.startswith(sign):
            return f"{word} {day_told(text[len(sign) :])}"
    return f"from {day_told(text.removeprefix('='))}"


def day_told(text: str) -> str:
    """Return a day in words: ``2023-05-17`` is "17 May 2023"; a year stays as it is."""
    found = re.fullmatch(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", text)
    if found is None:
        return text
    day = f"{int(found[3])} " if found[3] else ""
    return f"{day}{MONTHS[int(found[2]) - 1]} {found[1]}"
