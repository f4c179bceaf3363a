"""Where a list ends: by the evidence for the word that is asked, not by one score for all.  Pure.

The scores of a word are probabilities, so the list that can be expected to be best is known before anybody looks: of
the k likeliest pictures, the sum of their probabilities is the number of right ones, and the sum of all is how many
there are.  The k of the greatest expected F1, 2 sum(p1 ... pk) / (k + sum(all p)), is taken (Lewis 1995, "Evaluating
and optimizing autonomous text classification systems"; Ye et al. 2012, "Optimizing F-measure: a tale of two
approaches").

The best result is taken for right, since people ask for what they have, and the others are measured by it.  That helps
words whose probabilities are all too low, and changes nothing where the best is certain anyway.  docs/ranking.md tells
how the constants were measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
WORTH = 0.05
"""Below this best score nothing is worth showing."""
_STEP = 1e-3
"""How closely what is set back comes behind the end of a list, as a share of that score."""


class Ending(Protocol):
    """A rule that ends lists."""

    def at(self, scores: Floats, words: int = 1) -> float:
        """The least score that is listed.

        scores: of everything found, in 0 to 1, shape (n,), in any order.  words: of how many words each is the
        geometric mean; 0 where nothing in the query is a word, as for conditions and ``like:`` alone.
        """


@dataclass(frozen=True, slots=True)
class ShareCut:
    """Ends a list at a share of the best score, within bounds; for scores that are no probabilities of words."""

    share: float = 0.6
    least: float = 0.05
    most: float = 0.3

    def at(self, scores: Floats, words: int = 1) -> float:
        """See `Ending`."""
        return max(self.least, min(self.share * float(scores.max(initial=0)), self.most))


@dataclass(frozen=True, slots=True)
class FixedCut:
    """Ends every list at the same score; to measure others against."""

    score: float

    def at(self, scores: Floats, words: int = 1) -> float:
        """See `Ending`."""
        return self.score


@dataclass(frozen=True, slots=True)
class Cut:
    """Ends a list of scores where the expected F1 is greatest.

    power: below 1 it lengthens lists: annotators are less sure of what they see than they are right.
    least: what scores lower counts as nothing, though it be the best; together: the same of several words, whose mean
    is high where one of them alone is likely.  most: what scores higher is always listed; a bound for measuring.

    Of a single word, no score above 0.4 of the best is left out: half of the greatest F1, which is at most 1, is where
    a list is best ended, and 0.4 to the power is half.
    """

    power: float = 0.75
    least: float = 0.05
    together: float = 0.15
    most: float = 1.0

    def at(self, scores: Floats, words: int = 1) -> float:
        """See `Ending`."""
        best = float(scores.max(initial=0))
        if not words:
            return ShareCut().at(scores)
        least = self.least if words == 1 else self.together
        if best < least:
            return least
        return min(self._by_f1(scores[scores >= np.float32(least)], best, words), self.most)

    def _by_f1(self, scores: Floats, best: float, words: int) -> float:
        falling = -np.sort(-scores)
        # A geometric mean to the power of its number of words is the probability that all of them are true.
        right = np.cumsum((falling / best) ** (self.power * words), dtype=np.float64)
        f1 = 2 * right / (np.arange(1, len(falling) + 1) + right[-1])
        return float(falling[f1.argmax()])


def set_back(scores: Floats, back: NDArray[np.bool_], end: float) -> Floats:
    """The scores with those of `back`, shape (n,), moved below the end of the list: next to it, in their order."""
    moved = np.float32(end) * (1 - np.float32(_STEP) * (2 - scores))
    return np.where(back & (scores >= np.float32(end)), moved, scores).astype(np.float32)
