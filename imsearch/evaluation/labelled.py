"""Pictures with the tags that their labels tell of: stuff, scenes, objects.

Datasets differ in what a missing label means.  `Judged.known` marks the pairs of a picture and a tag that are judged:
of COCO's objects all; of a scene picture the words of its own set; of stuff what the set says in full.
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
"""Stuff words count in a mean when so many pictures have them."""
_PAIRS = (
    "street/building, mountain/glacier, mountain/forest, mountain/sea, glacier/sea, city/street, city/store, "
    "city/highway, city/industrial, tall building/city, tall building/street, tall building/industrial, "
    "street/highway, street/suburb, street/store, coast/countryside, highway/countryside, highway/desert, "
    "park/waterfall, park/windmill, landscape/desert, landscape/rainforest, landscape/campus, sky/football field, "
    "sky/airport, sky/desert, sky/campus, living room/dining room, living room/kitchen, dining room/kitchen, "
    "living room/entrance hall"
)
OVERLAPPING = frozenset(frozenset(pair.split("/")) for pair in _PAIRS.split(", "))
"""Words of one scene set that one picture may well show both of, although it is labelled with one."""


@dataclass(frozen=True)
class Judged:
    """Pictures, tags, and what is known of them: `truth` and `known` are ``(pictures, tags)``.

    labels: the dataset's words for the tags, in their order.  single: each picture was given one word out of several
    that may be true.  least: words that fewer pictures have are left out of a mean over words.
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
        """The probabilities of the tags ``(pictures, tags)``."""
        return answers.probabilities(self.files, self.tags)

    def shown(self, answers: Answers) -> Bools:
        """Which of the tags are shown ``(pictures, tags)``."""
        return answers.shown(self.files, self.tags)


def objects(name: str, samples: Sequence[Sample], labels: Sequence[str], lexicon: Lexicon) -> Judged:
    """Pictures whose labels are complete for these words."""
    truth = label_matrix([sample.labels for sample in samples], labels)
    tags = tuple(lexicon.canonical(label) or label for label in labels)
    return Judged(name, tuple(s.file for s in samples), tuple(labels), tags, truth, np.ones_like(truth))


def scene_sets(samples: Sequence[Sample], lexicon: Lexicon) -> list[Judged]:
    """Pictures of a dataset of kind ``scenes``, each judged by the words of its own set; a `Judged` for each set."""
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
    """The same with pairs left out where a picture's word and another may well be true together (`OVERLAPPING`)."""
    if not judged.single:
        return judged
    near = np.array([[frozenset((a, b)) in OVERLAPPING for b in judged.labels] for a in judged.labels])
    beside = (judged.truth.astype(int) @ near.astype(int)) > 0
    return replace(judged, known=judged.known & (judged.truth | ~beside))


def single_words(judged: Judged) -> NDArray[np.intp]:
    """The columns that name one thing: words that go with at most one other word (not "food" beside ten dishes)."""
    together = judged.truth.T.astype(int) @ judged.truth.astype(int)
    return np.flatnonzero((together > 0).sum(axis=1) <= 2)


def top_1(judged: Judged, scores: Floats) -> tuple[int, int]:
    """In how many pictures the likeliest of the `single_words` is true, and how many have one; none if not `single`."""
    columns = single_words(judged) if judged.single else np.zeros(0, np.intp)
    rows = judged.truth[:, columns].any(axis=1)
    if not rows.any():
        return 0, 0
    best = columns[scores[:, columns].argmax(axis=1)]
    return int(judged.truth[np.arange(len(best)), best][rows].sum()), int(rows.sum())


def stuff(name: str, dataset: Dataset) -> Judged:
    """Pictures of a dataset of kind ``stuff``."""
    files = tuple(sample.file for sample in dataset.samples)
    return Judged(name, files, STUFF, STUFF, dataset.truth(STUFF), dataset.judged(STUFF), least=LEAST)
