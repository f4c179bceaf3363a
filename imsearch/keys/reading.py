"""Readers of the text behind a key: numbers, comparisons, ranges, choices.  Pure; raise `BadValue`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeAlias

from imsearch.keys.values import BadValue, Span
from imsearch.languages.spelling import near

Limit: TypeAlias = float | datetime

_COMPARISON = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


def number(text: str, offset: int, complaint: str) -> float:
    """Read a number.  offset: where the text starts behind the colon.  complaint: what is said where it is none."""
    if not is_number(text):
        raise BadValue(f"{complaint}; {text!r} is no number." if text else f"{complaint}.", offset)
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def compared(sign: str, low: Limit, high: Limit, *, half_open: bool = False) -> Span:
    """Return the span of what compares so with something that reaches from low to high.

    half_open: `high` itself is not part of it.
    """
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


def span(text: str, reach: Callable[[str, int], tuple[Limit, Limit]], *, half_open: bool = False) -> Span:
    """Read ``X``, ``>X``, ``<=X``, ``X..Y``, ``X..`` or ``..Y``.

    reach: reads one X, which starts so far behind the colon: where it begins and ends.
    """
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
    return compared(found[1] or "", *reach(found[2], found.start(2)), half_open=half_open)


def numbers(key: str, example: str) -> Callable[[str], Span]:
    """Return a reader of a number, a comparison or a range.  example: what the message about others shows."""

    def reach(text: str, offset: int) -> tuple[float, float]:
        value = number(text, offset, f"{key}: takes a number, a comparison or a range, for example {example}")
        return value, value

    return lambda text: span(text, reach)


def one_of(key: str, choices: tuple[str, ...]) -> Callable[[str], str]:
    """Return a reader of one of these words, in any capitals."""

    def choose(text: str) -> str:
        name = text.lower()
        if name not in choices:
            raise BadValue(f"{key}: knows {', '.join(choices)}; not {text!r}.{did_you_mean(name, choices)}")
        return name

    return choose


def did_you_mean(text: str, choices: Iterable[str]) -> str:
    """Return a sentence with the choice that looks most like `text`; empty when none does."""
    found = near(text, choices)
    return f" Did you mean {found[0][1]}?" if found else ""


def in_words(text: str, reach: Callable[[str], str] = str) -> str:
    """Return a number, comparison or range in words: ``>800`` is "over 800".  reach: tells what is compared with."""
    first, dots, last = text.partition("..")
    if dots and first and last:
        return f"{reach(first)} to {reach(last)}"
    if dots:
        return f"at least {reach(first)}" if first else f"at most {reach(last)}"
    sign = re.match("[<>]?=?", text)
    found = sign[0] if sign else ""
    words = {">": "over ", ">=": "at least ", "<": "under ", "<=": "at most "}.get(found, "")
    return words + reach(text[len(found) :])
