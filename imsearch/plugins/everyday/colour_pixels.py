"""Colours of prepared pixels: coarse histograms of each cell of the feature map, and detection of grey pictures.

Colours are compared in CIE Lab, whose distances are close to perceived ones.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab

from imsearch.training.probabilities import Floats, sigmoid

CELLS = 9
BINS = 512
"""Eight steps of each of red, green and blue."""
_STEP = 2
"""Stride in both directions; enough for the shares of a cell."""
_SPACING = 20
_WIDTH = 18.0
_REACHED = 0.5
_GREY_STEP = 4
_GREY_PERCENTILE = 99
_GREY_CHROMA = 3.3
_GREY_SLOPE = 3.0
"""Half of the pictures with this chroma are black and white; the slope is of the logit per unit (docs/everyday.md)."""


def colour_histograms(pixels: NDArray[np.uint8]) -> Floats:
    """Return the share of each coarse colour in each cell: float32 ``(N, 81, 512)``, each cell summing to 1.

    pixels: uint8 ``(N, side, side, 3)``, sRGB.
    """
    seen = pixels[:, ::_STEP, ::_STEP].astype(np.int32) >> 5
    side = pixels.shape[1]
    places = np.arange(0, side, _STEP) * CELLS // side
    cell = (places[:, None] * CELLS + places) * BINS
    bins = (cell + (seen[..., 0] << 6 | seen[..., 1] << 3 | seen[..., 2])).reshape(len(pixels), -1)
    length = CELLS * CELLS * BINS
    counts = np.stack([np.bincount(row, minlength=length) for row in bins]).astype(np.float32)
    counts = counts.reshape(len(pixels), CELLS * CELLS, BINS)
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True), dtype=np.float32)


def whole_histograms(pixels: NDArray[np.uint8]) -> Floats:
    """Return the share of each coarse colour in the picture: float32 ``(N, 512)``.  pixels: as above."""
    seen = pixels[:, ::_STEP, ::_STEP].astype(np.int32) >> 5
    bins = (seen[..., 0] << 6 | seen[..., 1] << 3 | seen[..., 2]).reshape(len(pixels), -1)
    counts = np.stack([np.bincount(row, minlength=BINS) for row in bins])
    return np.asarray(counts / bins.shape[1], dtype=np.float32)


@cache
def lab_basis() -> Floats:
    """Return the membership of each coarse colour in each point of a grid in Lab: ``(512, points)``, rows summing to 1.

    Neighbouring colours share points, so that learning generalizes to similar shades.
    """
    steps = np.arange(8) * 32 + 16
    colours = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, BINS, 3) / 255
    lab = rgb2lab(colours)[0]
    grid = np.meshgrid(
        np.arange(10, 100, 20), np.arange(-60, 81, _SPACING), np.arange(-80, 81, _SPACING), indexing="ij"
    )
    points = np.stack(grid, axis=-1).reshape(-1, 3)
    near = np.exp(-((lab[:, None] - points) ** 2).sum(axis=-1) / (2 * _WIDTH**2))
    near = near[:, near.max(axis=0) > _REACHED]
    return np.asarray(near / near.sum(axis=1, keepdims=True), dtype=np.float32)


def grey_probability(pixels: NDArray[np.uint8]) -> Floats:
    """Return the probability that each picture is black and white: float32 ``(N,)`` in 0 to 1.

    Based on the 99th percentile of chroma in Lab, so that a small coloured thing in the snow makes a colour picture.
    Toned prints (sepia) count as coloured.  pixels: uint8 ``(N, side, side, 3)``, sRGB.
    """
    lab = rgb2lab(pixels[:, 1::_GREY_STEP, 1::_GREY_STEP].astype(np.float32) / 255)
    chroma = np.hypot(lab[..., 1], lab[..., 2]).reshape(len(pixels), -1)
    high = np.percentile(chroma, _GREY_PERCENTILE, axis=1)
    return sigmoid(np.asarray(_GREY_SLOPE * (_GREY_CHROMA - high), dtype=np.float32))
