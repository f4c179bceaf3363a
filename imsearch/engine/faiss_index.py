"""The vector index on FAISS: cosines as inner products of normalized vectors in half precision.

Exact while small.  From `LARGE` vectors on, an inverted file (IVF; Sivic and Zisserman, 2003) looks only into the cells
nearest to the vector; it is trained anew when the index has grown several times.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from threading import RLock
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from imsearch.engine.derived import State, read_state, saved_state, write_state

LARGE = 50_000
_FORMAT = 1
_GROWTH = 4
"""An inverted file is trained again at this multiple of the vectors it was trained for."""
_TRAINED_ON = 64
"""Vectors a cell; FAISS asks for at least 39."""
_PROBED = 16
"""Cells looked into; of the 316 at 100,000 vectors these hold the true neighbours nearly always."""

_Vectors = NDArray[np.float32]


class FaissVectorIndex:
    """See `imsearch.engine.vector_index.VectorIndex`."""

    def __init__(self, path: Path, version: str, length: int) -> None:
        """Load what is at `path`; start empty when that is missing, damaged, or of another version or length.

        version: of the annotator.  length: of its vectors.
        """
        self._path = path
        self._state_path = path.with_suffix(".json")
        self._key = {"format": _FORMAT, "version": version, "length": length}
        self._length = length
        self._lock = RLock()
        self._dirty = False
        self._saved: State | None = None
        self.state: State | None = None
        self._index = _exact(length)
        self._load()

    def _load(self) -> None:
        data = read_state(self._state_path)
        state = saved_state(data)
        if data is None or state is None or not self._key.items() <= data.items():
            return
        try:
            index = faiss.read_index(str(self._path))
        except RuntimeError:
            return  # damaged or gone: `state` says so, and the caller fills the index anew
        if index.d == self._length and index.ntotal == data.get("count"):
            self._index, self.state, self._saved = index, state, state

    def clear(self) -> None:
        """Start from nothing."""
        with self._lock:
            self._index, self.state, self._saved, self._dirty = _exact(self._length), None, None, True

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def images(self) -> NDArray[np.int64]:
        """The images that have a vector."""
        with self._lock:
            return _content(self._index)[0]

    def apply(self, vectors: Mapping[int, _Vectors], changed: Collection[int], state: State | None) -> None:
        """Replace or remove the vectors of the changed images."""
        with self._lock:
            index = self._index
            gone = np.intersect1d(np.fromiter(changed, np.int64, len(changed)), _content(index, ids_only=True)[0])
            if len(gone):
                index.remove_ids(gone)
            if vectors:
                ids = np.fromiter(vectors, np.int64, len(vectors))
                index.add_with_ids(_unit(np.stack(list(vectors.values()))), ids)
            if len(changed):
                self._grow()
                self._dirty = True
            self.state = state or self.state

    def _grow(self) -> None:
        """Move to an inverted file, or to one with more cells, when there are many more vectors than before."""
        cells = self._index.nlist if isinstance(self._index, faiss.IndexIVF) else 0
        if len(self) >= max(LARGE, _GROWTH * cells * cells):
            ids, vectors = _content(self._index)
            self._index = _inverted(vectors)
            self._index.add_with_ids(vectors, ids)

    def nearest(self, vector: _Vectors, count: int) -> tuple[NDArray[np.int64], _Vectors]:
        """The images nearest in angle."""
        with self._lock:
            wanted = max(1, min(count, len(self)))
            cosines, ids = self._index.search(_unit(np.asarray(vector, np.float32)[None]), wanted)
        found = ids[0] >= 0  # FAISS fills up with -1
        return ids[0][found], np.clip(cosines[0][found], -1, 1)

    def save(self) -> None:
        """Write it down, if anything changed."""
        with self._lock:
            if self.state in (None, self._saved):
                return
            if self._dirty or self._saved is None:
                self._path.parent.mkdir(exist_ok=True)
                new = self._path.with_name(self._path.name + ".new")
                faiss.write_index(self._index, str(new))
                self._state_path.unlink(missing_ok=True)  # a crash right here costs a rebuild, never a wrong index
                new.replace(self._path)
            library, generation = self.state
            data = {**self._key, "count": len(self), "library": library, "generation": generation}
            write_state(self._state_path, data)
            self._dirty, self._saved = False, self.state


def _exact(length: int) -> Any:
    codes = faiss.IndexScalarQuantizer(length, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexIDMap2(codes)


def _inverted(vectors: _Vectors) -> Any:
    """An empty inverted file, trained on a sample of these vectors of shape (n, length)."""
    count, length = vectors.shape
    cells = int(math.sqrt(count))
    quantizer = faiss.IndexFlatIP(length)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, length, cells, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT, False
    )
    index.nprobe = _PROBED
    index.cp.seed = 1
    sample = np.random.default_rng(1).choice(count, min(count, cells * _TRAINED_ON), replace=False)
    index.train(vectors[np.sort(sample)])
    return index


def _content(index: Any, *, ids_only: bool = False) -> tuple[NDArray[np.int64], _Vectors]:
    """The ids and vectors in an index; the vectors have shape (n, length), or (0, length) if only ids are wanted."""
    vectors = np.empty((0, index.d), np.float32)
    if isinstance(index, faiss.IndexIDMap2):
        ids = np.array(faiss.vector_to_array(index.id_map), np.int64)
        return ids, vectors if ids_only or not len(ids) else index.index.reconstruct_n(0, len(ids))
    lists = index.invlists
    sizes = [lists.list_size(cell) for cell in range(index.nlist)]
    ids = np.concatenate(
        [np.array(faiss.rev_swig_ptr(lists.get_ids(cell), size), np.int64) for cell, size in enumerate(sizes)]
    )
    if not ids_only:
        codes = np.concatenate(
            [
                np.array(faiss.rev_swig_ptr(lists.get_codes(cell), size * index.code_size), np.uint8)
                for cell, size in enumerate(sizes)
            ]
        )
        vectors = codes.view("<f2").reshape(len(ids), index.d).astype(np.float32)
    return ids, vectors


def _unit(vectors: _Vectors) -> _Vectors:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
