"""From which probability a tag is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LEAST_SHOWN, MOST_SHOWN = 0.35, 0.7
"""A tag's own threshold stays in this range: fewer than a hundred positives decide it."""
_LEAST_POSITIVES = 10
_BETA = 0.5
_STEADY = 20.0
"""A threshold of n positives moves n / (n + this) of the way from the common one to its own."""

Floats = NDArray[np.float32]


class Judges(Protocol):
    """Held-back pictures and their true tags; see `imsearch.plugins.everyday.calibrate.Judged`."""

    @property
    def tags(self) -> tuple[str, ...]: ...

    def pairs(self, tags: Sequence[str], values: Floats) -> tuple[Floats, NDArray[np.bool_]]: ...


def best_threshold(values: Floats, truth: NDArray[np.bool_]) -> float:
    """The value whose F-measure with beta one half is best: precision counts twice as much as recall."""
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(truth[order])
    f = (1 + _BETA**2) * hits / (np.arange(1, len(hits) + 1) + _BETA**2 * max(int(hits[-1]), 1))
    return float(values[order[int(np.argmax(f))]])


def choose_thresholds(sets: Sequence[Judges], tags: Sequence[str], rows: Floats) -> tuple[float, dict[str, float]]:
    """The common threshold, and those of tags with enough positives, drawn towards the common one.

    rows: probabilities ``(held-back pictures, tags)``.
    """
    common = _within(best_threshold(*_pooled(sets, tags, rows)))
    own = {}
    for column, tag in enumerate(tags):
        judges = [judged for judged in sets if tag in judged.tags]
        if not judges:
            continue
        values, truth = _pooled(judges, [tag], rows[:, [column]])
        positives = int(truth.sum())
        if positives >= _LEAST_POSITIVES:
            best = _within(best_threshold(values, truth))
            own[tag] = round(common + (best - common) * positives / (positives + _STEADY), 3)
    return round(common, 3), own


def _pooled(sets: Sequence[Judges], tags: Sequence[str], rows: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    pairs = [judged.pairs(tags, rows) for judged in sets]
    return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])


def _within(threshold: float) -> float:
    return float(np.clip(threshold, LEAST_SHOWN, MOST_SHOWN))
