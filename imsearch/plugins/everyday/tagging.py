"""From the logits of several heads to one probability for each tag.

Labels of different heads that mean the same thing are one tag (the lexicon says which).  ImageNet's classes exclude
one another, so a tag gets the sum of the classes it covers: a picture that is one of ten breeds is surely a dog.  The
classifier learned with smoothed labels and leaves a little to every class; over the 398 animals that adds up to a
tenth and more on pictures without any.  So sums over very many classes are taken of a sharper softmax.
Everything here is NumPy on small arrays, the same for training, evaluation and indexing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.lexicon import Lexicon
from imsearch.plugins.everyday.checkpoint import Checkpoint, Head
from imsearch.plugins.everyday.network import IMAGENET
from imsearch.training.fusion import pattern
from imsearch.training.memory import Memory
from imsearch.training.probabilities import Floats, logit, sigmoid, softmax

MANY = 100
_SHARPNESS = 1.45
"""The factor for ImageNet's logits where a tag covers `MANY` classes: ``benchmarks/imagenet_kinds.py``."""


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


def gather_evidence(logits: Mapping[str, Floats], memory: Memory, features: Floats) -> dict[str, list[Floats]]:
    """What is known of each head's labels: the network's logits and, where there is a memory, that of its shelf."""
    return {
        name: [values, memory.evidence(name, features)] if name in memory.shelves else [values]
        for name, values in logits.items()
    }


def calibrated(heads: Mapping[str, Head], several: Mapping[str, Sequence[Floats]]) -> dict[str, Floats]:
    """The calibrated logits ``(N, labels)`` of each head."""
    return {name: np.asarray(head.rule(several[name]), dtype=np.float32) for name, head in heads.items()}


def evidence(source: Source, logits: Floats) -> Floats:
    """A logit for each tag of the source: ``(N, columns)``, not yet calibrated."""
    if source.head == IMAGENET:
        many = source.members.sum(axis=0) >= MANY
        return logit(np.where(many, softmax(_SHARPNESS * logits) @ source.members, softmax(logits) @ source.members))
    # The strongest of the labels that mean the tag; nearly always there is only one.
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
    """All tags that heads with these labels know, grouped by the heads that know them."""

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
        """The evidence of each head: ``(N, tags of the head)``."""
        return {name: evidence(source, logits[name]) for name, source in self.sources.items()}


class Tagger:
    """Fuses the heads of one checkpoint; `tags` is the vocabulary in the order of `probabilities`."""

    def __init__(self, checkpoint: Checkpoint, lexicon: Lexicon) -> None:
        self._vocabulary = Vocabulary({name: head.labels for name, head in checkpoint.heads.items()}, lexicon)
        self._rules = [checkpoint.rules[pattern(group.heads)] for group in self._vocabulary.groups]
        self.tags = self._vocabulary.tags

    def probabilities(self, logits: Mapping[str, Floats]) -> Floats:
        """``(N, tags)`` in 0 to 1; `logits` are the calibrated ones of the heads."""
        said = self._vocabulary.evidence(logits)
        fused = np.empty((len(next(iter(logits.values()))), len(self.tags)), dtype=np.float32)
        for group, rule in zip(self._vocabulary.groups, self._rules, strict=True):
            parts = [said[name][:, members] for name, members in zip(group.heads, group.members, strict=True)]
            together = rule(parts)
            if IMAGENET in group.heads and len(group.heads) == 2:
                # Only the other head's own dataset judged this rule, and it hardly needs ImageNet there; elsewhere a
                # classifier that is sure of a zebra is right more often than one that has seen Corel's zebras.
                together = np.maximum(together, parts[group.heads.index(IMAGENET)])
            fused[:, group.columns] = together
        return sigmoid(fused)
