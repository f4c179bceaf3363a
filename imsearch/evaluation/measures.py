"""Measures of what users see, each on pictures held out from training (except `mixed`, which says so).

`PARTS` names them.  Each part declares its pictures before anything is annotated, so that every picture is annotated
once for all parts together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.evaluation import false_tags
from imsearch.evaluation.answers import Answers
from imsearch.evaluation.labelled import Judged, objects, scene_sets, stuff, top_1, without_overlaps
from imsearch.evaluation.shown import Bin, Order, mean_ap, order_of, recall_at_precision, reliability, shown_shares
from imsearch.languages.lexicon import Lexicon
from imsearch.training.data.datasets import Dataset, Sample, hold_out, load_dataset

PRECISION = 0.6
MIXED = 500
FOLDERS = {
    "caltech101": "jsonl",
    "coco_mini": "coco",
    "corel5k": "corel5k",
    "flickr8k_224": "flickr8k",
    "oasis": "jsonl",
    "scenes": "scenes",
    "sentibank_anp_mini": "jsonl",
    "twitter1_sentiment": "jsonl",
    "voc2012_100": "jsonl",
    "voc5class": "jsonl",
}
"""Folders of the datasets below the data folder, and their kinds."""
FOOD = ("scenes, food10", "scenes, grocery")
"""The rows of the scene sets that show dishes and fruit instead of places."""
_HELD_ONE_IN = {"coco_mini": 4, "voc5class": 5}
"""One picture in this many is held out from training, by the hash of its name."""


@dataclass(frozen=True)
class Row:
    """One measure; None for a figure that does not apply, nan for one that could not be computed.

    mean_ap: over `words` words.  top_1: the share of pictures whose likeliest word is true.  precision, recall: of
    shown tags.  clear: the precision without pairs of words that may both be true.  at_precision: the recall at the
    lowest probability threshold with a precision of `PRECISION`.
    """

    measure: str
    pictures: int
    words: int
    mean_ap: float
    top_1: float | None
    precision: float
    recall: float
    clear: float | None
    at_precision: float


@dataclass(frozen=True)
class Word:
    """One word of a measure: how many judged pictures have it, show it, and both; its AP, or nan where none has it."""

    measure: str
    word: str
    tag: str
    there: int
    shown: int
    right: int
    ap: float


@dataclass(frozen=True)
class Counts:
    """The number of pictures, the share without any shown tag, and the mean number of shown tags."""

    pictures: int
    without: float
    tags: float


@dataclass(frozen=True)
class Part:
    """The pictures of a measure, and its computation once they are annotated.

    judged: their ground truth, one row each.  groups: further rows, each over some of these together.
    families: certainly false tags.
    """

    samples: tuple[Sample, ...]
    judged: tuple[Judged, ...] = ()
    groups: Mapping[str, Sequence[Judged]] = field(default_factory=dict)
    families: tuple[false_tags.Family, ...] = ()

    def rows(self, answers: Answers) -> list[Row]:
        """Return the figures of ranking and of shown tags."""
        groups = {**self.groups, **{each.name: [each] for each in self.judged}}
        return [_row(name, several, answers) for name, several in groups.items()]

    def false(self, answers: Answers) -> list[false_tags.Found]:
        """Return the certainly false shown tags."""
        return [false_tags.count(family, answers) for family in self.families]


class Sets:
    """The datasets below a folder, each read once."""

    def __init__(self, folder: Path, lexicon: Lexicon | None = None) -> None:
        self.folder, self.lexicon = folder, lexicon or Lexicon.load()
        self._read: dict[str, Dataset] = {}

    def dataset(self, name: str, kind: str = "") -> Dataset:
        """Return the dataset in the folder `name`, of its own kind or another.

        Raises `DatasetError` when it is missing or damaged.
        """
        spec = f"{kind or FOLDERS[name]}:{self.folder / name}"
        if spec not in self._read:
            self._read[spec] = load_dataset(spec)
        return self._read[spec]

    def held(self, name: str, kind: str = "") -> Dataset:
        """Return the held-out pictures of a dataset without splits of its own."""
        dataset = self.dataset(name, kind)
        return dataset.choose(hold_out(dataset.samples, _HELD_ONE_IN[name])[1])


def stuff_part(sets: Sets) -> Part:
    """Stuff on held-out COCO photos and on CamVid's streets; separately, stuff seen on other scenes by inspection."""
    coco, dev = sets.held("coco_mini", "stuff"), sets.dataset("scenes", "stuff").split("dev")
    judged = (
        stuff("stuff, COCO", coco),
        stuff("stuff, CamVid", dev.choose(each for each in dev.samples if each.extra["set"] == "camvid")),
        stuff("stuff, one look", dev.choose(each for each in dev.samples if "stuff_seen" in each.extra)),
    )
    families = tuple(false_tags.missing_stuff(each) for each in judged[:2])
    return Part((*coco.samples, *dev.samples), judged, families=families)


def scenes_part(sets: Sets) -> Part:
    """The dev split of the scene sets, each set by its own words."""
    dev = sets.dataset("scenes").split("dev").samples
    judged = tuple(scene_sets(dev, sets.lexicon))
    groups = {
        "scenes, places": [each for each in judged if each.name not in FOOD],
        "scenes, all sets": judged,
    }
    families = (*false_tags.wrong_places(dev), false_tags.animals_in_landscapes(dev, sets.lexicon))
    return Part(dev, judged, groups, families)


def objects_part(sets: Sets) -> Part:
    """COCO's objects on the held-out photos."""
    held = sets.held("coco_mini")
    judged = objects("objects, COCO", held.samples, held.labels, sets.lexicon)
    return Part(held.samples, (judged,), families=(false_tags.missing_objects(held.samples, sets.lexicon),))


def voc_part(sets: Sets) -> Part:
    """Five objects on held-out VOC-like photos."""
    held = sets.held("voc5class")
    return Part(held.samples, (objects("objects, VOC-like", held.samples, held.labels, sets.lexicon),))


def flickr_part(sets: Sets, number: int | None = None) -> Part:
    """Flickr8k's concepts on its dev split, or on its first `number`.

    Concepts not in 2 of 4 captions count as wrong.
    """
    dev = sets.dataset("flickr8k_224").split("dev")
    dev = dev.choose(dev.samples[:number])
    judged = objects("concepts, Flickr8k", dev.samples, dev.labels, sets.lexicon)
    return Part(dev.samples, (judged,), families=(false_tags.other_animals(dev.samples, sets.lexicon),))


def screens_part(sets: Sets) -> Part:
    """Screens and machines on Corel5k's test pictures, which show none."""
    test = sets.dataset("corel5k").split("test").samples
    return Part(test, families=(false_tags.screens(test),))


def mixed_part(sets: Sets, number: int = MIXED) -> Part:
    """Equally many pictures of each dataset, `number` in all, by the hash of their names, whatever their split."""
    several = [some_of(sets.dataset(name), number // len(FOLDERS)) for name in FOLDERS]
    return Part(tuple(sample for samples in several for sample in samples))


def some_of(dataset: Dataset, number: int) -> list[Sample]:
    """Return at most `number` pictures of a dataset, chosen by the hashes of their names: always the same ones."""

    def order(sample: Sample) -> bytes:
        return hashlib.sha256(f"{dataset.folder.name}/{sample.file.name}".encode()).digest()

    return sorted(dataset.samples, key=order)[:number]


PARTS: dict[str, Callable[[Sets], Part]] = {
    "stuff": stuff_part,
    "scenes": scenes_part,
    "objects": objects_part,
    "voc": voc_part,
    "flickr8k": flickr_part,
    "screens": screens_part,
    "mixed": mixed_part,
}


def words_of(judged: Judged, answers: Answers) -> list[Word]:
    """Break down a measure by word."""
    shown, scores = judged.shown(answers) & judged.known, judged.scores(answers)
    there = judged.truth & judged.known
    found = []
    for place, (word, tag) in enumerate(zip(judged.labels, judged.tags, strict=True)):
        column = slice(place, place + 1)
        ap, _ = mean_ap(judged.truth[:, column], scores[:, column], judged.known[:, column])
        having, showing, both = (int(each[:, place].sum()) for each in (there, shown, there & shown))
        found.append(Word(judged.name, word, tag, having, showing, both, ap))
    return found


def counts(part: Part, answers: Answers) -> Counts:
    """Count the shown tags on the pictures of a part."""
    numbers = [len(answers.shown_tags(sample.file)) for sample in part.samples]
    return Counts(len(numbers), float(np.mean([number == 0 for number in numbers])), float(np.mean(numbers)))


def order(part: Part, answers: Answers) -> Order:
    """Return how often the order of probabilities and the shown tags agree on the pictures of a part."""
    return order_of(answers.spec, [answers.tags[sample.file] for sample in part.samples])


def curve(parts: Sequence[Part], answers: Answers) -> list[Bin]:
    """Return the reliability of shown tags over all judged pairs, without those that may both be true."""
    several = [without_overlaps(each) for part in parts for each in part.judged]
    return reliability(
        (each.truth, each.scores(answers), each.known & each.shown(answers))
        for each in several
    )  # fmt: skip


def _row(name: str, several: Sequence[Judged], answers: Answers) -> Row:
    """Return one row for several sets; mean AP is over the words within each set, top-1 over all pictures."""
    scores = [each.scores(answers) for each in several]
    ranked = [mean_ap(each.truth, found, each.known, each.least) for each, found in zip(several, scores, strict=True)]
    words = sum(count for _, count in ranked)
    best = np.sum([top_1(each, found) for each, found in zip(several, scores, strict=True)], axis=0)
    truth, known, flat = _flat([each.truth for each in several]), _flat([each.known for each in several]), _flat(scores)
    shown = _flat([each.shown(answers) for each in several])
    clear = _flat([without_overlaps(each).known for each in several])
    strict = shown_shares(truth, shown, known)
    return Row(
        name,
        sum(len(each.files) for each in several),
        words,
        sum(value * count for value, count in ranked if count) / words if words else float("nan"),
        float(best[0] / best[1]) if best[1] else None,
        strict.precision,
        strict.recall,
        None if np.array_equal(clear, known) else shown_shares(truth, shown, clear).precision,
        recall_at_precision(truth, flat, known, PRECISION),
    )


def _flat(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate([array.ravel() for array in arrays])
