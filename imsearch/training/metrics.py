"""Metrics of annotation and of search over annotations.

Everywhere `truth` is a boolean array ``(images, words)``, `scores` a float array of the same shape (greater is
likelier; only the order matters unless a threshold is used).  All figures are fractions of 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class WordScores:
    """Means over words, the per-word protocol of Corel5k, ESP Game and IAPR TC-12.

    f1 is the harmonic mean *of the means* of precision and recall.  n_plus counts words with recall above 0.
    """

    precision: float
    recall: float
    f1: float
    n_plus: int
    words: int


@dataclass(frozen=True)
class ThresholdScores:
    """The threshold protocol of COCO and NUS-WIDE: per word (C-P, C-R, C-F1) and over all (O-P, O-R, O-F1)."""

    per_word: WordScores
    overall_precision: float
    overall_recall: float
    overall_f1: float


def top_k(scores: Floats, k: int) -> Bools:
    """Marks the `k` greatest scores of each image; among equal scores the earlier word."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    chosen = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(chosen, order, True, axis=1)
    return chosen


def harmonic_mean(precision: float, recall: float) -> float:
    """2PR/(P+R), and 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def word_scores(truth: Bools, chosen: Bools, words: Sequence[int] | Bools | None = None) -> WordScores:
    """Mean precision and recall over `words` (indices or a mask; default: words true of at least one image).

    For word i: g images truly have it, p got it, c both; precision c/p (0 if never predicted), recall c/g.
    """
    kept = truth.any(axis=0) if words is None else words
    truth, chosen = truth[:, kept], chosen[:, kept]
    hits = (truth & chosen).sum(axis=0)
    precision = float(np.mean(hits / np.maximum(chosen.sum(axis=0), 1)))
    recall = float(np.mean(hits / np.maximum(truth.sum(axis=0), 1)))
    return WordScores(precision, recall, harmonic_mean(precision, recall), int((hits > 0).sum()), truth.shape[1])


FIVE = 5


def micro_scores(truth: Bools, chosen: Bools) -> tuple[float, float, float]:
    """Precision, recall and F1 over all pairs of picture and label, from summed counts; arrays of one shape.

    0 where nothing was chosen, or nothing is true.
    """
    hits = int((truth & chosen).sum())
    precision, recall = hits / max(int(chosen.sum()), 1), hits / max(int(truth.sum()), 1)
    return precision, recall, harmonic_mean(precision, recall)


def five_words(truth: Bools, scores: Floats, words: Sequence[int] | Bools | None = None) -> WordScores:
    """The "five words" protocol: exactly the 5 top-scored words go to each image."""
    return word_scores(truth, top_k(scores, 5), words)


def balanced(probabilities: Floats, frequency: NDArray[np.floating], strength: float) -> Floats:
    """Scores for measures that count rare words as much as frequent ones: logit(p) - strength * log(frequency).

    Logit adjustment (Menon et al. 2021, https://arxiv.org/abs/2007.07314, equation 9).  frequency: the share of
    training images with each word, above 0.  Within a word the order of images stays as it is.
    """
    p = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(p) - np.log1p(-p) - strength * np.log(frequency))


def threshold_scores(truth: Bools, chosen: Bools) -> ThresholdScores:
    """Per-word and overall means of one decision a word and image."""
    hits = float((truth & chosen).sum())
    precision, recall = hits / max(int(chosen.sum()), 1), hits / max(int(truth.sum()), 1)
    return ThresholdScores(word_scores(truth, chosen), precision, recall, harmonic_mean(precision, recall))


def image_scores(truth: Bools, chosen: Bools) -> WordScores:
    """The per-image means: precision and recall of each image's words, over images with at least one true word.

    Beside per-word means, which reward guessing rare words.  `n_plus` counts images with a hit, `words` images.
    """
    return word_scores(truth.T, chosen.T)


def top_counts(scores: Floats, counts: NDArray[np.floating] | NDArray[np.integer]) -> Bools:
    """Marks as many of each image's greatest scores as its count says, rounded; ``counts`` is ``(images,)``."""
    rank = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(rank < np.rint(counts)[:, None])


def count_scores(truth: Bools, scores: Floats, counts: NDArray[np.floating] | NDArray[np.integer]) -> ThresholdScores:
    """The threshold protocol with the `counts[i]` top-scored words of image i; predicted counts, or the true ones."""
    return threshold_scores(truth, top_counts(scores, counts))


def count_error(truth: Bools, counts: NDArray[np.floating] | NDArray[np.integer]) -> float:
    """Mean absolute error of predicted label counts, as they are, not rounded."""
    return float(np.abs(truth.sum(axis=1) - counts).mean())


def average_precision(truth: NDArray[np.bool_], scores: Floats) -> float:
    """AP of one ranking: (1/g) * sum over the hits of (hits so far / rank).  nan without a true item.

    Equal scores keep their order, so give them in an order that does not depend on the truth.
    """
    order = np.argsort(-scores, kind="stable")
    return ranked_average_precision(truth[order])


def ranked_average_precision(relevant: NDArray[np.bool_], total: int | None = None) -> float:
    """AP of a list in ranked order; `total` relevant items exist (default: those in the list)."""
    ranks = np.flatnonzero(relevant) + 1
    total = len(ranks) if total is None else total
    return float((np.arange(1, len(ranks) + 1) / ranks).sum() / total) if total else float("nan")


def break_even_precision(relevant: NDArray[np.bool_], total: int) -> float:
    """BEP: the precision at the rank that equals the number of relevant items."""
    return float(relevant[:total].sum() / total) if total else float("nan")


def eleven_point_average_precision(truth: NDArray[np.bool_], scores: Floats) -> float:
    """AP of VOC 2007: the mean over recall 0, .1, ..., 1 of the best precision at that recall or higher."""
    relevant = truth[np.argsort(-scores, kind="stable")]
    total = int(relevant.sum())
    if not total:
        return float("nan")
    hits = np.cumsum(relevant)
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / total
    # Recall is a fraction of small counts: the small allowance keeps 3/10 from missing .3.
    return float(np.mean([precision[recall >= level - 1e-9].max(initial=0.0) for level in np.linspace(0, 1, 11)]))


def mean_average_precision(truth: Bools, scores: Floats) -> float:
    """mAP: the mean over words (those true of at least one image) of their AP."""
    values = [average_precision(truth[:, word], scores[:, word]) for word in np.flatnonzero(truth.any(axis=0))]
    return float(np.mean(values)) if values else float("nan")


def eleven_point_mean_average_precision(truth: Bools, scores: Floats) -> float:
    """mAP of VOC 2007: the mean over words (those true of at least one image) of their 11-point AP."""
    words = np.flatnonzero(truth.any(axis=0))
    values = [eleven_point_average_precision(truth[:, word], scores[:, word]) for word in words]
    return float(np.mean(values)) if values else float("nan")


def image_mean_average_precision(truth: Bools, scores: Floats) -> float:
    """The per-image mean: AP of each image's ranking of words, over images with at least one word."""
    return mean_average_precision(truth.T, scores.T)


def calibration_error(truth: NDArray[np.bool_], probabilities: Floats, bins: int = 10, floor: float = 0.0) -> float:
    """Expected calibration error over predictions of `floor` or more (Guo et al. 2017, equation 3).

    The mean over equally wide bins, weighted by their number of predictions, of the distance between the share that
    is true and the mean probability.
    """
    kept = probabilities >= floor
    truth, probabilities = truth[kept], probabilities[kept]
    index = np.minimum((probabilities * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    gaps = np.abs(np.bincount(index, truth, bins) - np.bincount(index, probabilities, bins))
    return float(gaps.sum() / max(int(count.sum()), 1))
