"""The vectors of one annotator in memory, for the cosines of all pictures to a direction.

A small library is compared whole, straight from the catalog: reading a few thousand vectors takes less time than
importing FAISS.  Of a large one a sample is held, which tells what cosines are usual, and the vector index finds the
nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.catalog import Catalog
from imsearch.engine.derived import State
from imsearch.engine.indexes import Indexes

if TYPE_CHECKING:
    from imsearch.engine.vector_index import VectorIndex

EXACT = 50_000
"""Up to so many vectors, all are held and compared: 128 MB of those of ``everyday``, in half precision."""
FLOAT32_BYTES = 64 << 20
"""Up to so large, they are held in single precision, which needs no conversion at each query."""
SAMPLE = 4096
NEAREST = 2000
"""Of a larger library, so many pictures nearest to a text are compared with it."""
_BLOCK = 4096


class Compared(NamedTuple):
    """Cosines of pictures to a direction.

    ids, cosines: of the pictures that were compared, in order of id, shape (n,).  usual: cosines of a sample of all.
    whole: whether all pictures with vectors were compared.
    """

    ids: NDArray[np.int64]
    cosines: NDArray[np.float32]
    usual: NDArray[np.float32]
    whole: bool


class VectorTable:
    """The vectors of one annotator version, brought up to date whenever the catalog has changed.

    Several threads may use one.
    """

    def __init__(self, catalog: Catalog, indexes: Indexes, name: str, length: int, exact: int = EXACT) -> None:
        self._catalog = catalog
        self._indexes = indexes
        self._name = name
        self._length = length
        self._exact = exact
        self._state: State | None = None
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._rows: NDArray[np.float16] | NDArray[np.float32] = np.empty((0, length), np.float32)
        self._whole = True
        self._turn = RLock()

    def compare(self, direction: NDArray[np.float32]) -> Compared:
        """The cosines to a direction of length 1, as the library is now."""
        with self._turn:
            self._catch_up()
            ids, rows, whole = self._ids, self._rows, self._whole
        cosines = _products(rows, direction)
        if whole:
            return Compared(ids, cosines, cosines, True)
        near, nearest = self._index().nearest(direction, NEAREST)
        order = np.argsort(near)
        return Compared(near[order], nearest[order], cosines, False)

    def among(
        self, ids: Sequence[int], direction: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Those of these images that have a vector, and their cosines; read from the catalog."""
        found = self._catalog.vectors(self._name, ids)
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows = _unit(np.stack(list(found.values())))
        return np.fromiter(found, np.int64, len(found)), rows @ direction

    def _index(self) -> VectorIndex:
        return self._indexes.vectors.of(self._name)[1]

    def _catch_up(self) -> None:
        state = self._catalog.state()
        own = self._state
        if own == state:
            return
        same = own is not None and own[0] == state[0] and own[1] <= state[1]
        changed = self._catalog.changed_since(own[1]) if same and own is not None else []
        if same and self._whole and len(changed) < max(_BLOCK, len(self._ids) // 4):
            self._replace(changed)
        else:
            self._read()
        self._state = state

    def _read(self) -> None:
        count = self._catalog.count_vectors(self._name)
        self._whole = count <= self._exact
        if self._whole:
            self._ids, rows = self._catalog.all_vectors(self._name)
        else:
            every = self._catalog.changed_since(0)
            found = self._catalog.vectors(self._name, every[:: max(1, len(every) // SAMPLE)])
            self._ids = np.fromiter(found, np.int64, len(found))
            rows = (
                np.stack(list(found.values())).astype(np.float16) if found else np.empty((0, self._length), np.float16)
            )
        self._rows = _held(rows)

    def _replace(self, changed: Sequence[int]) -> None:
        """Put the vectors of these images in place of those they had."""
        live = self._catalog.live(changed)
        found = self._catalog.vectors(self._name, sorted(live))
        if len(self._ids) + len(found) > self._exact:
            self._read()
            return
        stay = ~np.isin(self._ids, changed)
        if stay.all() and not found:
            return
        ids = np.concatenate([self._ids[stay], np.fromiter(found, np.int64, len(found))])
        new = np.stack(list(found.values())) if found else np.empty((0, self._length), np.float32)
        rows = np.concatenate([self._rows[stay], _unit(new).astype(self._rows.dtype)])
        order = np.argsort(ids)
        self._ids, self._rows = ids[order], rows[order]


def _held(vectors: NDArray[np.float16]) -> NDArray[np.float16] | NDArray[np.float32]:
    """Rows of length 1, in single precision while that is small."""
    if vectors.size * 4 <= FLOAT32_BYTES:
        return _unit(vectors.astype(np.float32))
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        vectors[start : start + _BLOCK] = _unit(block.astype(np.float32))
    return vectors


def _products(rows: NDArray[np.float16] | NDArray[np.float32], direction: NDArray[np.float32]) -> NDArray[np.float32]:
    # NumPy multiplies half precision element by element; converted in blocks it takes a tenth of the time.
    blocks = [
        rows[start : start + _BLOCK].astype(np.float32, copy=False) @ direction for start in range(0, len(rows), _BLOCK)
    ]
    return np.concatenate(blocks) if blocks else np.empty(0, np.float32)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
