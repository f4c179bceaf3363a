"""The vector index on FAISS: cosines as inner products of normalized vectors, half precision.

Exact while small.  From `LARGE` vectors on, an inverted file (IVF) is trained, which looks only where neighbours are
likely.
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

from imsearch.engine.derived import State, read_state, write_state

_FORMAT = 1
LARGE = 50_000
_PROBES = 32


class FaissVectorIndex:
    """See `imsearch.engine.vector_index.VectorIndex`."""

    def __init__(self, path: Path, version: str, length: int) -> None:
        """Load what is at `path` (``<annotator>.faiss``); starts empty when that is missing, damaged or of others.

        version: of the annotator.  length: of its vectors.
        """
        self._path = path
        self._key = {"format": _FORMAT, "version": version, "length": length}
        self._length = length
        self._lock = RLock()
        self._dirty = False
        self.state: State | None = None
        self._index = self._load()

    def _load(self) -> Any:
        data = read_state(self._path.with_suffix(".json"))
        if data is not None and self._key.items() <= data.items():
            try:
                index = faiss.read_index(str(self._path))
                if index.d == self._length and index.ntotal == data["count"]:
                    self.state = str(data["library"]), int(data["generation"])
                    return index
            except (RuntimeError, KeyError, TypeError, ValueError):
                pass  # damaged or missing: `state` stays None, and the engine fills the index anew
        return _exact(self._length)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def images(self) -> NDArray[np.int64]:
        """The images that have a vector."""
        with self._lock:
            return np.array(faiss.vector_to_array(self._index.id_map), np.int64)

    def apply(self, vectors: Mapping[int, NDArray[np.float32]], changed: Collection[int], state: State) -> None:
        """Replace or remove the vectors of the changed images."""
        with self._lock:
            if len(self) and changed:
                self._index.remove_ids(np.fromiter(changed, np.int64, len(changed)))
            if vectors:
                ids = np.fromiter(vectors, np.int64, len(vectors))
                self._index.add_with_ids(_unit(np.stack(list(vectors.values()))), ids)
            self.state = state
            self._dirty = True

    def nearest(self, vector: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The images nearest in angle."""
        with self._lock:
            cosines, ids = self._index.search(_unit(np.asarray(vector, np.float32)[None]), min(count, len(self)))
        kept = ids[0] >= 0
        return ids[0][kept], np.clip(cosines[0][kept], -1, 1)

    def save(self) -> None:
        """Write it down, if anything changed since."""
        with self._lock:
            if not self._dirty or self.state is None:
                return
            self._path.parent.mkdir(exist_ok=True)
            new = self._path.with_name(self._path.name + ".new")
            faiss.write_index(self._index, str(new))
            self._path.with_suffix(".json").unlink(missing_ok=True)  # a crash here costs a rebuild, never a wrong index
            new.replace(self._path)
            library, generation = self.state
            state = {**self._key, "count": len(self), "library": library, "generation": generation}
            write_state(self._path.with_suffix(".json"), state)
            self._dirty = False


def _exact(length: int) -> Any:
    flat = faiss.IndexScalarQuantizer(length, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexIDMap2(flat)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
