"""Prefix search for names and the words in them.  Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from heapq import nsmallest

_WORD_STARTS = re.compile(r"(?<=[^\w'])\w")


class Names:
    """Names and the number of images of each; case-insensitive."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts
        entries: list[tuple[str, bool, str]] = []
        for name in counts:
            folded = name.casefold()
            entries.append((folded, False, name))
            entries += [(folded[found.start() :], True, name) for found in _WORD_STARTS.finditer(folded)]
        entries.sort()
        self._keys = [key for key, _, _ in entries]
        self._entries = [(inner, name) for _, inner, name in entries]

    def starting(self, prefix: str, most: int, *, inside: bool = True) -> list[str]:
        """Return the name itself, then names with this prefix, then, if requested, those with a word inside that has
        it.

        Each group by count, then alphabetically.
        """
        folded = prefix.casefold()
        first = bisect_left(self._keys, folded)
        last = bisect_left(self._keys, folded + "\U0010ffff", first)
        best: dict[str, bool] = {}
        for inner, name in self._entries[first:last]:
            if inside or not inner:
                best[name] = inner and best.get(name, True)
        ranked = ((name.casefold() != folded, inner, -self.counts[name], name) for name, inner in best.items())
        return [name for *_, name in nsmallest(most, ranked)]
