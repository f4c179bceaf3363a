"""Combination of several heads: each head counts on pictures like those it learned from.

A head's probabilities mean what they say on its own dataset.  On another kind of picture they do not: five objects that
every picture of a set shows one of are found in landscapes too.  So a small linear layer tells from the same features
how likely a picture is of each dataset's kind, and each head has an offset for pictures of other kinds, fitted on the
other datasets' held-back pictures and the tags that both know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.training.calibration import fit_platt
from imsearch.training.checkpoint import head_slices
from imsearch.training.corpus import Corpus
from imsearch.training.fusion import fit_offset
from imsearch.training.probabilities import Floats, sigmoid

DECAY = 1e-2
"""Of the squared weights.  With a tenth of it, or ten times as much, held-back pictures are ranked almost alike."""
UNKNOWN = -1.0
"""Of a head whose tags no other dataset judges."""
_STEPS = 100


def kinds_of(corpus: Corpus) -> tuple[NDArray[np.intp], Tensor]:
    """The rows to learn from whose dataset has a head, and the place of that among the heads, for each of them."""
    heads = list(corpus.heads)
    kinds = np.array([[*heads, part.kind].index(part.kind) for part in corpus.parts for _ in part.samples])
    rows = corpus.train[kinds[corpus.train] < len(heads)]
    return rows, torch.from_numpy(kinds[rows])


def fit_kinds(inputs: Tensor, kinds: Tensor) -> nn.Linear:
    """Fit a logistic regression that tells the dataset a picture is like, all datasets weighted alike.

    inputs: ``(N, width)``, standardized.  kinds: ``(N,)``, which dataset each is of.
    """
    numbers = torch.bincount(kinds)
    layer = nn.Linear(inputs.shape[1], len(numbers))
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = nn.functional.cross_entropy(layer(inputs), kinds, 1 / numbers) + DECAY * layer.weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return layer


def near(corpus: Corpus, logits: Floats) -> Floats:
    """Logits of the held-back pictures ``(held rows, columns)``, each head's calibrated on its own dataset."""
    found = np.array(logits, dtype=np.float32)
    for head, columns in corpus.slices.items():
        places, truth = corpus.judged(head, corpus.held)
        if truth.any():
            known = corpus.known(head, corpus.held[places])
            weight, offset = fit_platt([logits[places][:, columns]], truth, known)
            found[:, columns] = weight * found[:, columns] + offset
    return found


def fit_far(corpus: Corpus, tags: Sequence[str], near: Floats) -> dict[str, float]:
    """For each head, what is added to its calibrated logits on pictures of other kinds than its own: 0 or less.

    tags: of each column.  near: calibrated logits ``(held rows, columns)``.  Judged by the held-back pictures of the
    other heads and the tags that both know, each dataset counting as much as the one with the fewest pairs.
    """
    found = {}
    for head in corpus.heads:
        pairs = [_foreign_pairs(corpus, tags, near, head, other) for other in corpus.heads if other != head]
        pairs = [(values, truth) for values, truth in pairs if truth.any()]
        if not pairs:
            found[head] = UNKNOWN
            continue
        least = min(len(truth) for _, truth in pairs)
        importance = np.concatenate([np.full(len(truth), least / len(truth)) for _, truth in pairs])
        values, truth = (np.concatenate(several) for several in zip(*pairs, strict=True))
        # Never more than on its own kind: the pairs are of tags that the others' labels tell of, hence common ones.
        found[head] = round(min(fit_offset(values, truth, importance), 0.0), 4)
    return found


def _foreign_pairs(
    corpus: Corpus, tags: Sequence[str], near: Floats, head: str, other: str
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return logits of `head` and truth for the shared tags, on the held-back pictures of `other`: flat."""
    places, truth = corpus.judged(other, corpus.held)
    known = corpus.known(other, corpus.held[places])
    mine, theirs = corpus.slices[head], corpus.slices[other]
    column = {tag: index for index, tag in enumerate(tags[mine])}
    shared = [(column[tag], index) for index, tag in enumerate(tags[theirs]) if tag in column]
    if not shared:
        return np.zeros(0, np.float32), np.zeros(0, bool)
    said, told = (np.array(each) for each in zip(*shared, strict=True))
    sure = known[:, told]
    return near[places][:, mine][:, said][sure], truth[:, told][sure]


@dataclass(frozen=True)
class Mixture:
    """Puts the outputs of all heads together as tags.

    tags: of each output; outputs of one name are one tag.  heads: the labels of each head.  far: what is added to
    each head's calibrated logits on pictures of other kinds.
    """

    heads: Mapping[str, tuple[str, ...]]
    tags: tuple[str, ...]
    far: Mapping[str, float]

    def __call__(self, logits: Floats, kinds: Floats) -> Floats:
        """Calibrated logits ``(N, outputs)`` and how likely each head's kind is ``(N, heads)``, to ``(N, tags)``.

        The tags are the distinct ones in their order.  As the law of total probability has it: on a picture of a kind
        whose head knows the tag, that head's probability; on one of another kind, the mean of what the heads that know
        it say of such pictures.
        """
        names = list(dict.fromkeys(self.tags))
        place = np.array([names.index(tag) for tag in self.tags])
        found = np.zeros((len(logits), len(names)), dtype=np.float32)
        elsewhere, covered, knowing = np.zeros_like(found), np.zeros_like(found), np.zeros(len(names), np.float32)
        for index, (head, columns) in enumerate(head_slices(self.heads).items()):
            share = np.zeros((columns.stop - columns.start, len(names)), dtype=np.float32)
            share[np.arange(len(share)), place[columns]] = 1
            share /= np.maximum(share.sum(axis=0), 1)
            knows = share.any(axis=0)
            kind = kinds[:, index : index + 1]
            found += kind * (sigmoid(logits[:, columns]) @ share)
            elsewhere += sigmoid(logits[:, columns] + np.float32(self.far[head])) @ share
            covered += kind * knows
            knowing += knows
        return np.asarray(found + (1 - covered) * elsewhere / knowing, dtype=np.float32)
