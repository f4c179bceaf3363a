"""Combine the logits of several heads into one probability for each tag.

Labels of different heads that mean the same thing are one tag (according to the lexicon); those of ``photos`` are tags.
ImageNet's classes are mutually exclusive, so a tag gets the sum of the classes it covers: a picture that is one of ten
breeds is certainly a dog.  The classifier was trained with label smoothing and leaves a little to every class; over the
398 animals that adds up to a tenth and more on pictures without any.  So sums over very many classes are taken of a
sharper softmax.
Everything here is NumPy on small arrays, the same for training, evaluation and indexing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.checkpoint import Checkpoint, Head
from imsearch.plugins.everyday.network import IMAGENET, PHOTOS
from imsearch.training.fusion import pattern
from imsearch.training.knn import Memory
from imsearch.training.probabilities import Floats, logit, sigmoid, softmax

UNTAUGHT = -4.0
"""The logit of ``photos`` for a tag that it does not know."""
MANY = 100
_SHARPNESS = 1.45
"""The factor for ImageNet's logits if a tag covers `MANY` classes: ``benchmarks/imagenet_kinds.py``."""


@dataclass(frozen=True)
class Source:
    """The evidence of one head for some tags: column i is about tag ``tags[i]``.

    members: float32 ``(labels, columns)``, 1 if a label counts for the column's tag.
    """

    head: str
    tags: tuple[str, ...]
    members: Floats


def make_source(name: str, labels: Sequence[str], lexicon: Lexicon) -> Source:
    """Return the tags that a head's labels stand for; for ``imagenet`` also every kind above them."""
    names = {label: label for label in labels} if name == PHOTOS else lexicon.labels(name)
    meanings = [_meanings(names[label], lexicon if name == IMAGENET else None) for label in labels]
    tags = tuple(dict.fromkeys(tag for several in meanings for tag in several))
    column = {tag: index for index, tag in enumerate(tags)}
    members = np.zeros((len(labels), len(tags)), dtype=np.float32)
    for row, several in enumerate(meanings):
        members[row, [column[tag] for tag in several]] = 1
    return Source(name, tags, members)


def _meanings(tag: str, lexicon: Lexicon | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((tag, *lexicon.kinds(tag)))) if lexicon else (tag,)


FAMILIAR = "corel5k"
"""The head that is used alone for pictures of the kind that it was trained on; elsewhere the rules weight it.

Its pictures are distinctive: small, clean, professional, a hundred of each theme.  On them it is
better than all the others; on photos of people it is confident of much that is not there.
"""


class Witnesses:
    """The evidence for each head's labels, besides its own logits."""

    def __init__(self, labels: Mapping[str, Sequence[str]], memory: Memory, lexicon: Lexicon) -> None:
        self._memory = memory
        column = {tag: index for index, tag in enumerate(labels.get(PHOTOS, ()))}
        self._columns = {
            name: np.array([column.get(lexicon.labels(name)[label], -1) for label in several], dtype=np.intp)
            for name, several in labels.items()
            if name not in (IMAGENET, PHOTOS) and column
        }

    def __call__(self, logits: Mapping[str, Floats], features: Floats) -> dict[str, list[Floats]]:
        """Return the evidence ``(N, labels)`` of each head: its logits, its memory, and ``photos``."""
        found = {name: [values] for name, values in logits.items()}
        for name in self._memory.shelves:
            found[name].append(self._memory.evidence(name, features))
        for name, columns in self._columns.items():
            said = np.where(columns >= 0, logits[PHOTOS][:, columns], np.float32(UNTAUGHT))
            found[name].append(said.astype(np.float32))
        return found


def calibrated(heads: Mapping[str, Head], several: Mapping[str, Sequence[Floats]]) -> dict[str, Floats]:
    """Return the calibrated logits ``(N, labels)`` of each head."""
    return {name: np.asarray(head.rule(several[name]), dtype=np.float32) for name, head in heads.items()}


def evidence(source: Source, logits: Floats) -> Floats:
    """Return a logit for each tag of the source: ``(N, columns)``, not yet calibrated."""
    if source.head == IMAGENET:
        many = source.members.sum(axis=0) >= MANY
        return logit(np.where(many, softmax(_SHARPNESS * logits) @ source.members, softmax(logits) @ source.members))
    # The maximum over the labels that mean the tag; nearly always there is only one.
    best = np.full((len(logits), len(source.tags)), -np.inf, dtype=np.float32)
    for row, column in zip(*np.nonzero(source.members), strict=True):
        best[:, column] = np.maximum(best[:, column], logits[:, row])
    return best


@dataclass(frozen=True)
class Group:
    """Tags known to the same heads: their columns among all tags, and in each head's evidence."""

    heads: tuple[str, ...]
    columns: NDArray[np.intp]
    members: tuple[NDArray[np.intp], ...]


class Vocabulary:
    """All tags of heads with these labels, grouped by the heads that know them."""

    def __init__(self, labels: Mapping[str, Sequence[str]], lexicon: Lexicon) -> None:
        self.sources = {name: make_source(name, several, lexicon) for name, several in labels.items()}
        self.tags = tuple(dict.fromkeys(tag for source in self.sources.values() for tag in source.tags))
        places = {name: {tag: i for i, tag in enumerate(source.tags)} for name, source in self.sources.items()}
        known: dict[tuple[str, ...], list[int]] = {}
        for column, tag in enumerate(self.tags):
            known.setdefault(tuple(name for name in labels if tag in places[name]), []).append(column)
        self.groups = [
            Group(
                heads,
                np.array(columns, dtype=np.intp),
                tuple(np.array([places[name][self.tags[c]] for c in columns], dtype=np.intp) for name in heads),
            )
            for heads, columns in known.items()
        ]

    def evidence(self, logits: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return the evidence of each head: ``(N, tags of the head)``."""
        return {name: evidence(source, logits[name]) for name, source in self.sources.items()}


class Tagger:
    """Fuses the heads of one checkpoint; `tags` is the vocabulary in the order of `probabilities`."""

    def __init__(self, checkpoint: Checkpoint, lexicon: Lexicon) -> None:
        self._vocabulary = Vocabulary({name: head.labels for name, head in checkpoint.heads.items()}, lexicon)
        self._rules = [checkpoint.rules[pattern(group.heads)] for group in self._vocabulary.groups]
        self.tags = self._vocabulary.tags
        self._offsets = np.array([checkpoint.offsets.get(tag, 0.0) for tag in self.tags], dtype=np.float32)
        alone = {
            self.tags[column]
            for group in self._vocabulary.groups
            if group.heads == (IMAGENET,)
            for column in group.columns
        }
        self._below, self._above = _bounds(self.tags, alone, frozenset(checkpoint.trusted), lexicon)

    def logits(self, logits: Mapping[str, Floats], kind: Floats) -> Floats:
        """Return logits ``(N, tags)``; `logits` are the calibrated ones of the heads, `kind` that of `Seen`."""
        said = self._vocabulary.evidence(logits)
        near = sigmoid(kind)[:, None]
        fused = np.empty((len(next(iter(logits.values()))), len(self.tags)), dtype=np.float32)
        for group, rule in zip(self._vocabulary.groups, self._rules, strict=True):
            parts = [said[name][:, members] for name, members in zip(group.heads, group.members, strict=True)]
            together = rule(parts) + self._offsets[group.columns]
            if FAMILIAR in group.heads:
                together = near * parts[group.heads.index(FAMILIAR)] + (1 - near) * together
            fused[:, group.columns] = together
        return fused

    def probabilities(self, logits: Mapping[str, Floats], kind: Floats) -> Floats:
        """Return probabilities ``(N, tags)`` in 0 to 1; arguments as for `logits`."""
        found = sigmoid(self.logits(logits, kind))
        # No tag is likelier than its kind: if other heads reject the kind, a class that only ImageNet's classifier
        # knows is a picture of something else that looks like it.
        bound = found[:, self._above]
        np.minimum.at(found.T, self._below, bound.T)
        return found


def _bounds(
    tags: Sequence[str], alone: set[str], trusted: frozenset[str], lexicon: Lexicon
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of columns, of a tag that only ImageNet knows and of a trusted kind above it."""
    column = {tag: index for index, tag in enumerate(tags)}
    pairs = [
        (column[tag], column[kind])
        for tag in tags
        if tag in alone
        for kind in lexicon.kinds(tag)
        if kind in trusted and kind in column
    ]
    below, above = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    return below, above
