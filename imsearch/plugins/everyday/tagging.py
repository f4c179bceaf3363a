"""From the logits of several heads to one probability for each tag.

Labels of different heads that mean the same thing are one tag (the lexicon says which).  ImageNet's classes exclude
one another, so a tag gets the sum of the classes it covers: a picture that is one of ten breeds is surely a dog.
Everything here is NumPy on small arrays, the same for training, evaluation and indexing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.lexicon import Lexicon
from imsearch.plugins.everyday.network import IMAGENET, Checkpoint, Head

Floats = NDArray[np.float32]
_TINY = 1e-6


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), dtype=np.float32)


def logit(p: Floats) -> Floats:
    """The inverse of `sigmoid`, finite at 0 and 1."""
    p = np.clip(p, _TINY, 1 - _TINY)
    return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float32)


def softmax(x: Floats) -> Floats:
    """Along the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True)
class Source:
    """What one head says of some tags: column i of its evidence is about tag ``tags[i]``.

    members: float32 ``(labels, columns)``, 1 where a label counts for the column's tag.
    """

    head: str
    tags: tuple[str, ...]
    members: Floats


def make_source(name: str, labels: Sequence[str], lexicon: Lexicon) -> Source:
    """The tags that a head's labels stand for; for ``imagenet`` also every kind above them."""
    names = lexicon.labels(name)
    meanings = [_meanings(names[label], lexicon if name == IMAGENET else None) for label in labels]
    tags = tuple(dict.fromkeys(tag for several in meanings for tag in several))
    column = {tag: index for index, tag in enumerate(tags)}
    members = np.zeros((len(labels), len(tags)), dtype=np.float32)
    for row, several in enumerate(meanings):
        members[row, [column[tag] for tag in several]] = 1
    return Source(name, tags, members)


def _meanings(tag: str, lexicon: Lexicon | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((tag, *lexicon.kinds(tag)))) if lexicon else (tag,)


def evidence(source: Source, logits: Floats) -> Floats:
    """A logit for each tag of the source: ``(N, columns)``, not yet calibrated."""
    if source.head == IMAGENET:
        return logit(softmax(logits) @ source.members)
    # The strongest of the labels that mean the tag; nearly always there is only one.
    best = np.full((len(logits), len(source.tags)), -np.inf, dtype=np.float32)
    for row, column in zip(*np.nonzero(source.members), strict=True):
        best[:, column] = np.maximum(best[:, column], logits[:, row])
    return best


class Tagger:
    """Holds the tables for one checkpoint; `tags` is the vocabulary in the order of `probabilities`."""

    def __init__(self, checkpoint: Checkpoint, lexicon: Lexicon) -> None:
        self.heads: Mapping[str, Head] = checkpoint.heads
        self.sources = [make_source(name, head.labels, lexicon) for name, head in self.heads.items()]
        self.tags = tuple(dict.fromkeys(tag for source in self.sources for tag in source.tags))
        position = {tag: index for index, tag in enumerate(self.tags)}
        self._columns = [np.array([position[tag] for tag in source.tags]) for source in self.sources]

    def probabilities(self, logits: Mapping[str, Floats]) -> Floats:
        """``(N, tags)`` in 0 to 1: for each tag the most certain of the heads that know it."""
        count = len(next(iter(logits.values())))
        best = np.zeros((count, len(self.tags)), dtype=np.float32)
        for source, columns in zip(self.sources, self._columns, strict=True):
            head = self.heads[source.head]
            said = sigmoid(head.slope * evidence(source, logits[source.head]) + head.offset)
            best[:, columns] = np.maximum(best[:, columns], said)
        return best


def strongest(names: Sequence[str], row: Floats, most: int, least: float) -> Iterable[tuple[str, float]]:
    """The `most` greatest entries of a row that reach `least`, greatest first."""
    order = np.argsort(-row, kind="stable")[:most]
    return [(names[index], float(row[index])) for index in order if row[index] >= least]
