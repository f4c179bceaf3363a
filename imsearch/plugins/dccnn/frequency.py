"""Low-frequency words, and the pictures that have one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DatasetError
from imsearch.training.corpus import Corpus


def middle_mean(frequency: NDArray[np.generic]) -> float:
    """Return the mean of the words' frequencies, without the highest and the lowest."""
    ordered = np.sort(frequency.astype(np.float64))
    return float(np.mean(ordered[1:-1] if len(ordered) > 2 else ordered))


def low_words(corpus: Corpus) -> NDArray[np.bool_]:
    """Return the low-frequency columns, computed per head: datasets differ in size and in how freely they label."""
    low = np.zeros(corpus.targets.shape[1], dtype=bool)
    for columns in corpus.slices.values():
        frequency = corpus.frequency[columns].astype(np.float64)
        low[columns] = frequency < middle_mean(frequency) - 1e-9  # equal frequencies may differ in their last bit
    return low


def low_rows(corpus: Corpus) -> NDArray[np.bool_]:
    """Return the rows with a low-frequency word.

    Raises `DatasetError` when no training picture has one, since the second channel could learn nothing.
    """
    low = low_words(corpus)
    known = (corpus.targets[:, low] >= 0.5) & (corpus.mask[:, low] > 0)
    rows = np.asarray(known.any(axis=1))
    if not rows[corpus.train].any():
        raise DatasetError(
            "No word is rarer than the mean: the second channel would have nothing to learn from. "
            "Use other data, or --set channels=1"
        )
    return rows
