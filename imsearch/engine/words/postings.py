"""Posting lists: the images that have a tag, and how strongly.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import bool_, float32, int64
    from numpy.typing import NDArray

REJECTED = -1.0
SHOWN = 2.0


def weight_of(probability: float, shown: bool) -> float:
    """Return the weight of a posting: the probability, plus `SHOWN` for a shown tag; `REJECTED` is kept as it is."""
    return probability + SHOWN if shown else probability


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """The posting list of a tag, in no particular order, each image once.

    images: ids.  probabilities: in 0 to 1.  shown: True if the tag is shown.  rejected: True if the user rejected it;
    the other two are meaningless then.  All of shape (n,).
    """

    images: NDArray[int64]
    probabilities: NDArray[float32]
    shown: NDArray[bool_]
    rejected: NDArray[bool_]

    def only(self, kept: NDArray[bool_]) -> Postings:
        """Return the list of some images; kept: bool (n,)."""
        return Postings(self.images[kept], self.probabilities[kept], self.shown[kept], self.rejected[kept])


def joined(first: Postings, second: Postings) -> Postings:
    """Return the list of two that have no image in common."""
    import numpy as np

    return Postings(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.probabilities, second.probabilities]),
        np.concatenate([first.shown, second.shown]),
        np.concatenate([first.rejected, second.rejected]),
    )
