"""Cutting long lists, since statements and memory are not endless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
_MOST_AT_ONCE = 1000
"""Values in one ``IN (...)``; SQLite takes 32,766, and statements of this length are still quick to make."""


def pieces(values: Iterable[T], size: int = _MOST_AT_ONCE) -> Iterator[list[T]]:
    """Cut into lists of at most `size`."""
    iterator = iter(values)
    while piece := list(islice(iterator, size)):
        yield piece
