"""How tags are judged where labels tell of some of them: ranking, what is shown, and what probabilities mean.

`truth` and `known` are boolean arrays ``(pictures, tags)``: what is there, and which pairs of a picture and a tag are
judged at all.  `scores` are probabilities of the same shape, `shown` marks what passes the thresholds.
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
    """Precision and recall over pairs of a picture and a tag; nan where nothing is shown, or nothing is there."""

    precision: float
    recall: float


def mean_ap(truth: Bools, scores: Floats, known: Bools, least: int = 1) -> tuple[float, int]:
    """The mean average precision over tags that at least `least` pictures have, and how many tags these are.

    Each tag ranks the pictures that are judged by it, and no others.
    """
    columns = np.flatnonzero((truth & known).sum(axis=0) >= max(least, 1))
    values = [average_precision(truth[known[:, tag], tag], scores[known[:, tag], tag]) for tag in columns]
    return (float(np.mean(values)) if values else float("nan")), len(values)


def shown_shares(truth: Bools, shown: Bools, known: Bools) -> Shares:
    """Precision and recall of what is shown, over all judged pairs together."""
    hits, there = int((truth & shown & known).sum()), int((truth & known).sum())
    said = int((shown & known).sum())
    return Shares(hits / said if said else float("nan"), hits / there if there else float("nan"))


def recall_at_precision(truth: Bools, scores: Floats, known: Bools, precision: float) -> float:
    """The recall over all judged pairs at the lowest probability from which `precision` is still reached.

    Pairs of equal probability go together.  0 where no probability reaches it.
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
    """Shown pairs whose probability lies from `low` up to `high`: how many, their mean, and the share that is right."""

    low: float
    high: float
    count: int
    mean: float
    right: float


def reliability(pairs: Iterable[tuple[Bools, Floats, Bools]], edges: Sequence[float] = EDGES) -> list[Bin]:
    """The calibration curve of shown tags; each of `pairs` is truth, scores and a mask of the pairs that count.

    Bins without a pair are left out.
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

    showable: counting unshown tags that some probability would show.  any: all tags, also those for ranking only.
    """

    pictures: int
    showable: float
    any: float


def order_of(spec: AnnotatorSpec, pictures: Sequence[Mapping[str, float]]) -> Order:
    """How often the order of probabilities and what is shown disagree; `pictures` map tags to probabilities."""
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
    """The tags of the vocabulary that no probability shows."""
    return [tag for tag in spec.vocabulary if not spec.shows(tag, 1.0)]
