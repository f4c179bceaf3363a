"""The features of both branches for every picture of a run, cached on disk: the input of ``photos``.

With the stages settled, a head is trained in seconds; only these passes take time.  A mirror image is a second
picture for free; a grey copy keeps a head from learning that a colour, or the lack of it, makes a scene (one of the
scene sets is entirely grey).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from imsearch.plugins.everyday.network import EverydayNetwork
from imsearch.training.cache import picture_rows
from imsearch.training.efficientnet_lite import to_input
from imsearch.training.features import load_square
from imsearch.training.run import Run

Bytes = NDArray[np.uint8]
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def grey_copy(pixels: Bytes) -> Bytes:
    """Return the same pictures ``(N, H, W, 3)`` without colour (luma of ITU-R BT.601)."""
    luma = np.rint(pixels.astype(np.float32) @ _LUMA).astype(np.uint8)
    return np.repeat(luma[..., None], 3, axis=-1)


VIEWS: dict[str, Callable[[Bytes], Bytes]] = {
    "plain": lambda pixels: pixels,
    "mirror": lambda pixels: np.ascontiguousarray(pixels[:, :, ::-1]),
    "grey": grey_copy,
}


def stages_hash(network: EverydayNetwork) -> str:
    """Return a hash of the tuned stages, by which features computed with them are found again."""
    digest = hashlib.sha256()
    for value in network.tuned_stages().values():
        digest.update(value.detach().half().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def both_features(run: Run, network: EverydayNetwork, files: Sequence[Path], view: str) -> NDArray[np.float32]:
    """Return features ``(files, 2560)`` of one of `VIEWS`, memory-mapped; an interrupted run is resumed."""
    side, change = network.backbone.size, VIEWS[view]

    def compute(start: int, stop: int) -> NDArray[np.float32]:
        pixels = change(np.stack(list(pool.map(lambda file: load_square(file, side), files[start:stop]))))
        with torch.inference_mode():
            return network.pooled(to_input(torch.from_numpy(pixels), run.device)).float().cpu().numpy()

    with ThreadPoolExecutor(2) as pool:
        settings = (side, view, stages_hash(network))
        return picture_rows(run.cache, f"both-{view}", settings, files, compute, progress=run.reporter.advance)  # type: ignore[return-value]
