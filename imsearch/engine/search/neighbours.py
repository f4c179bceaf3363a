"""Visual similarity of the library's pictures, by hashes and vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.near_pairs import Hashes, Ids, Pairs, cosines, distances, pairs_by_hash, pairs_by_vector

if TYPE_CHECKING:
    from imsearch.engine.stores.catalog import CatalogReading

SPACE = "everyday"
"""The annotator whose vectors are compared: distances mean something else in the vectors of any other."""

# Chosen on Corel5k's training pictures by `python -m benchmarks.near_duplicates`.
THRESHOLD = 0.26
"""Minimum similarity of copies."""
A_BIT = 0.04
"""Reduction of the vectors' cosine for each differing bit of the hashes."""
MOST_BITS = 16
"""Maximum number of differing bits counted: beyond, hashes are those of unrelated pictures, or of cropped ones."""
A_BIT_ALONE = 0.18
"""Reduction of 1 for each differing bit where there are no vectors."""

BY_HASH = 4
"""Maximum number of differing bits of pairs found by hash, whatever the vectors; others are found by vector."""


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Hashes and vectors of the images with files, by position; both in order of id.

    rows: the row of `vectors` of each image, or -1 where there is none.  vectors: of length 1.
    """

    ids: Ids
    hashes: Hashes
    rows: Ids
    vectors: NDArray[np.float16]

    @classmethod
    def read(cls, catalog: CatalogReading, space: str = SPACE) -> Self:
        """Read all hashes and vectors in the catalog."""
        ids, hashes = catalog.perceptual_hashes()
        owners, vectors = catalog.all_vectors(space)
        for start in range(0, len(vectors), 4096):
            block = vectors[start : start + 4096].astype(np.float32)
            lengths = np.linalg.norm(block, axis=1, keepdims=True)
            vectors[start : start + 4096] = block / np.maximum(lengths, np.finfo(np.float32).tiny)
        rows = np.full(len(ids), -1, np.int64)
        held = np.isin(owners, ids)  # an image may be recorded between the two statements
        rows[np.searchsorted(ids, owners[held])] = np.arange(held.sum())
        return cls(ids, hashes, rows, vectors if held.all() else vectors[held])

    def part(self, positions: Ids) -> Self:
        """Return the data of the images at these positions, which are in order."""
        rows = self.rows[positions]
        known = rows >= 0
        vectors = self.vectors[rows[known]]
        rows = rows.copy()
        rows[known] = np.arange(known.sum())
        return type(self)(self.ids[positions], self.hashes[positions], rows, vectors)

    def similarity(self, left: Ids, right: Ids) -> NDArray[np.float64]:
        """Return the similarity of pairs of positions, in 0 to 1."""
        apart = np.minimum(distances(self.hashes[left], self.hashes[right]), MOST_BITS)
        similarity = 1.0 - A_BIT_ALONE * apart
        seen = (self.rows[left] >= 0) & (self.rows[right] >= 0)
        cosine = cosines(self.vectors, self.rows[left[seen]], self.rows[right[seen]])
        similarity[seen] = cosine - A_BIT * apart[seen]
        return np.clip(similarity, 0, 1)

    def pairs(self, threshold: float) -> Iterator[Pairs]:
        """Yield the pairs of positions with at least this similarity; a pair may come several times.

        Only pairs of which one is rotated or mirrored, and otherwise changed so much that more than `BY_HASH`
        bits differ, are missed.
        """
        for left, right in self._candidates(threshold):
            near = self.similarity(left, right) >= threshold
            yield left[near], right[near]

    def _candidates(self, threshold: float) -> Iterator[Pairs]:
        yield from pairs_by_hash(self.hashes, BY_HASH)
        owners = np.flatnonzero(self.rows >= 0)
        for left, right in pairs_by_vector(self.vectors, self.hashes[owners], threshold, A_BIT, MOST_BITS):
            yield owners[left], owners[right]
