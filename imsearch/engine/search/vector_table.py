"""One annotator's vectors in memory, in the space of texts, for cosines of all pictures with a direction.

A small library is compared exhaustively, straight from the catalog: reading a few thousand vectors takes less time than
importing FAISS.  For a large one a sample is held for the distribution of cosines, and the vector index finds the
nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.derived import State
from imsearch.engine.stores.follow import Indexes

if TYPE_CHECKING:
    from imsearch.engine.stores.vector_index import VectorIndex

EXACT = 20_000
"""Maximum number of vectors that are all held and compared; reading and projecting that many takes a second."""
FLOAT32_BYTES = 64 << 20
"""Maximum bytes held in single precision, which needs no conversion at each query."""
SAMPLE = 4096
NEAREST = 2000
"""In a larger library, number of nearest pictures that are compared with a text."""
_BLOCK = 4096


class Compared(NamedTuple):
    """Cosines of pictures with a direction.

    ids, cosines: of the pictures that were compared, in order of id, shape (n,).  usual: cosines of a sample of all.
    whole: True if all pictures with vectors were compared.
    """

    ids: NDArray[np.int64]
    cosines: NDArray[np.float32]
    usual: NDArray[np.float32]
    whole: bool


class Unchanged:
    """The identity in place of a text encoder, where directions are in the space of the vectors themselves."""

    def pictures(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the vectors, of length 1."""
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)

    def towards(self, direction: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the direction itself."""
        return direction


class Space(Protocol):
    """The part of a text encoder in use here; see `imsearch.annotator.TextEncoder`."""

    def pictures(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return an annotator's vectors in the space of directions, of length 1."""

    def towards(self, direction: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return where among the vectors pictures near a direction are found."""


class VectorTable:
    """The vectors of one annotator version, updated whenever the catalog has changed.

    encoder: projects them to the space of texts.  Safe for several threads.
    """

    def __init__(
        self, catalog: CatalogReading, indexes: Indexes, name: str, encoder: Space, exact: int | None = None
    ) -> None:
        self._catalog = catalog
        self._indexes = indexes
        self._name = name
        self._encoder = encoder
        self._exact = EXACT if exact is None else exact
        self._state: State | None = None
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._rows: NDArray[np.float16] | NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._whole = True
        self._turn = RLock()

    def compare(self, direction: NDArray[np.float32]) -> Compared:
        """Return the cosines with a direction of length 1, for the current library."""
        with self._turn:
            self._catch_up()
            ids, rows, whole = self._ids, self._rows, self._whole
        cosines = _products(rows, direction)
        if whole:
            return Compared(ids, cosines, cosines, True)
        near = self._index().nearest(self._encoder.towards(direction), NEAREST)[0]
        return Compared(*self.among(np.sort(near).tolist(), direction), cosines, False)

    def among(
        self, ids: Sequence[int], direction: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return those of these images that have a vector, in order of id, and their cosines; read from the catalog."""
        found, rows = self._brought(ids)
        return found, _products(rows, direction)

    def _brought(self, ids: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return those of these images that have a vector, in order of id, and their rows."""
        found = self._catalog.vectors(self._name, ids)
        if not found:
            return np.empty(0, np.int64), np.empty((0, self._rows.shape[1]), np.float32)
        order = sorted(found)
        return np.array(order, np.int64), self._encoder.pictures(np.stack([found[image] for image in order]))

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
        if not self._whole:
            every = self._catalog.changed_since(0)
            self._ids, self._rows = self._brought(every[:: max(1, len(every) // SAMPLE)])
            return
        self._ids, vectors = self._catalog.all_vectors(self._name)
        blocks = [
            self._encoder.pictures(vectors[start : start + _BLOCK].astype(np.float32))
            for start in range(0, len(vectors), _BLOCK)
        ]
        if len({block.shape[1] for block in blocks}) != 1:  # there are none, or the encoder failed
            blocks = [np.empty((len(self._ids), 0), np.float32)]
        rows = np.concatenate(blocks)
        self._rows = rows if rows.nbytes <= FLOAT32_BYTES else rows.astype(np.float16)

    def _replace(self, changed: Sequence[int]) -> None:
        """Replace the vectors of these images."""
        found, new = self._brought(sorted(self._catalog.live(changed)))
        if len(self._ids) + len(found) > self._exact or new.shape[1] != self._rows.shape[1]:
            self._read()
            return
        stay = ~np.isin(self._ids, changed)
        if stay.all() and not len(found):
            return
        ids = np.concatenate([self._ids[stay], found])
        rows = np.concatenate([self._rows[stay], new.astype(self._rows.dtype)])
        order = np.argsort(ids)
        self._ids, self._rows = ids[order], rows[order]


def _products(rows: NDArray[np.float16] | NDArray[np.float32], direction: NDArray[np.float32]) -> NDArray[np.float32]:
    if rows.shape[1] != len(direction):  # the encoder failed
        return np.zeros(len(rows), np.float32)
    # NumPy multiplies half precision element by element; converted in blocks it takes a tenth of the time.
    blocks = [
        rows[start : start + _BLOCK].astype(np.float32, copy=False) @ direction for start in range(0, len(rows), _BLOCK)
    ]
    return np.concatenate(blocks) if blocks else np.empty(0, np.float32)
