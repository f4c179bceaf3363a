"""The cut-off of result lists, by the evidence for the query rather than a fixed score.  Pure.

The scores of a word are probabilities, so the list with the best expectation is known without relevance judgements: of
the k likeliest pictures, the sum of their probabilities is the expected number of right ones, and the sum of all is how
many there are.  The k with the greatest expected F1, 2 sum(p1 ... pk) / (k + sum(all p)), is taken (Lewis 1995,
"Evaluating and optimizing autonomous text classification systems"; Ye et al. 2012, "Optimizing F-measure: a tale of two
approaches").

The best result is assumed to be right, since people search for what they have, and the others are scaled by it.  That
helps words whose probabilities are all too low, and changes nothing where the best is certain anyway.  docs/ranking.md
describes how the constants were measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
WORTH = 0.05
"""Minimum best score for anything to be shown."""
_STEP = 1e-3
"""Spacing of the hits that are moved below the end of a list, as a share of that score."""


class Ending(Protocol):
    """A cut-off rule."""

    def at(self, scores: Floats, words: int = 1) -> float:
        """Return the minimum score that is listed.

        scores: of everything found, in 0 to 1, shape (n,), in any order.  words: the number of words of which each is
        the
        geometric mean; 0 for a query without words, of conditions and ``like:`` alone.
        """


@dataclass(frozen=True, slots=True)
class ShareCut:
    """Cuts off at a share of the best score, within bounds; for scores that are no probabilities of words."""

    share: float = 0.6
    least: float = 0.05
    most: float = 0.3

    def at(self, scores: Floats, words: int = 1) -> float:
        """See `Ending`."""
        return max(self.least, min(self.share * float(scores.max(initial=0)), self.most))


@dataclass(frozen=True, slots=True)
class FixedCut:
    """Cuts off every list at the same score; a baseline for measurements."""

    score: float

    def at(self, scores: Floats, words: int = 1) -> float:
        """See `Ending`."""
        return self.score


@dataclass(frozen=True, slots=True)
class Cut:
    """Cuts off at the greatest expected F1.

    power: below 1 it lengthens lists: annotators are underconfident.
    least: scores below it count as nothing, even the best one; together: the same for several words, whose mean
    is high if one of them alone is likely.  most: scores above it are always listed; a bound for measuring.

    For a single word, no score above 0.4 of the best is cut off: the cut-off is at half of the greatest F1, which
    is at most 1, and 0.4 to the power is half.
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
    """Return the scores with those of `back`, shape (n,), moved just below the end of the list, in their order."""
    moved = np.float32(end) * (1 - np.float32(_STEP) * (2 - scores))
    return np.where(back & (scores >= np.float32(end)), moved, scores).astype(np.float32)
