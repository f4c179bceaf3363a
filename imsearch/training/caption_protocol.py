"""Free-text search: a sentence someone wrote about a picture is the query, the picture what should come first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class CaptionScores:
    """The number of queries; the shares whose picture ranked first, in the top 5 and the top 10; the median rank."""

    queries: int
    r_at_1: float
    r_at_5: float
    r_at_10: float
    median_rank: float


def judge_captions(ranks: Sequence[int]) -> CaptionScores:
    """`ranks`: of each query's picture, 1 for the first; a picture not found counts as the last."""
    found = np.asarray(ranks)
    first, five, ten = (float((found <= most).mean()) for most in (1, 5, 10))
    return CaptionScores(len(found), first, five, ten, float(np.median(found)))
