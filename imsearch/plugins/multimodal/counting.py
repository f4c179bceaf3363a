"""Cutting the list of tags at the predicted number of labels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from imsearch.training.metrics import top_counts
from imsearch.training.probabilities import Floats

_LIMIT, _SLOPE = 0.95, 0.04


def within_counts(probabilities: Floats, counts: Floats, columns: Iterable[slice]) -> NDArray[np.bool_]:
    """Return a mask of the likeliest outputs of each head, as many as its rounded count, one at least.

    probabilities: ``(N, outputs)``.  counts: ``(N, heads)``.  columns: of each head.
    """
    chosen = np.zeros(probabilities.shape, dtype=bool)
    for head, several in enumerate(columns):
        chosen[:, several] = top_counts(probabilities[:, several], np.maximum(counts[:, head], 1))
    return chosen


def limited(probabilities: Floats, allowed: NDArray[np.bool_], thresholds: Floats) -> Floats:
    """The same where allowed or under the threshold; else just under the threshold, in the same order.

    A tag beyond the count is not shown, and stays in the long tail by which queries rank.  p becomes
    threshold * (0.95 + 0.04 p): between .95 and .99 of the threshold.
    """
    cut = ~allowed & (probabilities >= thresholds)
    return np.where(cut, thresholds * (_LIMIT + _SLOPE * probabilities), probabilities).astype(np.float32)
