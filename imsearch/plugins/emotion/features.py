"""The network's inputs, computed once for each picture and its mirror image, and cached on disk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from imsearch.plugins.emotion.handmade import COLOUR, SIDE, TEXTURE, describe
from imsearch.training.cache import picture_rows
from imsearch.training.corpus import Corpus
from imsearch.training.efficientnet_lite import VARIANTS, EfficientNetLite, fold_normalization, load_imagenet
from imsearch.training.features import cached_maps, load_square
from imsearch.training.run import Run

Floats = NDArray[np.float32]
Progress = Callable[[int], None]
SQUARE = VARIANTS["lite2"].size
STAGES = 5
"""The backbone's output of this many stages is cached by other recipes, too."""
_HANDMADE_VERSION = 1
"""Version of `describe`; cached features of another one are recomputed."""


def corpus_features(run: Run, corpus: Corpus) -> tuple[Floats, Floats]:
    """Return the backbone's pooled features and the hand-made ones of all rows: ``(2, rows, length)``.

    The first of the two is of the picture, the second of its mirror image.
    """

    @cache
    def backbone() -> EfficientNetLite:  # built only when something is missing
        network = load_imagenet("lite2").to(run.device)
        fold_normalization(network)
        return network

    both: list[tuple[Floats, Floats]] = []
    for mirror in (False, True):
        pooled, handmade = [], []
        for part in corpus.parts:
            files = [sample.file for sample in part.samples]
            what = f"{part.folder.name}{', mirrored' * mirror}"
            run.reporter.stage(f"backbone: {what}", len(files))
            pooled.append(pooled_features(files, backbone, run.cache, mirror, run.reporter.advance))
            run.reporter.stage(f"colour and texture: {what}", len(files))
            handmade.append(handmade_features(files, SQUARE, run.cache, mirror, run.reporter.advance))
        both.append((np.concatenate(pooled), np.concatenate(handmade)))
    plain, mirrored = both
    return np.stack([plain[0], mirrored[0]]), np.stack([plain[1], mirrored[1]])


def pooled_features(
    files: list[Path], backbone: Callable[[], EfficientNetLite], folder: Path, mirror: bool, progress: Progress
) -> Floats:
    """Return the backbone's pooled features ``(files, 1280)``, from the cached output of its lower stages."""
    maps: list[NDArray[np.float16]] = []

    def compute(start: int, stop: int) -> Floats:
        network = backbone()
        if not maps:
            maps.append(cached_maps(files, network, STAGES, folder, mirror))
        device = next(network.parameters()).device
        x = torch.from_numpy(maps[0][start:stop].astype(np.float32)).to(device).permute(0, 3, 1, 2)
        with torch.inference_mode():
            return np.asarray(network.upper(x, STAGES).cpu().numpy())

    rows = picture_rows(folder, "pooled", (SQUARE, STAGES, mirror), files, compute, progress=progress)
    return np.array(rows, dtype=np.float32)


def handmade_features(files: list[Path], side: int, folder: Path, mirror: bool, progress: Progress) -> Floats:
    """Return the features of `describe` ``(files, COLOUR + TEXTURE)``, on the backbone's squares of `side`."""

    def one(file: Path) -> Floats:
        square = load_square(file, side)
        return describe(np.ascontiguousarray(square[:, ::-1]) if mirror else square)

    def compute(start: int, stop: int) -> Floats:
        return np.stack(list(pool.map(one, files[start:stop])))

    settings = (side, SIDE, COLOUR, TEXTURE, _HANDMADE_VERSION, mirror)
    with ThreadPoolExecutor(2) as pool:
        rows = picture_rows(folder, "handmade", settings, files, compute, progress=progress)
    return np.array(rows, dtype=np.float32)
