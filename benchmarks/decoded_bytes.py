"""How many bytes a pixel decoding takes, by format: what is estimated before, and the peak of a process that does it.

python -m benchmarks.decoded_bytes
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
from pathlib import Path

import numpy as np
from PIL import Image

from imsearch.pictures.budget import Budget
from imsearch.pictures.picture import read_open_picture

SIZE = 6000, 4000
LEAST_SIDE = 260
KINDS: dict[str, tuple[str, str, dict[str, object]]] = {
    "JPEG": ("JPEG", "RGB", {}),
    "JPEG, progressive": ("JPEG", "RGB", {"progressive": True}),
    "PNG": ("PNG", "RGB", {"compress_level": 1}),
    "PNG, transparent": ("PNG", "RGBA", {"compress_level": 1}),
    "PNG, grey": ("PNG", "L", {"compress_level": 1}),
    "TIFF, one strip": ("TIFF", "RGB", {"compression": "tiff_lzw", "tiffinfo": {278: SIZE[1]}}),
    "GIF": ("GIF", "P", {}),
    "WebP": ("WEBP", "RGB", {}),
    "AVIF": ("AVIF", "RGB", {"speed": 10}),
    "JPEG 2000": ("JPEG2000", "RGB", {}),
    "BMP": ("BMP", "RGB", {}),
}


class Watched(Budget):
    """Remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__(1 << 40)
        self.asked = 0

    def take(self, size: int) -> None:
        self.asked = max(self.asked, size)
        super().take(size)


def encoded(kind: str) -> bytes:
    """A picture of 24 million pixels."""
    format, mode, options = KINDS[kind]
    blocks = np.random.default_rng(0).integers(0, 255, (100, 150, 3), dtype=np.uint8)
    image = Image.fromarray(blocks).resize(SIZE, Image.Resampling.BILINEAR).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def measure(data: bytes) -> tuple[float, float]:
    """Bytes a pixel: estimated, and measured in this process, which must be a new one."""
    budget = Watched()
    before = peak()
    read_open_picture(Path("picture"), io.BytesIO(data), LEAST_SIDE, "0" * 64, beside=False, budget=budget)
    return budget.asked / (SIZE[0] * SIZE[1]), (peak() - before) / (SIZE[0] * SIZE[1])


def peak() -> int:
    """The most bytes this process ever had in memory (Linux)."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"{'format':<20}{'estimated':>12}{'measured':>12}   bytes a pixel")
    for kind in KINDS:
        data = encoded(kind)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.apply(measure, (small(),))  # what the libraries themselves take
            estimated, measured = pool.apply(measure, (data,))
        print(f"{kind:<20}{estimated:>12.1f}{measured:>12.1f}")


def small() -> bytes:
    """A picture of one pixel."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
