"""``size:>2MB``: bytes of the file."""

from __future__ import annotations

import re

from imsearch.keys import BadValue, Compare, Key, Order, Span, in_words, span

_SIZE = re.compile(r"(\d+\.?\d*|\.\d+)\s*([kmg]?)(i?)b?", re.IGNORECASE)


def _size(text: str) -> Span:
    """A bare ``2MB`` means every size that rounds to it, since hardly any file has exactly that many bytes."""
    asked = span(text, _bytes)
    found = _SIZE.fullmatch(text)
    if found is None or not found[2]:
        return asked
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


KEY = Key(
    "size",
    hint="of the file: size:>2MB",
    example="size:>2.4MB",
    read=_size,
    predicate=lambda asked: Compare("bytes", asked),
    told=lambda text: f"of {in_words(text)}",
    orders=(Order("size", "bytes", up="the smallest first", down="the largest first"),),
)
