"""How long the search for copies takes among many synthetic images, and how many planted copies it finds.

    python -m benchmarks.near_duplicates_speed [--images 10000 100000] [--json]

Vectors of 1,280 numbers lie around 2,000 subjects that share 200 traits; hashes are drawn.  One image in a
hundred has a copy: half of them with few bits changed and a rather different vector, as when scaled or turned, half
with many bits changed and a near vector, as when cropped.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.pictures import report
from imsearch.engine.search.neighbours import THRESHOLD, Looks
from imsearch.engine.stores.near_pairs import joined
from imsearch.pictures.phash import turned_hashes

LENGTH, SUBJECTS, TRAITS, BLOCK = 1280, 2000, 200, 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report("Search for copies, 1 in 100 has one", [measure(count) for count in options.images], options.json)


def measure(count: int) -> dict[str, object]:
    """Time one search; copies follow their originals at the end."""
    copies = count // 200 * 2
    looks = synthetic(count, copies)
    start, used = time.perf_counter(), time.process_time()
    groups = joined(count, looks.pairs(THRESHOLD))
    seconds, used = time.perf_counter() - start, time.process_time() - used
    together = {position: group for group in groups for position in group}
    found = sum(count - copies + number in together.get(number, ()) for number in range(copies))
    row: dict[str, object] = {
        "images": count,
        "seconds": seconds,
        "processor s": used,
        "copies": copies,
        "found": found,
        "groups": len(groups),
    }
    return row | {"peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def synthetic(count: int, copies: int) -> Looks:
    """Images of which the last `copies` are copies of the first."""
    random = np.random.default_rng(0)
    traits = random.standard_normal((TRAITS, LENGTH), np.float32)
    weights = (1 / np.sqrt(np.arange(1, TRAITS + 1))).astype(np.float32)  # some traits matter more than others
    traits *= weights[:, None]
    subjects = random.standard_normal((SUBJECTS, TRAITS), np.float32)
    subjects[:, 0] += 1.5  # what all pictures have in common
    hashes = random.integers(1 << 63, 1 << 64, count, np.uint64)
    vectors = np.empty((count, LENGTH), np.float16)
    for start in range(0, count, BLOCK):
        chosen = subjects[random.integers(0, SUBJECTS, min(BLOCK, count - start))]
        own = random.standard_normal(chosen.shape, np.float32)
        vectors[start : start + BLOCK] = _unit((chosen + own) @ traits)
    half = copies // 2
    first = count - copies
    changed = random.standard_normal((copies, TRAITS), np.float32) @ traits
    share = np.where(np.arange(copies) < half, 0.5, 0.2).astype(np.float32)[:, None]
    vectors[first:] = _unit((1 - share) * vectors[:copies].astype(np.float32) + share * _unit(changed))
    hashes[first : first + half] = turned_hashes(hashes[:half])[5] ^ np.uint64(0b101)
    hashes[first + half :] = hashes[half:copies] ^ np.uint64((1 << 24) - 1)
    return Looks(np.arange(count), hashes, np.arange(count), vectors)


def _unit(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


if __name__ == "__main__":
    main()
