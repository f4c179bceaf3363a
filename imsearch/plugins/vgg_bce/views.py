"""The frozen convolutions' output for every picture, computed once for each augmented view and kept on disk.

The backbone is never trained, so an epoch that ran it again would spend hours on numbers it knows.  A view draws crop,
flip and colours once; several views are several draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.training.cache import picture_rows
from imsearch.training.device import autocast
from imsearch.training.features import load_square
from imsearch.training.vgg16 import to_vgg_input, weights_hash

LARGE, SIDE = 256, 224
"""Pictures are squashed to the first for training and cropped to the second; judged whole at the second."""
PLAIN = 0


def cached_view(
    files: Sequence[Path],
    features: nn.Module,
    view: int,
    folder: Path,
    device: torch.device,
    progress: Callable[[int], None] = lambda count: None,
    bfloat16: bool = False,
) -> NDArray[np.float16]:
    """float16 ``(files, 7, 7, 512)``.  View `PLAIN` is the whole picture; others are augmented, each differently.

    bfloat16: compute in that, which is faster on processors that have it; maps then differ a little.
    Kept in `folder` under a name made of what the files hold, the weights and the view; a stopped run goes on where it
    was.  `progress` is told how many pictures each step finished.
    """

    if view:
        _transforms()  # before the long work, should they be missing

    def compute(start: int, stop: int) -> NDArray[np.float16]:
        squares = list(pool.map(lambda file: load_square(file, LARGE if view else SIDE), files[start:stop]))
        if view:
            squares = [augmented(pixels, file, view) for pixels, file in zip(squares, files[start:stop], strict=True)]
        x = to_vgg_input(torch.from_numpy(np.stack(squares)), device)
        half = torch.autocast(device.type, torch.bfloat16) if bfloat16 else autocast(device)
        with torch.inference_mode(), half:
            maps: Tensor = features(x)
        return np.asarray(maps.permute(0, 2, 3, 1).half().cpu().numpy())

    # What is drawn for a view follows from the names of the files.
    settings = (weights_hash(features), view, *(["bfloat16"] if bfloat16 else []), *(f.name for f in files if view))
    with ThreadPoolExecutor(2) as pool:
        return picture_rows(folder, "vgg", settings, files, compute, 16, progress)  # type: ignore[return-value]


@cache
def _transforms() -> Callable[[Tensor], Tensor]:
    try:
        from torchvision.transforms import ColorJitter, Compose, RandomCrop, RandomHorizontalFlip
    except (ImportError, RuntimeError) as error:  # as where only what CPUs need is installed
        raise ModelError(
            f"Augmented views are made by torchvision, which cannot be used here ({error}). Install it, or train "
            "without them: --set views=0"
        ) from error
    made: Callable[[Tensor], Tensor] = Compose(
        [RandomCrop(SIDE), RandomHorizontalFlip(), ColorJitter(0.2, 0.2, 0.2, 0.05)]
    )
    return made


def augmented(pixels: NDArray[np.uint8], file: Path, view: int) -> NDArray[np.uint8]:
    """A random crop of 224, perhaps mirrored, its colours jittered; drawn from the file's name and the view's number.

    pixels: uint8 ``(256, 256, 3)``.
    """
    digest = hashlib.sha256(f"{view} {file.name}".encode()).digest()
    return jittered(pixels, int.from_bytes(digest[:8], "big") >> 1)


def jittered(pixels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """A random crop of 224, perhaps mirrored, its colours jittered; pixels: uint8 ``(256, 256, 3)``."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        drawn: Tensor = _transforms()(torch.from_numpy(pixels.copy()).permute(2, 0, 1))
    return np.ascontiguousarray(drawn.permute(1, 2, 0).numpy())
