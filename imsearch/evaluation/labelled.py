"""Pictures with the tags that their labels tell of: stuff, scenes, objects.

Datasets differ in what a missing label means.  `Judged.known` marks the pairs of a picture and a tag that are judged:
of COCO's objects all; of a scene picture the words of its own set; of stuff what the set says in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.evaluation.answers import Answers, Floats
from imsearch.lexicon import Lexicon
from imsearch.training.datasets import Sample, label_matrix

Bools = NDArray[np.bool_]
STUFF = (
    "sky", "tree", "grass", "water", "sea", "road", "sidewalk", "building", "wall", "floor", "mountain", "snow", "sand",
    "field", "plant", "bridge", "fence", "ceiling", "rock", "window", "table", "door", "dirt",
)  # fmt: skip
"""The stuff words that are judged."""
LEAST = 3
"""Stuff words count in a mean when so many pictures have them."""
_SEEN = ("sky", "tree", "grass", "water", "road", "building", "mountain", "snow", "sand", "rock")
"""Those of them that the field ``stuff_seen`` is complete for."""
_OTHER_NAMES = {
    "floor-wood": "floor",
    "pavement": "sidewalk",
    "playingfield": "field",
    "river": "water",
    "house": "building",
    "door-stuff": "door",
}
"""COCO-Stuff's merged names whose word is not their first part."""
_OPEN = {"field": {"grass", "dirt"}, "plant": {"tree", "grass"}}
"""Left open beside these: a meadow is grass to COCO-Stuff, and where there is grass there are plants."""
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


def scene_sets(samples: Sequence[Sample], judged: Sequence[Sample], lexicon: Lexicon) -> list[Judged]:
    """The pictures `judged` by the words of their own set, which `samples` tell; a `Judged` for each set."""
    names = lexicon.labels("scenes") if "scenes" in lexicon.heads else {}
    found = []
    for name, several in groupby(sorted(judged, key=_set_of), key=_set_of):
        chosen = list(several)
        words = tuple(sorted({word for sample in samples if _set_of(sample) == name for word in sample.labels}))
        tags = tuple(names.get(word) or lexicon.canonical(word) or word for word in words)
        single = not any(sample.extra.get("complete") for sample in chosen)
        found.append(replace(objects(f"scenes, {name}", chosen, words, lexicon), tags=tags, single=single))
    return found


def _set_of(sample: Sample) -> str:
    return str(sample.extra.get("set", ""))


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


def stuff(name: str, samples: Sequence[Sample]) -> Judged:
    """Pictures whose stuff is labelled in full; those of other pictures of the sequence are left out.

    The sources are COCO-Stuff's merged names (``stuff_labels``), sets that are ``complete`` per pixel and the words put
    on by one look (``stuff_seen``).
    """
    everything = {word for sample in samples if sample.extra.get("complete") for word in sample.labels}
    rows = [(sample, told) for sample in samples if (told := _stuff_of(sample, everything)) is not None]
    truth = label_matrix([shown for _, (shown, _) in rows], STUFF)
    known = label_matrix([judged | shown for _, (shown, judged) in rows], STUFF)
    return Judged(name, tuple(sample.file for sample, _ in rows), STUFF, STUFF, truth, known, least=LEAST)


def _stuff_of(sample: Sample, everything: set[str]) -> tuple[set[str], set[str]] | None:
    """The stuff of a picture, and the words it is judged by; None where nothing is said of it."""
    extra: Mapping[str, Any] = sample.extra
    if "stuff_labels" in extra:
        shown = coco_stuff(extra["stuff_labels"], sample.labels)
        return shown, {word for word in STUFF if shown.isdisjoint(_OPEN.get(word, ()))}
    if extra.get("complete"):
        return {*sample.labels}, everything
    if "stuff_seen" in extra:
        return {*extra["stuff_seen"]}, {*_SEEN}
    return None


def coco_stuff(names: Iterable[str], objects: Iterable[str]) -> set[str]:
    """The words of `STUFF` that COCO-Stuff's merged names and COCO's objects say."""
    plain = [name.removesuffix("-merged").removesuffix("-other") for name in names]
    shown = {_OTHER_NAMES.get(name, name.split("-", 1)[0]) for name in plain}
    shown |= {word for name, word in (("dining table", "table"), ("potted plant", "plant")) if name in objects}
    return {*STUFF} & (shown | ({"water"} if "sea" in shown else set()) | ({"plant"} if "flower" in shown else set()))
