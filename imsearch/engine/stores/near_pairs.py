"""Pairs that are nearly equal among many hashes or vectors, found without comparing all of them one by one.

Both searches work through blocks and hold no more than one block of candidates in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.pictures.phash import FLAT, turned_hashes

Ids = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Pairs = tuple[Ids, Ids]
"""Positions of the left and of the right ones; every left one is smaller than its right one."""

_CANDIDATES = 1 << 22
"""Pairs of hashes compared at once."""
_BLOCK = 256
"""Vectors compared with all others at once."""
_AXES = 128
_LARGE = 10_000
"""From this many points on, an inverted file looks only into the cells nearest to each."""
_PROBED = 8
_TRAINED_ON = 64
"""Points a cell; FAISS asks for at least 39."""
_SAMPLE = 4096
_EXACT = 8192
"""Pairs of whole vectors compared at once."""
_ROUNDING = 2e-3
"""Squared distances of half-precision vectors are uncertain by this."""
_COMMON = 256
"""A hash that more pictures share than this tells nothing of them: blank pages, black frames."""


def distances(left: Hashes, right: Hashes) -> NDArray[np.int64]:
    """In how many bits hashes differ, in the position that suits best; 64 where one of them says nothing."""
    found = np.full(len(left), 64, np.int64)
    for turned in turned_hashes(left):
        np.minimum(found, np.bitwise_count(turned ^ right), out=found, casting="unsafe")
    found[(left == FLAT) | (right == FLAT)] = 64
    return found


def pairs_by_hash(hashes: Hashes, most: int) -> Iterator[Pairs]:
    """The pairs of hashes that differ in at most `most` bits in some position; a pair may come several times.

    Cut into one piece more than that, two such hashes agree in at least one piece, and sorting brings these together.
    """
    useful = np.flatnonzero((hashes != FLAT) & ~_common(hashes))
    here = hashes[useful]
    pieces = np.array_split(np.arange(64, dtype=np.uint64), most + 1)
    for turned in turned_hashes(here):
        for piece in pieces:
            mask = np.bitwise_or.reduce(np.uint64(1) << piece)
            for left, right in _equal(turned & mask, here & mask):
                near = (left < right) & (np.bitwise_count(turned[left] ^ here[right]) <= most)
                if near.any():
                    yield useful[left[near]], useful[right[near]]


def _common(hashes: Hashes) -> NDArray[np.bool_]:
    _, which, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return np.asarray(counts[which] > _COMMON)


def _equal(left: Hashes, right: Hashes) -> Iterator[Pairs]:
    """All pairs of equal keys, a bounded number at a time."""
    order = np.argsort(right, kind="stable")
    keys = right[order]
    first, last = np.searchsorted(keys, left, "left"), np.searchsorted(keys, left, "right")
    counts = last - first
    ends = np.cumsum(counts)
    start = 0
    while start < len(left):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _CANDIDATES, "right")))
        here = counts[start:stop]
        lefts = np.repeat(np.arange(start, stop), here)
        within = np.arange(len(lefts)) - np.repeat(np.cumsum(here) - here, here)
        yield lefts, order[np.repeat(first[start:stop], here) + within]
        start = stop


def pairs_by_vector(
    vectors: NDArray[np.float16], hashes: Hashes, least: float, a_bit: float, most: int
) -> Iterator[Pairs]:
    """The pairs whose cosine is at least `least`, and `a_bit` more for each of at most `most` bits that differ.

    vectors: of length 1.  Bits are those of the pictures as they are, not of turned ones.  Candidates are the pairs
    near along the main axes, where no two vectors are farther apart than in all; once by themselves, once with the bits
    as further axes.  Their whole vectors decide.
    """
    if not len(vectors):
        return
    placed = _projected(vectors)
    wanted = least, a_bit, most
    for left, right in _close(placed, 2 * (1 - least - a_bit * most) + _ROUNDING):
        yield from _confirmed(vectors, hashes, left, right, wanted)
    known = np.flatnonzero(hashes != FLAT)
    bits = np.unpackbits(hashes[known].view(np.uint8)).reshape(-1, 64).astype(np.float32)
    placed = np.hstack([placed[known], bits * np.float32((2 * a_bit) ** 0.5)])  # |a - b|² = 2 - 2 cos + 2 a_bit apart
    for left, right in _close(placed, 2 * (1 - least) + _ROUNDING):
        yield from _confirmed(vectors, hashes, known[left], known[right], wanted)


def _close(points: NDArray[np.float32], radius: float) -> Iterator[Pairs]:
    """The pairs of points within the square root of `radius`; of many points, nearly all such pairs."""
    import faiss

    count, length = points.shape
    index: Any = faiss.IndexFlatL2(length)
    if count >= _LARGE:
        cells = int(count**0.5)
        index = faiss.IndexIVFFlat(index, length, cells)
        index.cp.seed, index.nprobe = 1, _PROBED
        index.train(points[np.random.default_rng(1).permutation(count)[: cells * _TRAINED_ON]])
    if count:
        index.add(points)
    for start in range(0, count, _BLOCK):
        bounds, _, right = index.range_search(points[start : start + _BLOCK], radius)
        left = np.repeat(np.arange(start, start + len(bounds) - 1), np.diff(bounds.view(np.int64)))
        upper = left < right
        yield left[upper], right[upper]


def _confirmed(
    vectors: NDArray[np.float16], hashes: Hashes, lefts: Ids, rights: Ids, wanted: tuple[float, float, int]
) -> Iterator[Pairs]:
    """Those of a block's candidates whose whole vectors are near enough."""
    least, a_bit, most = wanted
    for start in range(0, len(lefts), _EXACT):
        left, right = lefts[start : start + _EXACT], rights[start : start + _EXACT]
        apart = np.bitwise_count(hashes[left] ^ hashes[right]).astype(np.float32)
        apart[(hashes[left] == FLAT) | (hashes[right] == FLAT)] = most
        near = cosines(vectors, left, right) >= least + a_bit * np.minimum(apart, most)
        yield left[near], right[near]


def cosines(vectors: NDArray[np.float16], left: Ids, right: Ids) -> NDArray[np.float32]:
    """The cosines of pairs of vectors of length 1."""
    products = np.einsum("ij,ij->i", vectors[left].astype(np.float32), vectors[right].astype(np.float32))
    return np.asarray(products, np.float32)


def _projected(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """Coordinates along axes in which the vectors vary much (the range finder of Halko, Martinsson and Tropp, 2011)."""
    random = np.random.default_rng(1)
    some = vectors[random.permutation(len(vectors))[:_SAMPLE]].astype(np.float32)
    mean = some.mean(0)
    some -= mean
    drawn = random.standard_normal((vectors.shape[1], _AXES), np.float32)
    axes, _ = np.linalg.qr(some.T @ (some @ drawn))
    blocks = range(0, len(vectors), _BLOCK)
    return np.concatenate([(vectors[at : at + _BLOCK].astype(np.float32) - mean) @ axes for at in blocks])


def joined(count: int, pairs: Iterable[Pairs]) -> list[list[int]]:
    """The groups of two and more among `count` positions that these pairs join directly or by way of others."""
    root = np.arange(count)
    for left, right in pairs:
        between = np.unique(np.stack([root[left], root[right]], axis=1), axis=0)
        for one, other in between[between[:, 0] != between[:, 1]].tolist():
            first, second = _top(root, one), _top(root, other)
            root[max(first, second)] = min(first, second)
        if len(between):
            while (root != (above := root[root])).any():
                root = above
    order = np.argsort(root, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(root[order])) + 1)
    return [group.tolist() for group in groups if len(group) > 1]


def _top(root: Ids, position: int) -> int:
    while root[position] != position:
        position = int(root[position])
    return position
