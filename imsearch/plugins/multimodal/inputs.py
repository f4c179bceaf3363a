"""Inputs of the network: crops of the maps of both scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.plugins.multimodal.network import COARSE
from imsearch.training.cache import picture_rows
from imsearch.training.corpus import Corpus
from imsearch.training.efficientnet_lite import EfficientNetLite
from imsearch.training.fit import Inputs, Rows


def make_inputs(
    corpus: Corpus,
    maps: Sequence[Sequence[NDArray[np.float16]]],
    settings: Mapping[str, Any],
) -> Inputs:
    """To learn: a random square of both scales, taken in step.  To judge: all of both.

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
        side, top, left = whole, 0, 0
        if generator is not None:
            side = int(generator.integers(min(settings["smallest_crop"], whole), whole + 1))
            top, left = (int(value) for value in generator.integers(0, whole - side + 1, size=2))
        # Cell i of the coarse map lies over cell 2i of the fine one.
        fine = take(0, rows, 2 * top, 2 * left, 2 * side - 1)
        return fine, take(1, rows, top, left, side)

    return inputs


def pooled_features(
    files: Sequence[Path], backbone: EfficientNetLite, maps: NDArray[np.float16], cache: Path
) -> NDArray[np.generic]:
    """The pooled features of an untouched backbone from its coarse maps, kept in `cache`: float16 ``(files, 1280)``."""

    def compute(start: int, stop: int) -> NDArray[np.float16]:
        with torch.inference_mode():
            device = next(backbone.parameters()).device
            x = torch.from_numpy(np.asarray(maps[start:stop])).to(device).float().permute(0, 3, 1, 2)
            return np.asarray(backbone.upper(x, COARSE).half().cpu().numpy())

    return picture_rows(cache, "pooled", (COARSE,), files, compute)
