"""Words that look alike: how many letters must be changed, added, left out or swapped to make one of the other."""

from __future__ import annotations

from collections.abc import Iterable

_SHORTEST, _LONG = 3, 6
"""Shorter words are like nearly anything; long ones may have two mistakes."""


def mistakes_forgiven(word: str) -> int:
    """0 for up to two letters, 1 for up to five, 2 for longer words."""
    return 0 if len(word) < _SHORTEST else 1 if len(word) < _LONG else 2


def near(word: str, names: Iterable[str]) -> list[tuple[int, str]]:
    """The names that are at most `mistakes_forgiven` away, with their distance; the nearest first, then by alphabet.

    Two neighbouring letters swapped are one mistake.  Among equals, names that begin with the same letter come first:
    people seldom get the first one wrong.
    """
    most = mistakes_forgiven(word)
    if not most:
        return [(0, word)] if word in set(names) else []
    from rapidfuzz.distance import OSA  # here: most queries need none of it

    found = (
        (OSA.distance(word, name, score_cutoff=most), name) for name in names if abs(len(name) - len(word)) <= most
    )
    return sorted(
        ((distance, name) for distance, name in found if distance <= most),
        key=lambda pair: (pair[0], pair[1][:1] != word[:1], pair[1]),
    )
