"""The frozen lower part of a backbone, run once over a dataset and kept on disk.

Fine-tuning only the upper stages needs the lower ones' output for every picture in every epoch.  Computing it once
for each view (the picture, its mirror image) and reading it back makes an epoch several times cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from imsearch.errors import DatasetError, PictureError
from imsearch.pictures.picture import read_picture
from imsearch.training.cache import picture_rows
from imsearch.training.efficientnet_lite import EfficientNetLite, to_input


def load_square(file: Path, side: int) -> NDArray[np.uint8]:
    """The picture squashed to a square: uint8 ``(side, side, 3)``, as the annotator sees it.

    Raises `DatasetError` that names a file which is no picture.
    """
    try:
        return read_picture(file, side).array(side, side)
    except PictureError as error:
        raise DatasetError(f"{file} cannot be used: {error}. Replace it, or take it out of the dataset.") from error


def cached_maps(
    files: Sequence[Path],
    network: EfficientNetLite,
    stages: int,
    cache: Path,
    mirror: bool = False,
    progress: Callable[[int], None] = lambda count: None,
) -> NDArray[np.float16]:
    """The output of the first `stages` stages, memory-mapped: float16 ``(files, H, W, C)``.

    Kept in `cache` under a name made of what the files hold, the side and the view; a stopped run goes on where it was.
    `progress` is told how many pictures each step finished.
    """
    side = network.size
    device = next(network.parameters()).device

    def compute(start: int, stop: int) -> NDArray[np.float16]:
        pixels = np.stack(list(pool.map(lambda file: load_square(file, side), files[start:stop])))
        x = to_input(torch.from_numpy(pixels[:, :, ::-1].copy() if mirror else pixels), device)
        with torch.inference_mode():
            return np.asarray(network.lower(x, stages).permute(0, 2, 3, 1).half().cpu().numpy())

    with ThreadPoolExecutor(2) as pool:
        name = "maps-mirror" if mirror else "maps-plain"
        return picture_rows(cache, name, (side, stages), files, compute, progress=progress)  # type: ignore[return-value]
