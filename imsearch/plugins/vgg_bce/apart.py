"""One head for each dataset, each trained as if it were the only one, then all of them in one layer.

Trained together they would share the features' scale, the optimizer's steps and the batches, and each would lose some
of what its own recipe, which was chosen for one dataset, finds (README.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from imsearch.plugins.vgg_bce.network import VggBce
from imsearch.training.corpus import Corpus
from imsearch.training.fit import Fit
from imsearch.training.run import Epoch, Run, Setting

MakeFit = Callable[[Run, Corpus, NDArray[np.float32]], Fit]


def fit_apart(
    run: Run, corpus: Corpus, views: NDArray[np.float32], defaults: Mapping[str, Setting], make: MakeFit
) -> tuple[VggBce, list[Epoch]]:
    """Trains the heads one after another in folders of their own below the run's, and joins them.

    views: of all rows of the corpus, ``(views, rows, width)``.  Also what each epoch told, of all heads.
    """
    networks, histories = {}, {}
    for head in corpus.heads:
        rows, part = part_of(corpus, head)
        folder = run.folder / head
        folder.mkdir(exist_ok=True)
        own = replace(run, folder=folder, datasets=part.parts, effective={})
        own.settings(defaults)  # refuses a folder with another run
        run.reporter.note(f"The head of {head}")
        fit = make(own, part, views[:, rows])
        networks[head] = fit.fit()
        histories[head] = fit.history
    return joined(networks, corpus), together(histories)


def part_of(corpus: Corpus, head: str) -> tuple[NDArray[np.intp], Corpus]:
    """The rows of one head's datasets, and the corpus that a run on these alone would have."""
    kinds = np.array([part.kind for part in corpus.parts for _ in part.samples])
    rows = np.flatnonzero(kinds == head)
    columns = corpus.slices[head]
    return rows, Corpus(
        [part for part in corpus.parts if part.kind == head],
        {head: corpus.heads[head]},
        np.ascontiguousarray(corpus.targets[rows, columns]),
        np.ascontiguousarray(corpus.mask[rows, columns]),
        np.flatnonzero(np.isin(rows, corpus.train)),
        np.flatnonzero(np.isin(rows, corpus.held)),
    )


def joined(networks: Mapping[str, nn.Module], corpus: Corpus) -> VggBce:
    """One network with the outputs of all, each linear in the same features.

    The scale of the features is that of the first, so that its numbers stay as they are; the others' weights and
    offsets are converted.
    """
    parts = [networks[head] for head in corpus.heads]
    assert all(isinstance(part, VggBce) for part in parts)
    first: Any = parts[0]
    network = VggBce(first.pooling, corpus.targets.shape[1])
    with torch.no_grad():
        network.mean.copy_(first.mean)
        network.scale.copy_(first.scale)
        for part, columns in zip(parts, corpus.slices.values(), strict=True):
            own: Any = part
            raw = own.linear.weight * own.scale
            offset = (own.linear.weight * ((first.mean - own.mean) * own.scale)).sum(dim=1)
            network.linear.weight[columns] = own.linear.weight if own is first else raw / first.scale
            network.linear.bias[columns] = own.linear.bias + offset
    return network.eval()


def together(histories: Mapping[str, Sequence[Epoch]]) -> list[Epoch]:
    """Return the figures of all heads for each epoch, under names that begin with the head's."""
    return [
        {
            name if name.startswith(f"{head} ") else f"{head} {name}": value
            for head, told in zip(histories, epochs, strict=True)
            for name, value in told.items()
        }
        for epochs in zip(*histories.values(), strict=True)
    ]
