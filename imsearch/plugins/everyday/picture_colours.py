"""Combine pixels with a head that was trained on the colours in captions: "red", of anything in the picture.

A logistic regression combines the colours of the whole picture with the head's own probability.  It covers the colours
for which pixels are informative; black, white and brown mostly describe things ("black dog"), which the features
see better.  For ranking only: a picture full of red has other things to be tagged with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.plugins.everyday.colour_arrays import read_arrays
from imsearch.plugins.everyday.colour_pixels import lab_basis, whole_histograms
from imsearch.training.probabilities import Floats, logit, sigmoid

COLOURS = ("red", "orange", "yellow", "blue", "purple", "pink")
_WEIGHTS = Path(__file__).parent / "picture_colours.npz"


def shares(pixels: NDArray[np.uint8]) -> Floats:
    """Return square roots of the shares of colours: float32 ``(N, points)``.

    pixels: uint8 ``(N, side, side, 3)``, sRGB.
    """
    return np.asarray(np.sqrt(whole_histograms(pixels) @ lab_basis()), dtype=np.float32)


@dataclass(frozen=True)
class PictureColours:
    """The learned models of `COLOURS`.

    weight: ``(points, colours)``.  bias: ``(colours,)``.  joined: ``(3, colours)``: the weights of the head's logit and
    of the pixels' logit, and a constant.
    """

    weight: Floats
    bias: Floats
    joined: Floats

    @classmethod
    def load(cls, path: Path = _WEIGHTS) -> PictureColours:
        """Read a file of `save`.  Raises `ModelError` when the file cannot be used."""
        return cls(*(array.astype(np.float32) for array in read_arrays(path, ("weight", "bias", "joined"))))

    def save(self, path: Path) -> None:
        """Write the models in half precision."""
        np.savez(path, **{name: getattr(self, name).astype(np.float16) for name in ("weight", "bias", "joined")})

    def logits(self, pixels: NDArray[np.uint8]) -> Floats:
        """Return the logits of pixels alone: ``(N, colours)``."""
        return np.asarray(shares(pixels) @ self.weight + self.bias, dtype=np.float32)

    def join(self, pixels: NDArray[np.uint8], tags: Sequence[str], probabilities: Floats) -> Floats:
        """Return the probabilities ``(N, tags)`` with those of `COLOURS` combined with the pixels; others unchanged."""
        found = [(place, tags.index(colour)) for place, colour in enumerate(COLOURS) if colour in tags]
        if not found:
            return probabilities
        places, columns = (list(part) for part in zip(*found, strict=True))
        head, own, constant = self.joined[:, places]
        together = probabilities.copy()
        said = logit(probabilities[:, columns])
        together[:, columns] = sigmoid(np.asarray(head * said + own * self.logits(pixels)[:, places] + constant))
        return together
