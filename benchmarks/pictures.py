"""Generated JPEGs that cost as much to decode as photos do, and the small table every benchmark prints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

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
