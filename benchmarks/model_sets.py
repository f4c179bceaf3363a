"""What a shipped model says of sets that few models learned, and what it shows on ordinary pictures.

All models are judged alike, by the tags that a user sees: a label counts as the tag that it means, and one that no tag
of the model means is never predicted.  A model whose tags name fewer than half of a set's labels is left out there.
No model learns from these pictures.  Each is annotated once for all measures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any

from benchmarks.seen import plain
from imsearch.cli.progress import TrainingProgress
from imsearch.evaluation.answers import ask
from imsearch.evaluation.labelled import Judged, objects, scene_sets
from imsearch.evaluation.measures import Part, Sets, counts, some_of
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import Dataset, Sample

MOST, MIXED = 200, 100
"""At most so many pictures of a set, and of each of the sets that are mixed to `ORDINARY` pictures."""
ORDINARY = "ordinary"
_ORDINARY = ("flickr8k", "coco", "scenes", "voc5class")


def judged_sets(sets: Sets, most: int = MOST) -> dict[str, Part]:
    """Each set as a part with one group of rows; last, a mix of everyday photos with all their labels."""
    held = {
        "scenes": sets.dataset("scenes").split("dev"),
        "voc5class": sets.held("voc5class"),
        "voc2012_100": sets.dataset("voc2012_100").split("dev"),
        "caltech101": sets.dataset("caltech101").split("dev"),
        "flickr8k": sets.dataset("flickr8k_224").split("dev"),
        "coco": sets.held("coco_mini"),
    }
    parts = {
        name: _part({name: held[name]}, sets, most) for name in ("scenes", "voc5class", "voc2012_100", "caltech101")
    }
    return parts | {ORDINARY: _part({name: held[name] for name in _ORDINARY}, sets, min(most, MIXED))}


def _part(datasets: Mapping[str, Dataset], sets: Sets, most: int) -> Part:
    samples: list[Sample] = []
    judged: list[Judged] = []
    for name, dataset in datasets.items():
        chosen = some_of(dataset, most)
        samples += chosen
        if dataset.kind == "scenes":
            judged += scene_sets(chosen, sets.lexicon)
        else:
            there = sorted({label for sample in chosen for label in sample.labels})
            judged.append(objects(name, chosen, there, sets.lexicon))
    return Part(tuple(samples), groups={"all": judged})


def meet(spec: AnnotatorSpec, parts: Mapping[str, Part]) -> dict[str, Any]:
    """The figures of one model on all parts; of a part that its tags do not name only how many they name."""
    samples = [sample for part in parts.values() for sample in part.samples]
    with TrainingProgress() as progress, closing(spec.factory("cpu")) as annotator:
        progress.stage(f"{spec.name} on other sets", len({sample.file for sample in samples}))
        answers = ask(spec, annotator, samples, progress.advance)
    found: dict[str, Any] = {}
    for name, part in parts.items():
        (row,) = part.rows(answers)
        named, tags = _named(part.groups["all"], spec)
        figures: dict[str, Any] = {"pictures": row.pictures, "named": named, "tags": tags}
        if name == ORDINARY:
            shown = counts(part, answers)
            figures |= {"shown": shown.tags, "without": shown.without}
        if name == ORDINARY or named * 2 >= tags:
            figures |= asdict(row)
        found[name] = plain(figures)
    return found


def _named(several: Sequence[Judged], spec: AnnotatorSpec) -> tuple[int, int]:
    """How many of the tags that are judged the model has, and how many there are."""
    tags = {tag for each in several for tag in each.tags}
    return len(tags & set(spec.vocabulary)), len(tags)
