"""Decoders of JPEGs side by side: processor time from a file's bytes to pixels that cover a model's input.

    python -m benchmarks.decoders [--side 260] [--rounds 5] [--json]

Pillow's draft is what the program uses.  simplejpeg decodes at a fraction of the size too, torchvision only in full; a
decoder that is not installed is left out.  All are measured in turns on one thread; the best of the rounds counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks.pictures import SIZES, report, write_jpegs
from imsearch.pictures.picture import read_picture

PICTURES = 8
Decode = Callable[[bytes], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--side", type=int, default=260, help="pixels that both sides must have (default: 260)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ways = decoders(options.side)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            files = [path.read_bytes() for path in write_jpegs(Path(folder) / name, size, PICTURES)]
            best = dict.fromkeys(ways, float("inf"))
            for _ in range(options.rounds):
                for way, decode in ways.items():
                    best[way] = min(best[way], cpu_ms(decode, files))
            usual = best["Pillow, draft"]
            rows += [
                {"picture": name, "decoder": way, "CPU ms": ms, "of draft": ms / usual} for way, ms in best.items()
            ]
    report(f"Decoding for {options.side} pixels, best of {options.rounds}", rows, options.json)


def decoders(side: int) -> dict[str, Decode]:
    """What is installed, by name."""

    def draft(data: bytes) -> object:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (side, side))
            return image.load()

    def full(data: bytes) -> object:
        with Image.open(io.BytesIO(data)) as image:
            return image.load()

    ways: dict[str, Decode] = {"Pillow, draft": draft, "Pillow, in full": full}
    if importlib.util.find_spec("simplejpeg"):
        import simplejpeg

        ways["simplejpeg"] = lambda data: simplejpeg.decode_jpeg(
            data, min_height=side, min_width=side, fastdct=True, fastupsample=True
        )
    if importlib.util.find_spec("torchvision"):
        import torch
        from torchvision.io import decode_jpeg

        torch.set_num_threads(1)
        ways["torchvision.io"] = lambda data: decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8))
    ways["read_picture (all that the program does)"] = lambda data: read_picture(Path("a.jpg"), side, data)
    return ways


def cpu_ms(decode: Decode, files: list[bytes]) -> float:
    """Milliseconds of a processor for a file."""
    start = time.process_time()
    for data in files:
        decode(data)
    return 1000 * (time.process_time() - start) / len(files)


if __name__ == "__main__":
    main()
