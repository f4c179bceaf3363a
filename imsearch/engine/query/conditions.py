"""What is so or not, whatever the words: ``date:2023``, ``iso:>800``.  Pure: the text behind a key in, a value out.

`KEYS` says which keys there are and how the text behind each is read; `imsearch.engine.stores.sql.conditions` looks the
values up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from imsearch.engine.query.escapes import unescaped
from imsearch.engine.query.spelling import near
from imsearch.engine.query.values import Around as Around
from imsearch.engine.query.values import BadValue as BadValue
from imsearch.engine.query.values import Chance as Chance
from imsearch.engine.query.values import Circle as Circle
from imsearch.engine.query.values import Exact as Exact
from imsearch.engine.query.values import Months as Months
from imsearch.engine.query.values import Part as Part
from imsearch.engine.query.values import Span as Span
from imsearch.engine.query.values import Value as Value


@dataclass(frozen=True, slots=True)
class Condition:
    """A key and what is asked of it.  `text` is how it was typed, `position` where what follows the colon starts."""

    key: str
    value: Value
    text: str = field(default="", compare=False)
    position: int = field(default=0, compare=False)


_COMPARISON = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_SIZE = re.compile(r"(\d+\.?\d*|\.\d+)\s*([kmg]?)(i?)b?", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_CHANCE = re.compile(r'("[^"]*"|[^"].*?)(>=|<=|>|<)([^<>=]*)', re.DOTALL)  # in quotes, everything is a name
ORIENTATIONS = ("portrait", "landscape", "square")
HAS = ("gps", "date", "camera", "lens", "iso", "rating", "people", "tags", "text", "title", "description", "keywords")
IS = ("duplicate", "untagged", "panorama", "screenshot")
PLACES = ("place", "city", "region", "country")
"""Keys of where a picture was taken; the first is any of the others."""
NEAR = 20.0
"""Kilometres around a place that is given by its name alone."""
SORTS = ("date", "name", "size", "score", "rating", "valence", "arousal")
FORMATS = {"jpg": "jpeg", "jpe": "jpeg", "tif": "tiff", "heic": "heif"}
"""Endings of file names that are not the name of the format."""


def chance(text: str) -> Chance | None:
    """``dog>0.8``, what may stand behind ``tag:``; None for a bare tag."""
    found = _CHANCE.fullmatch(text)
    if found is None or not found[1].strip('" '):
        return None
    start = found.start(3)
    number = found[3].removesuffix("%")
    value = _number(number, start, "tag: compares with a number from 0 to 1, for example tag:dog>0.8")
    value = value / 100 if number != found[3] else value
    if not 0 <= value <= 1:
        raise BadValue(f"A probability lies between 0 and 1, or 0% and 100%; {found[3]} does not.", start)
    return Chance(" ".join(found[1].strip('"').split()), _compared(found[2], value, value))


def _number(text: str, offset: int, complaint: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise BadValue(f"{complaint}; {text!r} is no number." if text else f"{complaint}.", offset)
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _compared(sign: str, low: float | datetime, high: float | datetime, half_open: bool = False) -> Span:
    """A span from a comparison with something that reaches from low to high; half_open: high is not part of it."""
    match sign:
        case ">":
            return Span(low=high, above=not half_open)
        case ">=":
            return Span(low=low)
        case "<":
            return Span(high=low, below=True)
        case "<=":
            return Span(high=high, below=half_open)
        case _:
            return Span(low, high, below=half_open)


def _span(
    text: str, reach: Callable[[str, int], tuple[float | datetime, float | datetime]], half_open: bool = False
) -> Span:
    """``X``, ``>X``, ``<=X``, ``X..Y``, ``X..`` or ``..Y``; `reach` reads one X: where it begins and ends."""
    first, dots, last = text.partition("..")
    if dots:
        if not first and not last:
            raise BadValue("A range needs a beginning or an end, for example 100..400 or 100..")
        low = reach(first, 0)[0] if first else None
        high = reach(last, len(first) + 2)[1] if last else None
        if low is not None and high is not None and (high < low or (half_open and high == low)):  # type: ignore[operator]
            raise BadValue(f"The range ends before it begins. Did you mean {last}..{first}?")
        return Span(low, high, below=half_open and high is not None)
    found = _COMPARISON.fullmatch(text)
    assert found is not None
    return _compared(found[1] or "", *reach(found[2], found.start(2)), half_open)


def _numbers(key: str, example: str) -> Callable[[str], Value]:
    def reach(text: str, offset: int) -> tuple[float, float]:
        value = _number(text, offset, f"{key}: takes a number, a comparison or a range, for example {example}")
        return value, value

    return lambda text: _span(text, reach)


def _size(text: str) -> Value:
    """A bare ``2MB`` is all that rounds to it, since hardly a file has that many bytes exactly."""
    span = _span(text, _bytes)
    found = _SIZE.fullmatch(text)
    if found is None or not found[2]:
        return span
    half = _unit(found) / 10 ** len(found[1].partition(".")[2]) / 2
    value = _bytes(text, 0)[0]
    return Span(value - half, value + half, below=True)


def _unit(found: re.Match[str]) -> int:
    step = 1024 if found[3] else 1000
    return {"": 1, "k": step, "m": step**2, "g": step**3}[found[2].lower()]


def _bytes(text: str, offset: int) -> tuple[float, float]:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise BadValue("size: takes a number with kB, MB or GB, for example size:>2MB or size:500kB..2MB", offset)
    value = float(found[1]) * _unit(found)
    return value, value


def _date(text: str, offset: int) -> tuple[datetime, datetime]:
    """A year, month or day: its first moment, and the first one after it."""
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


def _dates(text: str) -> Value:
    return _span(text, _date, half_open=True)


def _before(text: str) -> Value:
    return _compared("<", *_date(text, 0), half_open=True)


def _later(text: str) -> Value:
    return _compared(">", *_date(text, 0), half_open=True)


def _months(text: str) -> Value:
    first, dots, last = text.partition("..")
    offset = len(first) + 2
    numbers = [_month(part, at) for part, at in ((first, 0), (last, offset))[: 2 if dots else 1]]
    low, high = numbers[0], numbers[-1]
    return Months(tuple((low + step - 1) % 12 + 1 for step in range((high - low) % 12 + 1)))


def _month(text: str, offset: int) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 12:
        raise BadValue(
            f"month: takes a number from 1 to 12, or a range: month:12 or month:11..2; not {text!r}.", offset
        )
    return int(text)


def _circle(text: str) -> Value:
    help_ = (
        "near: takes latitude, longitude and kilometres, or the name of a place, for example near:48.14,11.58,5, "
        "near:Rome or near:Rome,20"
    )
    parts = text.split(",")
    if any(letter.isalpha() for letter in parts[0]):
        name, _, distance = text.rpartition(",") if _NUMBER.fullmatch(parts[-1].strip()) else (text, "", "")
        kilometres = _number(distance.strip(), len(name) + 1, help_) if distance else NEAR
        if kilometres < 0:
            raise BadValue(f"A distance lies at 0 or more; {distance.strip()} does not.", len(name) + 1)
        return Around(" ".join(name.split()), float(kilometres))
    if len(parts) != 3:
        raise BadValue(f"{help_}; {len(parts)} of the 3 are there." if len(parts) < 3 else f"{help_}.", len(text))
    values, offset = [], 0
    for part, name, low, high in zip(
        parts, ("latitude", "longitude", "distance"), (-90, -180, 0), (90, 180, math.inf), strict=True
    ):
        value = _number(part.strip(), offset, help_)
        if not low <= value <= high:
            limits = f"between {low} and {high}" if high < math.inf else "at 0 or more"
            raise BadValue(f"A {name} lies {limits}; {part.strip()} does not.", offset)
        values.append(float(value))
        offset += len(part) + 1
    return Circle(*values)


def _one_of(key: str, choices: tuple[str, ...]) -> Callable[[str], Value]:
    def choose(text: str) -> Value:
        name = text.lower()
        if name not in choices:
            raise BadValue(f"{key}: knows {', '.join(choices)}; not {text!r}.{did_you_mean(name, choices)}")
        return name

    return choose


def did_you_mean(text: str, choices: tuple[str, ...]) -> str:
    """A sentence with the choice that looks most like `text`; empty when none does."""
    found = near(text, choices)
    return f" Did you mean {found[0][1]}?" if found else ""


def _format(text: str) -> Value:
    name = text.lower().removeprefix(".")
    if not (name.isascii() and name.isalnum()):
        raise BadValue(f"type: takes the name of a format, for example type:jpeg or type:png; not {text!r}.")
    return FORMATS.get(name, name)


def _name(text: str) -> Value:
    """Part of a name, or after ``=`` all of it."""
    return Exact(unescaped(text[1:])) if text[:1] == "=" else Part(text)


def _placed(key: str) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        if not any(letter.isalnum() for letter in text):
            raise BadValue(f"{key}: takes a name, for example {key}:Italy.", len(text))
        return _name(text)

    return read


def _exact(key: str, example: str) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        exact = unescaped(text.removeprefix("="))
        if not exact:
            raise BadValue(f"{key}: takes a name, for example {example}.", len(text))
        return Exact(exact)

    return read


KEYS: Mapping[str, Callable[[str], Value]] = {
    "shows": _exact("shows", 'shows:dog or shows:"traffic light"'),
    "annotator": str.lower,
    "path": Part,
    "name": Part,
    "folder": _exact("folder", "folder:/photos/2023"),
    "type": _format,
    "date": _dates,
    "before": _before,
    "after": _later,
    "month": _months,
    "camera": _name,
    "lens": _name,
    **{key: _placed(key) for key in PLACES},
    "iso": _numbers("iso", "iso:400, iso:>800 or iso:100..400"),
    "width": _numbers("width", "width:>2000"),
    "height": _numbers("height", "height:>2000"),
    "size": _size,
    "rating": _numbers("rating", "rating:5 or rating:>=4"),
    "orientation": _one_of("orientation", ORIENTATIONS),
    "near": _circle,
    "has": _one_of("has", HAS),
    "is": _one_of("is", IS),
}
"""What stands before a colon and is no namespace, and how the text behind it is read."""
