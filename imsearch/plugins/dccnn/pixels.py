"""The pixels of all pictures, kept on disk, and the crops of them that the network learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.training.cache import picture_rows
from imsearch.training.corpus import Corpus
from imsearch.training.features import load_square
from imsearch.training.run import Run

Pixels = NDArray[np.uint8]


def cached_pixels(files: Sequence[Path], side: int, cache: Path, progress: Callable[[int], None]) -> Pixels:
    """uint8 ``(files, side, side, 3)``, memory-mapped; kept in `cache` by what the files hold, and by the side."""

    def compute(start: int, stop: int) -> Pixels:
        return np.stack(list(pool.map(lambda file: load_square(file, side), files[start:stop])))

    with ThreadPoolExecutor(2) as pool:
        return picture_rows(cache, "pixels", (side,), files, compute, 64, progress)  # type: ignore[return-value]


class Views:
    """The network's input for rows of a corpus; see `imsearch.training.fit.Inputs`.

    While training: a crop at a random place, mirrored by lot, and which pictures teach the second channel.  In use:
    the whole picture, of which the network takes the middle.
    """

    def __init__(self, run: Run, corpus: Corpus, side: int, crop: int, mirror: bool, learns: NDArray[np.bool_] | None):
        self.crop, self.mirror, self.learns = crop, mirror, learns
        run.reporter.stage("pictures", len(corpus.files))
        files = [[sample.file for sample in part.samples] for part in corpus.parts]
        self.parts = [cached_pixels(each, side, run.cache, run.reporter.advance) for each in files]
        self.starts = np.cumsum([0, *map(len, self.parts)])

    def __call__(self, rows: NDArray[np.intp], generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        parts = np.searchsorted(self.starts, rows, side="right") - 1
        pictures = [self.parts[part][row - self.starts[part]] for part, row in zip(parts, rows, strict=True)]
        if generator is None:
            return (torch.from_numpy(np.stack(pictures)),)
        pixels = torch.from_numpy(np.stack([self._crop(picture, generator) for picture in pictures]))
        if self.mirror:
            mirrored = torch.from_numpy(generator.random(len(rows)) < 0.5)
            pixels[mirrored] = pixels[mirrored].flip(2)
        return (pixels,) if self.learns is None else (pixels, torch.from_numpy(self.learns[rows]))

    def _crop(self, picture: Pixels, generator: np.random.Generator) -> Pixels:
        top, left = generator.integers(0, len(picture) - self.crop + 1, size=2)
        return picture[top : top + self.crop, left : left + self.crop]
