"""All spellings that a query can use, to find those that begin like a word or are spelled about so."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import takewhile

from imsearch.languages.spelling import near

SEPARATOR = ":"
"""Between a namespace and what stands in it: ``emotion:happy``."""


class Vocabulary:
    """The tags of a library and the names of a lexicon; what stands behind a namespace counts as a spelling too."""

    def __init__(self, tags: Iterable[str], names: Iterable[str] = ()) -> None:
        spellings = {each for name in (*tags, *names) for each in (name, name.partition(SEPARATOR)[2].strip())}
        self._spellings = sorted(spellings - {""})

    def starting(self, prefix: str) -> Iterator[str]:
        """The spellings that begin so, by alphabet."""
        first = bisect_left(self._spellings, prefix)
        return takewhile(lambda each: each.startswith(prefix), self._spellings[first:])

    def near(self, word: str) -> list[tuple[int, str]]:
        """The spellings that a mistake or two make of this one, and how many mistakes; the nearest first."""
        return near(word, self._spellings)
