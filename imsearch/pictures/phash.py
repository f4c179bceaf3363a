"""A perceptual hash: near duplicates differ in few of its 64 bits.

The signs of the lowest frequencies of the grey picture's cosine transform (as in Zauner, *Implementation and
Benchmarking of Perceptual Image Hash Functions*, 2010, but against zero in place of the median).  With signs, the hash
of the mirrored or rotated picture follows from the hash alone: mirroring negates the odd frequencies, rotating by 90
degrees swaps rows and columns.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy import float64, uint8, uint64
    from numpy.typing import NDArray

SIDE = 32
"""Side in pixels to which the picture is squashed; every picture is decoded to at least that."""
KEPT = 8
FLAT = 0
"""The hash of a picture without structure, such as a plain colour; it never matches any other."""
_LEAST_CONTRAST = 2.0
"""Grey levels (standard deviation) below which there is nothing to hash but noise."""


def grey_square(image: Image.Image) -> NDArray[uint8]:
    """Return the whole picture in grey, squashed to `SIDE` x `SIDE`."""
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(small.convert("L"))


def perceptual_hash(image: Image.Image) -> int:
    """Return the 64-bit hash as a signed integer; `FLAT` for a picture without structure."""
    grey = grey_square(image)
    if grey.std() < _LEAST_CONTRAST:
        return FLAT
    signs = lowest_frequencies(grey) > 0
    signs[0, 0] = True  # the mean brightness carries no structure; so no other picture hashes to `FLAT`
    return int(np.packbits(signs).view(">i8")[0])


def lowest_frequencies(grey: NDArray[uint8]) -> NDArray[float64]:
    """Return the lowest `KEPT` x `KEPT` frequencies of one grey square, or of each of several (n, `SIDE`, `SIDE`)."""
    return _cosines() @ grey @ _cosines().T


def turned_hashes(hashes: NDArray[uint64]) -> NDArray[uint64]:
    """Return the hashes of the same pictures in all eight orientations, shape (8, n): 0 unchanged, 4 to 7 on their
    side.
    """
    signs = np.unpackbits(hashes.astype(">u8").view(np.uint8)).reshape(-1, KEPT, KEPT).astype(bool)
    odd = np.arange(KEPT) % 2 == 1
    columns, rows = np.broadcast_to(odd, (KEPT, KEPT)), np.broadcast_to(odd[:, None], (KEPT, KEPT))
    upright = [signs, signs ^ columns, signs ^ rows, signs ^ columns ^ rows]
    positions = np.stack([*upright, *(each.transpose(0, 2, 1) for each in upright)])
    return np.packbits(positions.reshape(8, len(hashes), KEPT * KEPT), axis=-1).view(">u8")[..., 0].astype(np.uint64)


@cache
def _cosines() -> NDArray[float64]:
    """Return the lowest frequencies of the cosine transform (DCT-II), unscaled: shape (`KEPT`, `SIDE`)."""
    return np.cos(np.pi / SIDE * np.outer(np.arange(KEPT), np.arange(SIDE) + 0.5))
