"""Generated JPEGs that cost as much to decode as photos do, and the small table every benchmark prints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIZES = {"12 MP": (4000, 3000), "VGA": (640, 480)}


def write_jpeg(path: Path, size: tuple[int, int], seed: int) -> None:
    """A picture of soft shapes with grain, about as large on disk as a photo; another one for every seed."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = Image.fromarray(random.integers(0, 256, (size[1] // 2, size[0] // 2, 3), np.uint8)).resize(size)
    Image.blend(coarse, grain, 0.15).save(path, quality=88)


def write_jpegs(folder: Path, size: tuple[int, int], count: int) -> list[Path]:
    """`count` files; of large ones only eight are made, the others differ from them by a few bytes at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for number in range(count):
        path = folder / f"{number:05}.jpg"
        if number < 8:
            write_jpeg(path, size, number)
        else:
            # Decoders ignore what follows the end of a JPEG, but the bytes, and so the image's identity, are others.
            path.write_bytes(paths[number % 8].read_bytes() + number.to_bytes(4, "big"))
        paths.append(path)
    return paths


def natural(size: tuple[int, int], seed: int) -> Image.Image:
    """A picture that is as detailed as photos are; another one for every seed.

    Discs that cover each other, their radii falling off with the third power, have the edges and the spectrum of
    natural scenes (the "dead leaves" model of Lee, Mumford and Huang, 2001).  Over them lies a texture whose amplitude
    falls with frequency as theirs does, strong in some places and absent in others, as grass and sky are.  There is no
    noise of a sensor: every pixel depends on its neighbours.
    """
    random, (width, height) = np.random.default_rng(seed), size
    canvas = Image.new("RGB", size, "gray")
    draw = ImageDraw.Draw(canvas)
    smallest, largest = height / 170, height / 2.5
    radii = (smallest**-2 - (smallest**-2 - largest**-2) * random.random(6000)) ** -0.5
    for radius in radii:
        x, y = random.random(2) * size
        other = radius * random.uniform(0.5, 1.6)
        colour = np.clip(random.normal(128, 50) + random.normal(0, 18, 3), 0, 255).astype(int)
        draw.ellipse((x - radius, y - other, x + radius, y + other), fill=(colour[0], colour[1], colour[2]))
    texture = np.zeros((height, width), np.float32)
    for coarse in (2, 4, 8, 16, 32, 64, 128):
        values = random.normal(0, coarse**0.5, (height // coarse + 1, width // coarse + 1)).astype(np.float32)
        texture += _enlarged(values, size)
    texture *= np.clip(_enlarged(random.random((4, 5), np.float32), size) * 1.6 - 0.3, 0, 1.3) * 16
    blurred = np.asarray(canvas.filter(ImageFilter.GaussianBlur(1.2)), np.float32)  # as lenses do
    return Image.fromarray(np.clip(blurred + texture[..., None], 0, 255).astype(np.uint8))


def _enlarged(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))


def report(title: str, rows: Sequence[Mapping[str, object]], as_json: bool) -> None:
    """Print rows of equal keys as an aligned table or as JSON."""
    if as_json:
        print(json.dumps({"benchmark": title, "rows": rows}, indent=2))
        return
    heads = list(rows[0])
    cells = [[_text(row[head]) for head in heads] for row in rows]
    widths = [max(len(line[at]) for line in [heads, *cells]) for at in range(len(heads))]
    print(title)
    for line in [heads, *cells]:
        print("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)))


def _text(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
