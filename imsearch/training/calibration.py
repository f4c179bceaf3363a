"""Probabilities that mean what they say, and from which of them a tag is shown; fitted on held-back pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imsearch.training.checkpoint import Checkpoint
from imsearch.training.corpus import Corpus
from imsearch.training.fusion import Rule, fit_rule
from imsearch.training.knn import Memory
from imsearch.training.metrics import calibration_error, five_words, mean_average_precision
from imsearch.training.probabilities import sigmoid

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
LEAST_SHOWN, MOST_SHOWN = 0.35, 0.7
"""A tag's own threshold stays in this range: a hundred positives or fewer decide it."""
LEAST_POSITIVES = 10
_BETA = 0.5
_STEADY = 20.0
"""A threshold of n positives moves n / (n + this) of the way from the common one to its own."""


def fit_platt(evidence: Sequence[Floats], truth: Bools | Floats, known: Bools | None = None) -> tuple[float, ...]:
    """Weights of the pieces of evidence, and the offset, that make a calibrated logit (Platt 1999).

    evidence: logits ``(N, labels)`` each; one rule is fitted on all pairs of a picture and a label, or on the `known`
    ones.  truth: ``(N, labels)``, or how likely each pair is to a teacher that is calibrated itself.
    """
    pairs = np.stack([each.ravel() for each in evidence], axis=1).astype(np.float64)
    importance = np.ones(truth.size) if known is None else known.ravel().astype(np.float64)
    rule = fit_rule(pairs, truth.ravel(), importance, Rule((1.0,) * len(evidence), 0.0))
    return (*rule.weights, rule.offset)


def calibrated(
    logits: Floats, checkpoint: Checkpoint, memory: Memory | None = None, features: Floats | None = None
) -> Floats:
    """Calibrated logits ``(N, outputs)``; of heads that the memory knows with its evidence."""
    found = np.array(logits, dtype=np.float32)
    for name, columns in checkpoint.slices.items():
        *weights, offset = checkpoint.calibration.get(name, (1.0, 0.0))
        evidence = evidence_of(name, found[:, columns], memory, features)
        found[:, columns] = sum(w * each for w, each in zip(weights, evidence, strict=True)) + offset
    return found


def evidence_of(head: str, logits: Floats, memory: Memory | None, features: Floats | None) -> list[Floats]:
    """Return the evidence for a head's labels: the network's logits, and the memory's where it knows the head."""
    if memory is None or head not in memory.shelves or features is None:
        return [logits]
    return [logits, memory.evidence(head, features)]


def best_threshold(values: Floats, truth: Bools) -> float:
    """The value whose F-measure with beta one half is best: precision counts twice as much as recall."""
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(truth[order])
    f = (1 + _BETA**2) * hits / (np.arange(1, len(hits) + 1) + _BETA**2 * max(int(hits[-1]), 1))
    return float(values[order[int(np.argmax(f))]])


def within(threshold: float) -> float:
    """The nearest threshold that may be used."""
    return float(np.clip(threshold, LEAST_SHOWN, MOST_SHOWN))


def steadied(common: float, values: Floats, truth: Bools) -> float | None:
    """A tag's own threshold, drawn towards the common one; None with too few positives."""
    positives = int(truth.sum())
    if positives < LEAST_POSITIVES:
        return None
    return round(common + (within(best_threshold(values, truth)) - common) * positives / (positives + _STEADY), 3)


def finish_checkpoint(
    plain: Checkpoint, corpus: Corpus, logits: Floats, memory: Memory | None = None, features: Floats | None = None
) -> Checkpoint:
    """The checkpoint with calibration, thresholds, frequencies and figures, from the held-back rows.

    logits: ``(held rows, outputs)``, not yet calibrated.  features: ``(held rows, length)``, for the memory.  Heads
    without true labels there stay as they are.
    """
    judged = {name: corpus.judged(name, corpus.held) for name in corpus.heads}
    judged = {name: (places, truth) for name, (places, truth) in judged.items() if truth.any()}
    known = {name: corpus.known(name, corpus.held[places]) for name, (places, _) in judged.items()}
    slices, calibration = corpus.slices, {}
    for name, (places, _) in judged.items():
        seen = None if features is None else features[places]
        targets = corpus.targets[corpus.held[places], slices[name]]
        found = evidence_of(name, logits[places][:, slices[name]], memory, seen)
        calibration[name] = fit_platt(found, targets, known[name])
    done = replace(plain, calibration=calibration, frequency=tuple(round(float(f), 6) for f in corpus.frequency))
    probabilities = sigmoid(calibrated(logits, done, memory, features))
    pairs = {name: (probabilities[p][:, slices[name]], truth) for name, (p, truth) in judged.items()}
    common, own = _thresholds(done.tags, slices, pairs, known)
    figures = {
        name: _figures(corpus.asked(name, corpus.held[judged[name][0]], values), truth)
        for name, (values, truth) in pairs.items()
    }
    return replace(done, threshold=common, thresholds=own, figures={**plain.figures, "held back": figures})


def _thresholds(
    tags: Sequence[str],
    slices: Mapping[str, slice],
    pairs: Mapping[str, tuple[Floats, Bools]],
    known: Mapping[str, Bools],
) -> tuple[float, dict[str, float]]:
    if not pairs:
        return 0.5, {}
    every = [np.concatenate([pair[which][known[name]] for name, pair in pairs.items()]) for which in (0, 1)]
    common = round(within(best_threshold(every[0], every[1].astype(bool))), 3)
    columns: dict[str, list[tuple[Floats, Bools]]] = {}
    for name, (values, truth) in pairs.items():
        for index, tag in enumerate(tags[slices[name]]):
            rows = known[name][:, index]
            columns.setdefault(tag, []).append((values[rows, index], truth[rows, index]))
    own = {}
    for tag, several in columns.items():
        values, truth = (np.concatenate(part) for part in zip(*several, strict=True))
        if (threshold := steadied(common, values, truth.astype(bool))) is not None:
            own[tag] = threshold
    return common, own


def _figures(probabilities: Floats, truth: Bools) -> dict[str, float]:
    """Return the figures on held-back pictures that go into the checkpoint."""
    five = five_words(truth, probabilities)
    return {
        "pictures": len(truth),
        "mAP": round(mean_average_precision(truth, probabilities), 4),
        "five words F1": round(five.f1, 4),
        "calibration error": round(calibration_error(truth.ravel(), probabilities.ravel(), floor=0.1), 4),
    }
