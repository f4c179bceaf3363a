"""Inputs of the network: crops of its maps or its features, and its social tags, partly hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.training.corpus import Corpus
from imsearch.training.fit import Inputs, Rows


def make_inputs(
    corpus: Corpus,
    maps: Sequence[Sequence[NDArray[np.float16]]],
    tags: NDArray[np.uint8],
    settings: Mapping[str, Any],
) -> Inputs:
    """To learn: a random square of both scales, taken in step, and tags partly hidden.  To judge: pixels alone, all.

    maps: fine and coarse, by dataset.
    """
    starts = np.cumsum([0, *(len(part.samples) for part in corpus.parts)])
    whole = maps[1][0].shape[1]

    def take(scale: int, rows: Rows, top: int, left: int, side: int) -> Tensor:
        found = np.empty((len(rows), side, side, maps[scale][0].shape[3]), dtype=np.float16)
        for part, first, beyond in zip(maps[scale], starts[:-1], starts[1:], strict=True):
            places = np.flatnonzero((rows >= first) & (rows < beyond))
            found[places] = part[rows[places] - first, top : top + side, left : left + side]
        return torch.from_numpy(found).float().permute(0, 3, 1, 2)

    def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        side, top, left, words = whole, 0, 0, np.zeros_like(tags[rows])
        if generator is not None:
            side = int(generator.integers(min(settings["smallest_crop"], whole), whole + 1))
            top, left = (int(value) for value in generator.integers(0, whole - side + 1, size=2))
            words = hide(tags[rows], generator, settings)
        # Cell i of the coarse map lies over cell 2i of the fine one.
        fine = take(0, rows, 2 * top, 2 * left, 2 * side - 1)
        return fine, take(1, rows, top, left, side), torch.from_numpy(words.astype(np.float32))

    return inputs


def pooled_inputs(
    features: NDArray[np.float32], tags: NDArray[np.uint8], settings: Mapping[str, Any], shown: bool = False
) -> Inputs:
    """Features and tags, these partly hidden to learn.  shown: judge with each picture's tags, else without any."""

    def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        words = tags[rows] * shown if generator is None else hide(tags[rows], generator, settings)
        return torch.from_numpy(features[rows]), torch.from_numpy(words.astype(np.float32))

    return inputs


def hide(tags: NDArray[np.uint8], generator: np.random.Generator, settings: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Some pictures without any tag, of the others some tags missing."""
    kept = generator.random((len(tags), 1)) >= settings["hide_tags"]
    return np.asarray(tags * (kept & (generator.random(tags.shape) >= settings["hide_tag"])))
