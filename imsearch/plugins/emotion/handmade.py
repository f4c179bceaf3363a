"""Hand-made colour and texture features, each as its paper describes it.

The selection follows Machajdik and Hanbury (2010, "Affective image classification using
features inspired by psychology and art theory"): hue, brightness and saturation and where they are; roughness,
regularity and directionality of the surface.  scikit-image computes those it has.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2hsv, rgb2lab
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern
from skimage.filters import gabor_kernel

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

SIDE = 128
"""Side in pixels to which squares are reduced: texture needs a fixed scale."""
_HUES, _STRENGTHS, _VALUES = 8, 3, 3
_CELLS = 3
_PATTERNS = ((8, 1), (16, 2))
_LEVELS, _DISTANCES = 32, (1, 4)
_ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
_PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")
_FREQUENCIES = (0.1, 0.2, 0.4)
_ORIENTATIONS = 6
_MARGIN = 16

COLOUR = _HUES * _STRENGTHS * _VALUES + 9 + 6 * _CELLS**2
TEXTURE = (
    sum(points + 2 for points, _ in _PATTERNS)
    + 2 * len(_PROPERTIES) * len(_DISTANCES)
    + 2 * len(_FREQUENCIES) * _ORIENTATIONS
)


def describe(square: Pixels) -> Floats:
    """Return the `COLOUR` colour features, then the `TEXTURE` texture features, of a square picture, uint8 RGB."""
    small = Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    pixels, grey = np.asarray(small), np.asarray(small.convert("L"))
    lab = rgb2lab(pixels)
    colour = (colour_histogram(pixels), moments(lab), cell_moments(lab))
    texture = (local_patterns(grey), cooccurrence(grey), gabor_energy(grey))
    return np.concatenate([*colour, *texture])


def colour_histogram(pixels: Pixels) -> Floats:
    """Return square roots of the shares of 8 hues x 3 saturations x 3 values in HSV: ``(72,)``.

    Swain and Ballard 1991, in the space and about the resolution of Smith and Chang 1996.  With square roots,
    differences of small shares count too (Hellinger distance).
    """
    hsv = rgb2hsv(pixels)
    size = np.array([_HUES, _STRENGTHS, _VALUES])
    hue, strength, value = np.moveaxis(np.minimum((hsv * size).astype(np.intp), size - 1), -1, 0)
    index = (hue * _STRENGTHS + strength) * _VALUES + value
    counts = np.bincount(index.ravel(), minlength=int(size.prod()))
    return np.asarray(np.sqrt(counts / index.size), dtype=np.float32)


def moments(lab: NDArray[np.floating]) -> Floats:
    """Return mean, standard deviation and cube root of the third central moment of each channel: ``(9,)``.

    Stricker and Orengo 1995, in CIELAB, because a mean of circular hues means little.
    """
    flat = lab.reshape(-1, 3)
    mean = flat.mean(axis=0)
    return np.concatenate([mean, flat.std(axis=0), np.cbrt(((flat - mean) ** 3).mean(axis=0))]).astype(np.float32)


def cell_moments(lab: NDArray[np.floating]) -> Floats:
    """Return the first two moments in each cell of a 3 x 3 grid, to tell bright sky from bright ground: ``(54,)``."""
    rows = [cell for band in np.array_split(lab, _CELLS) for cell in np.array_split(band, _CELLS, axis=1)]
    return np.concatenate([moments(cell)[:6] for cell in rows])


def local_patterns(grey: Pixels) -> Floats:
    """Return shares of the uniform, rotation-invariant local binary patterns: 8 points at 1 pixel, 16 at 2: ``(28,)``.

    Ojala, Pietikäinen and Mäenpää 2002, equation 9: flat, edge, corner, spot, and one bin for the rest.
    """
    shares = []
    for points, radius in _PATTERNS:
        codes = local_binary_pattern(grey, points, radius, "uniform").astype(np.intp)
        shares.append(np.bincount(codes.ravel(), minlength=points + 2) / codes.size)
    return np.concatenate(shares).astype(np.float32)


def cooccurrence(grey: Pixels) -> Floats:
    """Return five properties of the grey-level co-occurrence matrix at 1 and 4 pixels: ``(20,)``.

    Haralick, Shanmugam and Dinstein 1973: mean and range of each over the four directions.
    """
    levels = grey // (256 // _LEVELS)
    matrix = graycomatrix(levels, _DISTANCES, _ANGLES, levels=_LEVELS, symmetric=True, normed=True)
    values = np.stack([graycoprops(matrix, name) for name in _PROPERTIES])
    return np.concatenate([values.mean(axis=2).ravel(), np.ptp(values, axis=2).ravel()]).astype(np.float32)


def gabor_energy(grey: Pixels) -> Floats:
    """Return mean and standard deviation of the response to Gabor filters, 3 scales x 6 directions: ``(36,)``.

    Manjunath and Ma 1996, section 3.2; logarithms, because the energies of photographs span orders of magnitude.
    """
    light = grey.astype(np.float32) / 255
    padded = np.pad(light - light.mean(), _MARGIN, mode="symmetric")
    responses = np.abs(np.fft.ifft2(np.fft.fft2(padded) * _filters(padded.shape[0])))
    inner = responses[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    energies = np.concatenate([inner.mean(axis=(1, 2)), inner.std(axis=(1, 2))])
    return np.log(energies + 1e-4).astype(np.float32)


@cache
def _filters(side: int) -> NDArray[np.complex64]:
    """Return the filters' spectra ``(filters, side, side)``, centred on the first pixel."""
    spectra = []
    for frequency in _FREQUENCIES:
        for turn in range(_ORIENTATIONS):
            kernel = gabor_kernel(frequency, np.pi * turn / _ORIENTATIONS)
            height, width = kernel.shape
            sheet = np.zeros((side, side), np.complex64)
            sheet[:height, :width] = kernel
            spectra.append(np.fft.fft2(np.roll(sheet, (-(height // 2), -(width // 2)), (0, 1))))
    return np.stack(spectra).astype(np.complex64)
