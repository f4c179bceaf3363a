"""Pooled features of whole pictures, for the final training of the heads and for evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.plugins.cnn_rnn.network import FROZEN_STAGES, CnnRnnNetwork
from imsearch.training.cache import picture_rows
from imsearch.training.contents import short_hash
from imsearch.training.corpus import Corpus
from imsearch.training.device import autocast
from imsearch.training.efficientnet_lite import to_input
from imsearch.training.features import load_square
from imsearch.training.run import Run


def whole_features(run: Run, network: CnnRnnNetwork, corpus: Corpus, lasting: bool) -> NDArray[np.float32]:
    """Return `CnnRnnNetwork.features` of every picture of the corpus: ``(pictures, width)``.

    lasting: True if other runs have the same backbone, so that they may find the features in ``--cache``.
    """
    cache = run.cache if lasting else run.folder / "maps"
    network.to(run.device).eval()
    state = [value.detach().cpu().numpy().tobytes() for _, value in sorted(network.backbone.state_dict().items())]
    key = ("+".join(network.layers), short_hash(*state))
    run.reporter.stage("features", len(corpus.files))
    found = []
    with ThreadPoolExecutor(2) as pool:
        for part in corpus.parts:
            files = [sample.file for sample in part.samples]

            def compute(start: int, stop: int, files: Sequence[Path] = files) -> NDArray[np.float32]:
                pixels = pool.map(lambda file: load_square(file, network.backbone.size), files[start:stop])
                return _features(network, torch.from_numpy(np.stack(list(pixels))), run.device)

            found.append(picture_rows(cache, "cnn-rnn", key, files, compute, progress=run.reporter.advance))
    return np.concatenate(found)


def _features(network: CnnRnnNetwork, pixels: Tensor, device: torch.device) -> NDArray[np.float32]:
    with torch.inference_mode(), autocast(device):
        maps = network.backbone.lower(to_input(pixels, device), FROZEN_STAGES)
        found: NDArray[np.float32] = network.features(maps).float().cpu().numpy()
    return found
