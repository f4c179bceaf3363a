"""Likeness of tags and labels in the space of texts: tags of any words say something about any label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imsearch.training.probabilities import Floats

FROM, TO = 2.0, 6.0
"""Likeness in standard deviations from which it counts, and to which."""
_LEAST_SPREAD = 0.05


@dataclass(frozen=True)
class Likeness:
    """Cosines of tags and labels, in standard deviations over the tags of training.

    Some labels' names are near to all texts and some tags near to all labels, so vectors are taken from their mean, and
    each label's cosines from theirs.

    names: ``(labels, length)``, unit vectors of the labels' names, from their mean.  middle: ``(length,)``, the mean of
    the tags of training.  mean, spread: ``(labels,)``, mean and standard deviation of the labels' cosines with these.
    """

    names: Floats
    middle: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, labels: Floats, tags: Floats) -> Likeness:
        """Measure it on text vectors of labels and of the tags of training; zeros are texts that say nothing."""
        names = _unit(labels - labels[labels.any(axis=1)].mean(axis=0)) * labels.any(axis=1, keepdims=True)
        known = tags[tags.any(axis=1)]
        middle = known.mean(axis=0)
        cosines = _unit(known - middle) @ names.T
        return cls(names, middle, cosines.mean(axis=0), np.maximum(cosines.std(axis=0), _LEAST_SPREAD))

    def __call__(self, vectors: Floats) -> Floats:
        """Return how alike the nearest of some tags ``(tags, length)`` is to each label: ``(labels,)``, 0 to 4."""
        known = vectors[vectors.any(axis=1)]
        if not len(known):
            return np.zeros(len(self.names), np.float32)
        nearest = ((_unit(known - self.middle) @ self.names.T - self.mean) / self.spread).max(axis=0)
        return np.asarray(np.clip(nearest, FROM, TO) - FROM, np.float32)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)
