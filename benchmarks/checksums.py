"""What it costs to look at the checksums of index files when they are loaded.

    python -m benchmarks.checksums [--images 100000 1000000] [--json]

The files are as large as those of so many pictures with vectors of 1,280 numbers in half precision, and with 64 tags
each (564 bytes a picture, as measured on 3,000), and are read from the system's cache.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.pictures import report
from imsearch.engine.stores.derived import checksum

VECTOR, TEXT, BLOCK = 2 * 1280 + 8, 564, 1 << 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report("Checksums of index files", [measure(count) for count in options.images], options.json)


def measure(count: int) -> dict[str, object]:
    """Processor seconds for both kinds of index."""
    with TemporaryDirectory(prefix="imsearch-") as folder:
        return {
            "images": count,
            "vectors MB": round(count * VECTOR / 1e6),
            "vectors s": seconds(Path(folder) / "vectors", count * VECTOR),
            "text MB": round(count * TEXT / 1e6),
            "text s": seconds(Path(folder) / "text", count * TEXT),
        }


def seconds(path: Path, size: int) -> float:
    """Processor seconds to look at a file of random bytes that was just read."""
    block = os.urandom(BLOCK)
    with path.open("wb") as file:
        for start in range(0, size, BLOCK):
            file.write(block[: size - start])
    checksum(path)
    used = time.process_time()
    checksum(path)
    return round(time.process_time() - used, 3)


if __name__ == "__main__":
    main()
