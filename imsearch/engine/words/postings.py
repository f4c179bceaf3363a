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
    """One number for a posting: the probability, raised by `SHOWN` for a shown tag; `REJECTED` stands for itself."""
    return probability + SHOWN if shown else probability


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """The images that have a tag, in no particular order, each once.

    images: ids.  probabilities: in 0 to 1.  shown: whether the tag is shown.  rejected: whether the user said it is
    wrong; the other two mean nothing there.  All of shape (n,).
    """

    images: NDArray[int64]
    probabilities: NDArray[float32]
    shown: NDArray[bool_]
    rejected: NDArray[bool_]
