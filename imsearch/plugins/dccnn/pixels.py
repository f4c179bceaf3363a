"""The pixels of all pictures, cached on disk, and random crops of them for training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from imsearch.errors import ModelError
from imsearch.training.cache import picture_rows
from imsearch.training.corpus import Corpus
from imsearch.training.features import load_square
from imsearch.training.run import Run

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Changes:
    """Data augmentation for training.

    crop: input pixels of the network.  scale: minimum share of the picture's area in a crop, which is
    then resized to `crop`; 0 takes `crop` pixels as they are.  mirror: flip horizontally at random.  colour: maximum
    change
    of brightness by a factor, and a quarter as much for each of the three colours.
    """

    crop: int
    scale: float = 0.0
    mirror: bool = True
    colour: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.scale <= 1:
            raise ModelError(f"The setting scale is a share of the picture, 0 to 1, not {self.scale}")
        if not 0 <= self.colour < 1:
            raise ModelError(f"The setting colour is at least 0 and below 1, not {self.colour}")


def cached_pixels(files: Sequence[Path], side: int, cache: Path, progress: Callable[[int], None]) -> Pixels:
    """Return uint8 ``(files, side, side, 3)``, memory-mapped; cached in `cache` by the files' contents and the side."""

    def compute(start: int, stop: int) -> Pixels:
        return np.stack(list(pool.map(lambda file: load_square(file, side), files[start:stop])))

    with ThreadPoolExecutor(2) as pool:
        return picture_rows(cache, "pixels", (side,), files, compute, 64, progress)  # type: ignore[return-value]


class Views:
    """The network's input for rows of a corpus; see `imsearch.training.fit.Inputs`.

    In training: an augmented crop.  At inference: the whole picture, of which the network takes the centre.
    """

    def __init__(self, run: Run, corpus: Corpus, side: int, changes: Changes):
        self.changes = changes
        run.reporter.stage("pictures", len(corpus.files))
        files = [[sample.file for sample in part.samples] for part in corpus.parts]
        self.parts = [cached_pixels(each, side, run.cache, run.reporter.advance) for each in files]
        self.starts = np.cumsum([0, *map(len, self.parts)])

    def __call__(self, rows: NDArray[np.intp], generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        parts = np.searchsorted(self.starts, rows, side="right") - 1
        pictures = [self.parts[part][row - self.starts[part]] for part, row in zip(parts, rows, strict=True)]
        if generator is None:
            return (torch.from_numpy(np.stack(pictures)),)
        pixels = torch.stack([self._crop(picture, generator) for picture in pictures])
        if self.changes.mirror:
            mirrored = torch.from_numpy(generator.random(len(rows)) < 0.5)
            pixels[mirrored] = pixels[mirrored].flip(2)
        return (pixels,)

    def _crop(self, picture: Pixels, generator: np.random.Generator) -> Tensor:
        crop, scale = self.changes.crop, self.changes.scale
        size = round(len(picture) * float(np.sqrt(generator.uniform(scale, 1)))) if scale else crop
        top, left = generator.integers(0, len(picture) - size + 1, size=2)
        part = torch.from_numpy(self._coloured(picture[top : top + size, left : left + size], generator))
        if size == crop:
            return part
        planes = part.permute(2, 0, 1)[None]  # not copied: resizing bytes is fastest with channels last
        return functional.interpolate(planes, (crop, crop), mode="bilinear", align_corners=False)[0].permute(1, 2, 0)

    def _coloured(self, part: Pixels, generator: np.random.Generator) -> Pixels:
        reach = self.changes.colour
        if not reach:
            return np.array(part)
        factors = generator.uniform(1 - reach, 1 + reach) * generator.uniform(1 - reach / 4, 1 + reach / 4, 3)
        table = np.clip(np.outer(factors, np.arange(256)), 0, 255).astype(np.uint8)
        return np.array(Image.fromarray(np.ascontiguousarray(part)).point(table.ravel().tolist()))
