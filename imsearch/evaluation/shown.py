"""Metrics for tags with partial ground truth: ranking, shown tags, and calibration.

`truth` and `known` are boolean arrays ``(pictures, tags)``: the ground truth, and the (picture, tag) pairs that are
judged at all.  `scores` are probabilities of the same shape, `shown` marks those that pass the thresholds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from imsearch.specs import AnnotatorSpec
from imsearch.training.metrics import average_precision

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
EDGES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class Shares:
    """Precision and recall over (picture, tag) pairs; nan if nothing is shown, or nothing is true."""

    precision: float
    recall: float


def mean_ap(truth: Bools, scores: Floats, known: Bools, least: int = 1) -> tuple[float, int]:
    """Return the mean average precision over tags that at least `least` pictures have, and the number of these tags.

    Each tag ranks only the pictures that are judged for it.
    """
    columns = np.flatnonzero((truth & known).sum(axis=0) >= max(least, 1))
    values = [average_precision(truth[known[:, tag], tag], scores[known[:, tag], tag]) for tag in columns]
    return (float(np.mean(values)) if values else float("nan")), len(values)


def shown_shares(truth: Bools, shown: Bools, known: Bools) -> Shares:
    """Return precision and recall of shown tags, over all judged pairs together."""
    hits, there = int((truth & shown & known).sum()), int((truth & known).sum())
    said = int((shown & known).sum())
    return Shares(hits / said if said else float("nan"), hits / there if there else float("nan"))


def recall_at_precision(truth: Bools, scores: Floats, known: Bools, precision: float) -> float:
    """Return the recall over all judged pairs at the lowest threshold that still reaches `precision`.

    Pairs of equal probability are kept together.  0 if no threshold reaches it.
    """
    values, right = scores[known], truth[known]
    if not right.any():
        return float("nan")
    order = np.argsort(-values, kind="stable")
    values, hits = values[order], np.cumsum(right[order])
    last = np.append(values[1:] < values[:-1], True) & (values > 0)
    reached = np.flatnonzero(last & (hits >= precision * np.arange(1, len(hits) + 1)))
    return float(hits[reached[-1]] / hits[-1]) if len(reached) else 0.0


@dataclass(frozen=True)
class Bin:
    """Shown pairs with a probability from `low` up to `high`: number, mean probability, and share of true ones."""

    low: float
    high: float
    count: int
    mean: float
    right: float


def reliability(pairs: Iterable[tuple[Bools, Floats, Bools]], edges: Sequence[float] = EDGES) -> list[Bin]:
    """Return the calibration curve of shown tags; each of `pairs` is truth, scores and a mask of the pairs that count.

    Empty bins are left out.
    """
    several = [(truth[mask], scores[mask]) for truth, scores, mask in pairs]
    right = np.concatenate([truth for truth, _ in several]) if several else np.zeros(0, bool)
    values = np.concatenate([scores for _, scores in several]) if several else np.zeros(0, np.float32)
    place = np.digitize(values, edges[1:-1])
    bins = []
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = place == number
        if inside.any():
            bins.append(Bin(low, high, int(inside.sum()), float(values[inside].mean()), float(right[inside].mean())))
    return bins


@dataclass(frozen=True)
class Order:
    """Shares of pictures in which a tag that is not shown is likelier than one that is.

    showable: counting only tags that some probability would show.  any: all tags, including those for ranking only.
    """

    pictures: int
    showable: float
    any: float


def order_of(spec: AnnotatorSpec, pictures: Sequence[Mapping[str, float]]) -> Order:
    """Return how often the order of probabilities and the shown tags disagree; `pictures` map tags to probabilities."""
    showable = every = 0
    for tags in pictures:
        shown = [probability for tag, probability in tags.items() if spec.shows(tag, probability)]
        least = min(shown, default=2.0)
        over = [tag for tag, probability in tags.items() if probability > least and not spec.shows(tag, probability)]
        every += bool(over)
        showable += any(spec.shows(tag, 1.0) for tag in over)
    count = max(len(pictures), 1)
    return Order(len(pictures), showable / count, every / count)


def never_shown(spec: AnnotatorSpec) -> list[str]:
    """Return the tags of the vocabulary that no probability shows."""
    return [tag for tag in spec.vocabulary if not spec.shows(tag, 1.0)]
