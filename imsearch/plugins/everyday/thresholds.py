"""From which probability a tag is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imsearch.training.calibration import best_threshold, steadied, within

Floats = NDArray[np.float32]


class Judges(Protocol):
    """Held-back pictures and their true tags; see `imsearch.plugins.everyday.calibrate.Judged`."""

    @property
    def tags(self) -> tuple[str, ...]: ...

    def pairs(self, tags: Sequence[str], values: Floats) -> tuple[Floats, NDArray[np.bool_]]: ...


def choose_thresholds(sets: Sequence[Judges], tags: Sequence[str], rows: Floats) -> tuple[float, dict[str, float]]:
    """The common threshold, and those of tags with enough positives, drawn towards the common one.

    rows: probabilities ``(held-back pictures, tags)``.
    """
    common = within(best_threshold(*_pooled(sets, tags, rows)))
    own = {}
    for column, tag in enumerate(tags):
        judges = [judged for judged in sets if tag in judged.tags]
        if not judges:
            continue
        values, truth = _pooled(judges, [tag], rows[:, [column]])
        if (threshold := steadied(common, values, truth)) is not None:
            own[tag] = threshold
    return round(common, 3), own


def _pooled(sets: Sequence[Judges], tags: Sequence[str], rows: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    pairs = [judged.pairs(tags, rows) for judged in sets]
    return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])
