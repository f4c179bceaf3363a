"""The whole network trained from pixels, as in the article's script: pictures are read and augmented in each epoch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.plugins.vgg_bce.network import VggBce
from imsearch.plugins.vgg_bce.views import LARGE, SIDE, jittered
from imsearch.training.corpus import Corpus
from imsearch.training.device import autocast
from imsearch.training.features import load_square
from imsearch.training.fit import Inputs, Rows
from imsearch.training.vgg16 import to_vgg_input

_PROBES, _BATCH = 256, 16
"""Pictures by which the inputs of the linear layer are standardized."""


def pixel_inputs(corpus: Corpus) -> Inputs:
    """To learn, an augmented view of each picture, drawn anew each time; otherwise the whole picture.

    Float ``(N, 3, 224, 224)``, as `imsearch.training.vgg16.to_vgg_input` makes it.
    """
    files = corpus.files

    def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor]:
        side = SIDE if generator is None else LARGE
        with ThreadPoolExecutor(2) as pool:
            pictures = list(pool.map(lambda row: load_square(files[row], side), rows))
        if generator is not None:
            seeds = generator.integers(1 << 62, size=len(rows))
            pictures = [jittered(pixels, int(seed)) for pixels, seed in zip(pictures, seeds, strict=True)]
        return (to_vgg_input(torch.from_numpy(np.stack(pictures)), torch.device("cpu")),)

    return inputs


def some_pooled(network: VggBce, corpus: Corpus, inputs: Inputs, device: torch.device) -> NDArray[np.float32]:
    """Return pooled maps of the untrained convolutions, of some training pictures: ``(N, width)``."""
    rows = np.random.default_rng(0).permutation(corpus.train)[:_PROBES]
    parts = []
    for start in range(0, len(rows), _BATCH):
        (x,) = inputs(rows[start : start + _BATCH], None)
        with torch.inference_mode(), autocast(device):
            parts.append(network.look(x.to(device)).float().cpu().numpy())
    return np.concatenate(parts)
