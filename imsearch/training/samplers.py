"""The pictures of an epoch, and their order.  A sampler maps a generator and rows to the rows of one epoch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
Sampler = Callable[[np.random.Generator, Rows], Rows]


def shuffled(generator: np.random.Generator, rows: Rows) -> Rows:
    """Every picture once."""
    return generator.permutation(rows)


def repeat_factor(targets: NDArray[np.floating], threshold: float) -> Sampler:
    """Pictures with a rare label more often (Gupta et al. 2019, https://arxiv.org/abs/1908.03195, section 4.3).

    targets: ``(all rows, labels)``.  A label of frequency f asks for max(1, sqrt(threshold / f)) showings; a picture
    gets the most that one of its labels asks for, the fraction of it by lot.
    """

    def sample(generator: np.random.Generator, rows: Rows) -> Rows:
        present = targets[rows] >= 0.5
        frequency = np.maximum(present.mean(axis=0), 1e-9)
        factor = np.maximum(1.0, np.sqrt(threshold / frequency))
        each = np.maximum(np.where(present, factor, 0).max(axis=1), 1.0)
        times = np.floor(each) + (generator.random(len(rows)) < each % 1)
        return generator.permutation(np.repeat(rows, times.astype(np.intp)))

    return sample


def only(chosen: Rows) -> Sampler:
    """Of the rows only those that are chosen, each once."""

    def sample(generator: np.random.Generator, rows: Rows) -> Rows:
        return generator.permutation(np.intersect1d(rows, chosen))

    return sample


def equalized(targets: NDArray[np.floating], labels: NDArray[np.bool_]) -> Sampler:
    """Only pictures with one of `labels`, drawn so that each of these comes about equally often.

    targets: ``(all rows, all labels)``.  A label is drawn by lot, then one of its pictures; an epoch is as long as
    there are such pictures.
    """

    def sample(generator: np.random.Generator, rows: Rows) -> Rows:
        present = targets[np.ix_(rows, np.flatnonzero(labels))] >= 0.5
        having = [rows[column] for column in present.T if column.any()]
        count = int(present.any(axis=1).sum())
        if not having:
            return rows[:0]
        drawn = generator.integers(0, len(having), size=count)
        places = generator.random(count)
        return np.array([having[label][int(p * len(having[label]))] for label, p in zip(drawn, places, strict=True)])

    return sample
