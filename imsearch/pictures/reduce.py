"""Make pictures smaller without a second copy of all their pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from imsearch.pictures.colour import lab_to_rgb

BAND = 1 << 22
"""Pixels converted at a time; smaller pictures are converted in one go."""

_AVERAGED = ("L", "RGB", "CMYK", "YCbCr")
"""Modes that Pillow resizes without a copy in another mode."""


def reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize the loaded picture with antialiasing, in a mode whose pixels can be averaged: see `averageable`.

    Integer factors come first: visually equivalent and much faster on large pictures.
    """
    factors = max(1, image.width // (2 * size[0])), max(1, image.height // (2 * size[1]))
    if image.mode in _AVERAGED and "transparency" not in image.info:
        return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    if image.width * image.height <= BAND or factors == (1, 1):
        image = averageable(image)
        return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    box = 0.0, 0.0, image.width / factors[0], image.height / factors[1]
    return _reduced_by(image, factors).resize(size, Image.Resampling.BICUBIC, box=box)


def averageable(image: Image.Image) -> Image.Image:
    """Return the picture in mode L, RGB, RGBA, CMYK or YCbCr: 8 bits per channel."""
    return _converter(image)(image)


def _reduced_by(image: Image.Image, factors: tuple[int, int]) -> Image.Image:
    """Return the picture reduced by integer factors across and down, converted band by band."""
    convert = _converter(image)
    across, down = factors
    whole: Image.Image | None = None
    for top, band in _bands(image, down):
        part = convert(band).reduce(factors)
        if whole is None:
            whole = Image.new(part.mode, (-(-image.width // across), -(-image.height // down)))
        whole.paste(part, (0, top // down))
    assert whole is not None
    return whole


def _bands(image: Image.Image, multiple: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Cut the picture into horizontal bands; yield the top row of each and a copy of its pixels."""
    rows = max(1, BAND // (image.width * multiple)) * multiple
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _converter(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Return a function that converts the picture, or a part of it, to a mode whose pixels can be averaged."""
    mode = image.mode
    if mode.startswith("I;16"):
        return lambda part: Image.fromarray((np.asarray(part) >> 8).astype(np.uint8))
    if mode in ("I", "F"):
        low, high = _white_and_black(image)
        return lambda part: Image.fromarray(((_levels(part) - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8))
    if mode == "LAB":
        return lab_to_rgb
    if "transparency" in image.info or mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        return lambda part: part if part.mode == "RGBA" else _with_transparency_of(image, part).convert("RGBA")
    if mode in _AVERAGED:
        return lambda part: part
    return lambda part: part.convert("L" if mode == "1" else "RGB")


def _with_transparency_of(whole: Image.Image, part: Image.Image) -> Image.Image:
    if "transparency" in whole.info:
        part.info["transparency"] = whole.info["transparency"]
    return part


def _levels(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.nan_to_num(np.asarray(image).astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def _white_and_black(image: Image.Image) -> tuple[float, float]:
    """Return the levels that become 0 and 255, for integer and float modes, which Pillow would clip at 255."""
    low, high = np.inf, -np.inf
    for _, band in _bands(image):
        levels = _levels(band)
        low, high = min(low, float(levels.min())), max(high, float(levels.max()))
    for white in (1, 255, 65535) if image.mode == "F" else (255, 65535):  # the usual ranges
        if low >= 0 and high <= white:
            return 0.0, float(white)
    return low, high
