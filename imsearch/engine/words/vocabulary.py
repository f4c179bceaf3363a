"""All spellings usable in a query, for prefix and fuzzy search."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import takewhile

from imsearch.languages.spelling import near

SEPARATOR = ":"
"""Separates a namespace from the rest: ``emotion:happy``."""


class Vocabulary:
    """The tags of a library and the names of a lexicon; the part after a namespace is a spelling too."""

    def __init__(self, tags: Iterable[str], names: Iterable[str] = ()) -> None:
        spellings = {each for name in (*tags, *names) for each in (name, name.partition(SEPARATOR)[2].strip())}
        self._spellings = sorted(spellings - {""})

    def starting(self, prefix: str) -> Iterator[str]:
        """Yield the spellings with this prefix, in alphabetical order."""
        first = bisect_left(self._spellings, prefix)
        return takewhile(lambda each: each.startswith(prefix), self._spellings[first:])

    def near(self, word: str) -> list[tuple[int, str]]:
        """Return the spellings at an edit distance of one or two, with that distance; the closest first."""
        return near(word, self._spellings)
