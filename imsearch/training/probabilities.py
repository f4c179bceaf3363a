"""Logits and probabilities in NumPy, the same for training, evaluation and indexing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_TINY = 1e-6


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), dtype=np.float32)


def logit(p: Floats) -> Floats:
    """The inverse of `sigmoid`, finite at 0 and 1."""
    p = np.clip(p, _TINY, 1 - _TINY)
    return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float32)


def softmax(x: Floats) -> Floats:
    """Along the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), dtype=np.float32)


def strongest(names: Sequence[str], row: Floats, most: int, least: float) -> list[tuple[str, float]]:
    """The `most` greatest entries of a row that reach `least`, greatest first."""
    order = np.argsort(-row, kind="stable")[:most]
    return [(names[index], float(row[index])) for index in order if row[index] >= least]
