"""Judges an annotator on a labelled dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from imsearch.annotator import Annotator
from imsearch.errors import DatasetError, PictureError
from imsearch.languages.lexicon import Lexicon
from imsearch.pictures.picture import read_picture
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import Dataset, Sample
from imsearch.training.label_words import LabelWords
from imsearch.training.metrics import (
    ThresholdScores,
    WordScores,
    balanced,
    calibration_error,
    eleven_point_mean_average_precision,
    five_words,
    image_mean_average_precision,
    mean_average_precision,
    threshold_scores,
    top_k,
)

Scores = NDArray[np.float32]
SOCIAL_TAGS = "social_tags"
BALANCE = 0.8
"""The strength of `balanced`; chosen on training pictures of Corel5k that were held back."""
_NOT_ASKED = -1.0
"""The score of a label that a picture is not judged by: below every probability, so that no measure counts it."""


@runtime_checkable
class HasHeads(Protocol):
    """An annotator that can score a dataset's own labels, head by head."""

    heads: Mapping[str, tuple[str, ...]]

    def label_scores(self, batch: Sequence[Any]) -> Mapping[str, Scores]: ...


@dataclass(frozen=True)
class Evaluation:
    """The figures of one annotator on one dataset.

    `by` tells what was ranked: "labels" (scores of the dataset's own labels) or "tags" (the tags a user would see).
    `judged` counts the labels that occur in the judged pictures (and in the training split, where there is one).
    `three` gives every picture its three likeliest words.  `eleven_point_mean_ap` is the mAP of VOC 2007.
    `five_balanced` ranks the words of a picture by `imsearch.training.metrics.balanced`; None without training split.
    `top_1` is the share of pictures whose likeliest label is right; None where every label is judged in every picture.
    Where a picture is judged by some labels only (`Sample.judged`), the others are as good as not asked for.
    """

    by: str
    pictures: int
    judged: int
    mean_ap: float
    image_mean_ap: float
    five: WordScores
    five_balanced: WordScores | None
    shown: ThresholdScores
    calibration: float
    three: ThresholdScores
    eleven_point_mean_ap: float
    top_1: float | None = None


def training_frequency(dataset: Dataset) -> NDArray[np.float64] | None:
    """The share of training pictures that have each label; None without a training split."""
    train = [sample for sample in dataset.samples if sample.split == "train"]
    return np.asarray(dataset.choose(train).truth().mean(axis=0)) if train else None


def judged_labels(dataset: Dataset, chosen: Dataset) -> NDArray[np.bool_]:
    """Return a mask of the labels that count: those of the chosen pictures also in the training split, if any."""
    present: NDArray[np.bool_] = np.asarray(chosen.truth().any(axis=0))
    frequency = training_frequency(dataset)
    return present if frequency is None else np.asarray(present & (frequency > 0))


def evaluate(
    spec: AnnotatorSpec,
    annotator: Annotator,
    dataset: Dataset,
    chosen: Dataset,
    by: str = "labels",
    progress: Callable[[int], None] = lambda count: None,
    social_tags: str | None = None,
) -> Evaluation:
    """Runs the annotator over `chosen`, a part of `dataset`, and judges it.

    With `by` "tags", each label is scored with the probability of the tag it means (`Lexicon.canonical`); labels that
    no tag means score 0.  `social_tags` names the field of the dataset's lines whose texts stand in for what people
    wrote about a picture; those that say a label of the dataset would tell the answer, and are left out. Raises
    `DatasetError` when the annotator has no head for the dataset's labels, when no label can be judged, when a
    picture cannot be read, and when no picture has that field.
    """
    if social_tags is not None:
        _check_field(spec, chosen, social_tags)
    kept, frequency = judged_labels(dataset, chosen), training_frequency(dataset)
    if not kept.any():
        raise DatasetError(f"No label of {dataset.folder} can be judged: none occurs in these pictures and in training")
    labels = [label for label, use in zip(dataset.labels, kept, strict=True) if use]
    truth = chosen.truth()[:, kept]
    scorer = (_by_labels if by == "labels" else partial(_by_tags, spec))(annotator, dataset.kind, labels)
    parts = []
    for batch in prepared_batches(spec, annotator, chosen.samples, social_tags, dataset.labels):
        parts.append(scorer(batch))
        progress(len(batch))
    known = chosen.judged()[:, kept]
    probabilities = np.concatenate([scores for scores, _ in parts])
    scores = np.where(known, probabilities, np.float32(_NOT_ASKED))
    shown = np.concatenate([marks for _, marks in parts]) & known
    return Evaluation(
        by,
        len(scores),
        len(labels),
        mean_average_precision(truth, scores),
        image_mean_average_precision(truth, scores),
        five_words(truth, scores),
        None if frequency is None else five_words(truth, _balanced(probabilities, known, frequency[kept])),
        threshold_scores(truth, shown),
        calibration_error(truth.ravel(), scores.ravel(), floor=0.1),
        threshold_scores(truth, top_k(scores, 3)),
        eleven_point_mean_average_precision(truth, scores),
        None if known.all() else _top_1(truth, scores),
    )


def _balanced(probabilities: Scores, known: NDArray[np.bool_], frequency: NDArray[np.float64]) -> NDArray[np.floating]:
    return np.where(known, balanced(probabilities, frequency, BALANCE), -np.inf)


def _top_1(truth: NDArray[np.bool_], scores: Scores) -> float:
    """Of the pictures with a label, the share whose likeliest one is right."""
    labelled = np.asarray(truth.any(axis=1))
    right = np.asarray((truth & top_k(scores, 1)).any(axis=1))
    return float(right[labelled].mean())


def _check_field(spec: AnnotatorSpec, chosen: Dataset, field: str) -> None:
    if SOCIAL_TAGS not in spec.inputs:
        raise DatasetError(f"{spec.name} does not look at social tags, so --social-tags is of no use with it")
    if not any(sample.extra.get(field) for sample in chosen.samples):
        known = ", ".join(sorted({name for sample in chosen.samples for name in sample.extra})) or "none"
        raise DatasetError(f"No picture of {chosen.folder} has the field {field!r}; there are: {known}")


def prepared_batches(
    spec: AnnotatorSpec,
    annotator: Annotator,
    samples: Sequence[Sample],
    field: str | None = None,
    labels: Sequence[str] = (),
) -> Iterator[list[Any]]:
    """Batches of prepared pictures, one being read while the one before is judged.

    field: where the samples say what stands in for social tags; not by texts that say one of `labels`. Raises
    `DatasetError` for a picture that cannot be read.
    """

    words = LabelWords(labels, Lexicon.load())

    def read(sample: Sample) -> Any:
        try:
            picture = read_picture(sample.file, spec.input_size, social_tags=SOCIAL_TAGS in spec.inputs)
        except PictureError as error:
            raise DatasetError(f"{sample.file} cannot be used: {error}. Replace it, or take it out.") from error
        if field is not None:
            texts = dict.fromkeys(str(text).lower() for text in sample.extra.get(field) or ())
            picture.social_tags = tuple(text for text in texts if not words.said(text))
        return annotator.prepare(picture)

    size = annotator.batch_size
    batches = [samples[start : start + size] for start in range(0, len(samples), size)]
    if not batches:
        return
    with ThreadPoolExecutor() as pool:
        ahead = [pool.submit(read, sample) for sample in batches[0]]
        for index in range(len(batches)):
            now = ahead
            ahead = [pool.submit(read, sample) for sample in batches[index + 1]] if index + 1 < len(batches) else []
            yield [future.result() for future in now]


_NAMED_APART = ("scenes",)
"""Kinds of datasets whose labels mean what the lexicon's table of that name says: a grocery's pepper, a bell pepper."""
_Scorer = Callable[[Sequence[Any]], tuple[Scores, NDArray[np.bool_]]]


def _by_labels(annotator: Annotator, head: str, labels: Sequence[str]) -> _Scorer:
    if not isinstance(annotator, HasHeads) or head not in annotator.heads:
        raise DatasetError(f"This annotator has no head for the labels of {head}; judge its tags instead: --by tags")
    position = {label: index for index, label in enumerate(annotator.heads[head])}
    known = [index for index, label in enumerate(labels) if label in position]
    if len(known) <= len(labels) // 2:
        raise DatasetError(
            f"This annotator was not trained on {len(labels) - len(known)} of the {len(labels)} labels, "
            f"{next(label for label in labels if label not in position)!r} first: it learned from another dataset"
        )
    columns = [position[labels[index]] for index in known]

    def score(batch: Sequence[Any]) -> tuple[Scores, NDArray[np.bool_]]:
        # A label without a picture to learn from is never predicted, and counts as that.
        scores = np.zeros((len(batch), len(labels)), dtype=np.float32)
        scores[:, known] = annotator.label_scores(batch)[head][:, columns]
        return scores, scores >= 0.5

    return score


def _by_tags(spec: AnnotatorSpec, annotator: Annotator, kind: str, labels: Sequence[str]) -> _Scorer:
    lexicon = Lexicon.load()
    named = lexicon.labels(kind) if kind in _NAMED_APART else {}
    column: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        column.setdefault(named.get(label) or lexicon.canonical(label) or label, []).append(index)

    def score(batch: Sequence[Any]) -> tuple[Scores, NDArray[np.bool_]]:
        scores = np.zeros((len(batch), len(labels)), dtype=np.float32)
        shown = np.zeros(scores.shape, dtype=bool)
        for row, annotation in enumerate(annotator.annotate(batch)):
            for tag in annotation.tags:
                for index in column.get(tag.name, ()):
                    scores[row, index] = tag.probability
                    shown[row, index] = spec.shows(tag.name, tag.probability)
        return scores, shown

    return score
