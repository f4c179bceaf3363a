"""Rules of predicates that all catalogs share: when a text holds a pattern, and how answers are put together."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

from imsearch.keys import And, Not, Or, Predicate
from imsearch.languages.letters import folded, unaccented

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray


def combined(predicate: Predicate, ids: Callable[[Predicate], NDArray[int64]]) -> NDArray[int64] | None:
    """The ids of the images that "and", "or" and "not" are true of, from those of their items; None for others.

    ids: the images that a predicate is true of, in order; asked for all images by ``And(())``.
    """
    import numpy as np

    match predicate:
        case And((_, *_)):
            return reduce(np.intersect1d, map(ids, predicate.items))
        case Or((_, *_)):
            return reduce(np.union1d, map(ids, predicate.items))
        case Or():
            return np.empty(0, np.int64)
        case Not(item):
            return np.setdiff1d(ids(And(())), ids(item), assume_unique=True)
    return None


def pattern(text: str) -> Callable[[str], bool]:
    """Return a test of whether a text holds this, in any capitals and any Unicode form; ``*`` stands for anything.

    What is typed without accents is found with them, too.
    """
    spelled = [folded(part) for part in text.split("*")]
    plain = not any(map(unaccented, spelled))

    def holds(name: str) -> bool:
        place = 0
        for part in spelled:
            place = name.find(part, place)
            if place < 0:
                return False
            place += len(part)
        return True

    def fits(name: str) -> bool:
        name = folded(name)
        return holds(name) or (plain and any(map(holds, unaccented(name))))

    return fits


def longest_ascii(text: str) -> str:
    """Return the longest part of a pattern that each ASCII text holds in some capitals that fits it; maybe ""."""
    return max((part for part in map(folded, text.split("*")) if part.isascii()), key=len, default="")
