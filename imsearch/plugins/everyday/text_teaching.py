"""Training data of the text encoder: captions of pictures, and short texts composed of the tags of pictures.

A caption belongs to one picture.  A text of tags ("beach dog") fits every picture by the product of the tags'
probabilities according to everyday, or 0.95 if the picture's own labels contain the tag: so the space covers words that
no caption has, from pictures of every set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.corpus import uses
from imsearch.training.data.datasets import Dataset, Sample

Floats = NDArray[np.float32]
LABELLED = 0.95
"""Probability of a tag in a picture's labels."""
LEAST = 0.3
"""Minimum probability of a picture's tag for a text about it."""
_COUNTS = (1, 1, 1, 2, 2, 3)
"""Number of tags in a text, drawn at random."""
_ITSELF = 0.6
"""Probability that a tag is called by its name, and not by one of its synonyms."""


@dataclass(frozen=True)
class Text:
    """A text and its subject: a row among the pictures, and for a text of tags the tags' columns."""

    text: str
    picture: int
    columns: tuple[int, ...] = ()


@dataclass(frozen=True)
class Pictures:
    """The pictures for training and for evaluation.

    samples: of every row.  train, held: rows.  weights: how often each of `train` is drawn, summing to 1: every set by
    the square root of its size, so that a large one does not drown a small one.
    """

    samples: tuple[Sample, ...]
    train: NDArray[np.intp]
    held: NDArray[np.intp]
    weights: NDArray[np.float64]


def gather_pictures(datasets: Sequence[Dataset]) -> Pictures:
    """Return all training and evaluation pictures of these sets, as divided by `uses`."""
    samples: list[Sample] = []
    train: list[int] = []
    held: list[int] = []
    weights: list[float] = []
    for dataset in datasets:
        chosen = uses(dataset)
        rows = [sample for sample in dataset.samples if sample.file in chosen]
        for place, sample in enumerate(rows, len(samples)):
            (train if chosen[sample.file] == "train" else held).append(place)
        count = sum(chosen[sample.file] == "train" for sample in rows)
        weights += [1 / np.sqrt(count)] * count
        samples += rows
    shares = np.array(weights, np.float64)
    return Pictures(tuple(samples), np.array(train, np.intp), np.array(held, np.intp), shares / shares.sum())


def captions_of(sample: Sample) -> list[str]:
    """Return the captions of a picture; empty if its set has none."""
    found = sample.extra.get("captions")
    return [str(each) for each in found] if isinstance(found, list) else []


def with_labels(samples: Sequence[Sample], tags: Sequence[str], seen: Floats, lexicon: Lexicon) -> Floats:
    """Return the probabilities ``(samples, tags)`` of everyday, raised for tags in the labels."""
    column = {tag: place for place, tag in enumerate(tags)}
    known = seen.copy()
    for row, sample in enumerate(samples):
        for label in sample.labels:
            place = column.get(lexicon.canonical(label) or label)
            if place is not None:
                known[row, place] = max(known[row, place], LABELLED)
    return known


def names_of(tags: Sequence[str], lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    """Return tag -> names: its own first, then every synonym whose first sense is the tag."""
    names = {tag: [tag] for tag in tags}
    for spelling in lexicon.spellings:
        tag = lexicon.canonical(spelling)
        if tag in names and spelling != tag:
            names[tag].append(spelling)
    return {tag: tuple(dict.fromkeys(several)) for tag, several in names.items()}


def tag_texts(
    pictures: Pictures,
    known: Floats,
    tags: Sequence[str],
    names: Mapping[str, Sequence[str]],
    count: int,
    generator: np.random.Generator,
) -> list[Text]:
    """Return `count` texts of one to three tags, each drawn for a picture by the tags' probabilities."""
    rows = pictures.train[(known[pictures.train] > LEAST).any(axis=1)]
    weights = pictures.weights[np.searchsorted(pictures.train, rows)]
    texts = []
    for row in generator.choice(rows, count, p=weights / weights.sum()):
        columns = np.flatnonzero(known[row] > LEAST)
        likely = known[row, columns] / known[row, columns].sum()
        chosen = generator.choice(columns, min(int(generator.choice(_COUNTS)), len(columns)), replace=False, p=likely)
        words = [_called(names[tags[place]], generator) for place in chosen]
        texts.append(Text(" ".join(words), int(row), tuple(int(place) for place in chosen)))
    return texts


def _called(names: Sequence[str], generator: np.random.Generator) -> str:
    return names[0] if generator.random() < _ITSELF else names[int(generator.integers(len(names)))]


def fitting(texts: Sequence[Text], known: Floats) -> Floats:
    """Return how likely each text fits the picture of each, ``(texts, texts)``; values below 0.05 become 0."""
    seen = known[[text.picture for text in texts]]
    fits = np.stack([seen[:, list(text.columns)].prod(axis=1) for text in texts])
    return np.where(fits < 0.05, 0, fits).astype(np.float32)
