"""Turns logits into probabilities that mean what they say, and chooses which are worth showing.

A head is calibrated by two numbers (Platt 1999), fitted over all pairs of a held-back picture and a tag that the
picture's dataset labels and the head knows, also where that dataset is not the head's own: a user's photos are not
the head's own either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imsearch.lexicon import Lexicon
from imsearch.plugins.everyday.corpus import LABELLED, Corpus
from imsearch.plugins.everyday.network import Checkpoint
from imsearch.plugins.everyday.tagging import Floats, Tagger, evidence, make_source
from imsearch.training.datasets import label_matrix
from imsearch.training.metrics import calibration_error
from imsearch.training.run import Reporter

Logits = Mapping[str, Floats]

LEAST_SHOWN, MOST_SHOWN = 0.35, 0.7
"""A tag's own threshold stays in this range: fewer than a hundred positives decide it."""
_LEAST_POSITIVES = 10
_BETA = 0.5
_STEADY = 20.0
"""A threshold of n positives moves n / (n + this) of the way from the common one to its own."""


@dataclass(frozen=True)
class Judged:
    """Held-back pictures of one dataset: their positions among the held rows, the tags labelled there, the truth."""

    name: str
    rows: NDArray[np.intp]
    tags: tuple[str, ...]
    truth: NDArray[np.bool_]


def judged_sets(corpus: Corpus, held: NDArray[np.intp], lexicon: Lexicon) -> list[Judged]:
    """What the held-back pictures say about tags, dataset by dataset."""
    position = {int(row): index for index, row in enumerate(held)}
    sets = []
    for name in LABELLED:
        names = lexicon.labels(name)
        rows = corpus.held[name]
        true_labels = corpus.targets[name][rows] >= 0.5
        words = [[names[corpus.labels[name][i]] for i in np.flatnonzero(row)] for row in true_labels]
        tags = tuple(dict.fromkeys(names.values()))
        places = np.array([position[int(row)] for row in rows], dtype=np.intp)
        sets.append(Judged(name, places, tags, label_matrix(words, tags)))
    return sets


def platt(evidence: Floats, truth: NDArray[np.bool_], steps: int = 50) -> tuple[float, float]:
    """Slope and offset that minimize the cross-entropy of sigmoid(slope * evidence + offset); Newton's method."""
    x = np.stack([evidence.astype(np.float64), np.ones(len(evidence))], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (p - truth) + 1e-3 * (weights - (1.0, 0.0))  # a little prior keeps it solvable
        hessian = (x * (p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(2)
        change = np.linalg.solve(hessian, gradient)
        weights = weights - np.clip(change, -1, 1)
        if np.abs(change).max() < 1e-6:
            break
    return float(max(weights[0], 0.05)), float(weights[1])


def calibrate(plain: Checkpoint, corpus: Corpus, held: NDArray[np.intp], logits: Logits, say: Reporter) -> Checkpoint:
    """The checkpoint with slopes, offsets and thresholds; `logits` are those of the rows `held`."""
    lexicon = Lexicon.load()
    sets = judged_sets(corpus, held, lexicon)
    heads = {}
    for name, head in plain.heads.items():
        source = make_source(name, head.labels, lexicon)
        pairs = list(_pairs(sets, source.tags, evidence(source, logits[name])))
        x, truth = (np.concatenate(several) for several in zip(*pairs, strict=True))
        slope, offset = platt(x, truth)
        heads[name] = replace(head, slope=slope, offset=offset)
        say.note(f"{name}: probability = sigmoid({slope:.3f} * logit {offset:+.3f}), from {len(x):,} pairs")
    calibrated = replace(plain, heads=heads)
    tagger = Tagger(calibrated, lexicon)
    rows = tagger.probabilities(logits)
    errors = {}
    for judged in sets:
        (x, truth) = next(_pairs([judged], tagger.tags, rows))
        errors[f"calibration error, {judged.name}"] = calibration_error(truth, x, floor=0.1)
    common, thresholds = choose_thresholds(sets, tagger.tags, rows)
    say.note(f"shown from {common:.2f}; {len(thresholds)} tags have a threshold of their own")
    return replace(calibrated, threshold=common, thresholds=thresholds, figures={**plain.figures, **errors})


def _pairs(
    sets: Sequence[Judged], tags: Sequence[str], values: Floats
) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:  # fmt: skip
    """For each set the values and truths of all pairs of its pictures and the tags both know."""
    column = {tag: index for index, tag in enumerate(tags)}
    for judged in sets:
        shared = [(i, column[tag]) for i, tag in enumerate(judged.tags) if tag in column]
        if shared:
            theirs, ours = (list(several) for several in zip(*shared, strict=True))
            yield values[np.ix_(judged.rows, ours)].ravel(), judged.truth[:, theirs].ravel()


def best_threshold(values: Floats, truth: NDArray[np.bool_]) -> float:
    """The value whose F-measure with beta one half is best: precision counts twice as much as recall."""
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(truth[order])
    f = (1 + _BETA**2) * hits / (np.arange(1, len(hits) + 1) + _BETA**2 * max(int(hits[-1]), 1))
    return float(values[order[int(np.argmax(f))]])


def choose_thresholds(
    sets: Sequence[Judged], tags: Sequence[str], rows: Floats
) -> tuple[float, dict[str, float]]:  # fmt: skip
    """The common threshold, and those of tags with enough positives, drawn towards the common one."""
    pairs = list(_pairs(sets, tags, rows))
    values, truth = (np.concatenate(several) for several in zip(*pairs, strict=True))
    common = float(np.clip(best_threshold(values, truth), LEAST_SHOWN, MOST_SHOWN))
    own = {}
    for tag in tags:
        about = list(_pairs([j for j in sets if tag in j.tags], [tag], rows[:, [tags.index(tag)]]))
        if not about:
            continue
        values, truth = (np.concatenate(several) for several in zip(*about, strict=True))
        positives = int(truth.sum())
        if positives >= _LEAST_POSITIVES:
            best = float(np.clip(best_threshold(values, truth), LEAST_SHOWN, MOST_SHOWN))
            own[tag] = round(common + (best - common) * positives / (positives + _STEADY), 3)
    return round(common, 3), own
