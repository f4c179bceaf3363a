"""Pictures with tags derived from their labels: stuff, scenes, objects.

Datasets differ in what a missing label means.  `Judged.known` marks the (picture, tag) pairs that are judged: all for
COCO's objects; the words of its own set for a scene picture; those labelled exhaustively for stuff.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.evaluation.answers import Answers, Floats
from imsearch.languages.lexicon import Lexicon
from imsearch.training.data.datasets import Dataset, Sample, label_matrix
from imsearch.training.data.scene_sets import STUFF

Bools = NDArray[np.bool_]
LEAST = 3
"""Minimum number of pictures with a stuff word for it to count in a mean."""
_PAIRS = (
    "street/building, mountain/glacier, mountain/forest, mountain/sea, glacier/sea, city/street, city/store, "
    "city/highway, city/industrial, tall building/city, tall building/street, tall building/industrial, "
    "street/highway, street/suburb, street/store, coast/countryside, highway/countryside, highway/desert, "
    "park/waterfall, park/windmill, landscape/desert, landscape/rainforest, landscape/campus, sky/football field, "
    "sky/airport, sky/desert, sky/campus, living room/dining room, living room/kitchen, dining room/kitchen, "
    "living room/entrance hall"
)
OVERLAPPING = frozenset(frozenset(pair.split("/")) for pair in _PAIRS.split(", "))
"""Words of one scene set that may well both be true of a picture labelled with one of them."""


@dataclass(frozen=True)
class Judged:
    """Pictures, tags, and their ground truth: `truth` and `known` are ``(pictures, tags)``.

    labels: the dataset's words for the tags, in the same order.  single: each picture was given one word out of several
    that may be true.  least: words with fewer pictures are left out of a mean over words.
    """

    name: str
    files: tuple[Path, ...]
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    truth: Bools
    known: Bools
    single: bool = False
    least: int = 1

    def scores(self, answers: Answers) -> Floats:
        """Return the probabilities of the tags ``(pictures, tags)``."""
        return answers.probabilities(self.files, self.tags)

    def shown(self, answers: Answers) -> Bools:
        """Return the shown tags as booleans ``(pictures, tags)``."""
        return answers.shown(self.files, self.tags)


def objects(name: str, samples: Sequence[Sample], labels: Sequence[str], lexicon: Lexicon) -> Judged:
    """Return pictures whose labels are exhaustive for these words."""
    truth = label_matrix([sample.labels for sample in samples], labels)
    tags = tuple(lexicon.canonical(label) or label for label in labels)
    return Judged(name, tuple(s.file for s in samples), tuple(labels), tags, truth, np.ones_like(truth))


def scene_sets(samples: Sequence[Sample], lexicon: Lexicon) -> list[Judged]:
    """Return a `Judged` for each set of a dataset of kind ``scenes``, whose pictures are judged by its words alone."""
    names = lexicon.labels("scenes")
    found = []
    for name, several in groupby(sorted(samples, key=_set_of), key=_set_of):
        chosen = list(several)
        words = chosen[0].judged or ()
        single = not any(sample.extra.get("complete") for sample in chosen)
        judged = objects(f"scenes, {name}", chosen, words, lexicon)
        found.append(replace(judged, tags=tuple(names[word] for word in words), single=single))
    return found


def _set_of(sample: Sample) -> str:
    return str(sample.extra["set"])


def without_overlaps(judged: Judged) -> Judged:
    """Return a copy without pairs where a picture's word and another may well both be true (`OVERLAPPING`)."""
    if not judged.single:
        return judged
    near = np.array([[frozenset((a, b)) in OVERLAPPING for b in judged.labels] for a in judged.labels])
    beside = (judged.truth.astype(int) @ near.astype(int)) > 0
    return replace(judged, known=judged.known & (judged.truth | ~beside))


def single_words(judged: Judged) -> NDArray[np.intp]:
    """Return the columns of specific words, which co-occur with at most one other (not "food" beside ten dishes)."""
    together = judged.truth.T.astype(int) @ judged.truth.astype(int)
    return np.flatnonzero((together > 0).sum(axis=1) <= 2)


def top_1(judged: Judged, scores: Floats) -> tuple[int, int]:
    """Return the number of pictures whose likeliest `single_words` tag is true, and of those that have one."""
    columns = single_words(judged) if judged.single else np.zeros(0, np.intp)
    rows = judged.truth[:, columns].any(axis=1)
    if not rows.any():
        return 0, 0
    best = columns[scores[:, columns].argmax(axis=1)]
    return int(judged.truth[np.arange(len(best)), best][rows].sum()), int(rows.sum())


def stuff(name: str, dataset: Dataset) -> Judged:
    """Return the pictures of a dataset of kind ``stuff``."""
    files = tuple(sample.file for sample in dataset.samples)
    return Judged(name, files, STUFF, STUFF, dataset.truth(STUFF), dataset.judged(STUFF), least=LEAST)
