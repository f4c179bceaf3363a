"""The vector index on FAISS: cosines as inner products of normalized vectors in half precision.

Exact while small.  From `LARGE` vectors on, an inverted file (IVF; Sivic and Zisserman, 2003) looks only into the cells
nearest to the vector; it is trained anew when the index has grown several times.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.derived import State, checksum, read_state, saved_state, write_state
from imsearch.system.refusals import in_words

LARGE = 50_000
_FORMAT = 2
_GROWTH = 4
"""An inverted file is trained again at this multiple of the vectors it was trained for."""
_TRAINED_ON = 64
"""Vectors a cell; FAISS asks for at least 39."""
_PROBED = 16
"""Cells looked into; of the 316 at 100,000 vectors these hold the true neighbours nearly always."""

_BLOCK = 1 << 20

_Vectors = NDArray[np.float32]


class FaissVectorIndex:
    """See `imsearch.engine.stores.vector_index.VectorIndex`."""

    derived = True

    def __init__(self, path: Path, version: str, length: int) -> None:
        """Load what is at `path`; start empty when that is missing, damaged, or of another version or length.

        version: of the annotator.  length: of its vectors.  `damage` says what was wrong with the file, if anything.
        """
        self._path = path
        self._state_path = path.with_suffix(".json")
        self._key = {"format": _FORMAT, "version": version, "length": length}
        self._length = length
        self._lock = RLock()
        self._dirty = False
        self.damage = ""
        self._saved: State | None = None
        self._crc32 = 0
        self.state: State | None = None
        self._index = _exact(length)
        self._load()

    def _load(self) -> None:
        data = read_state(self._state_path)
        state = saved_state(data)
        if data is None and self._state_path.exists():
            self.damage = "what is noted of it cannot be used"
        if data is None or state is None or not self._key.items() <= data.items():
            return
        # FAISS believes whatever it reads: garbled vectors answer wrongly, a garbled count asks for all memory.
        try:
            if checksum(self._path) != data.get("crc32"):
                self.damage = "its bytes are not those that were written"
                return
            index = faiss.read_index(str(self._path))
        except (OSError, RuntimeError) as error:
            self.damage = str(error)
            return  # damaged or gone: `state` says so, and the caller fills the index anew
        if index.d == self._length and index.ntotal == data.get("count"):
            self._index, self.state, self._saved = index, state, state
            self._crc32 = data["crc32"]

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
        """Write it down, if anything changed; raises `WriteRefused` where that is refused."""
        with self._lock:
            if self.state is None or self.state == self._saved:
                return
            try:
                self._save(*self.state)
            except OSError as error:
                raise (in_words(error, self._path) or error) from error
            self._dirty, self._saved, self.damage = False, self.state, ""

    def _save(self, library: str, generation: int) -> None:
        if self._dirty or self._saved is None:
            self._path.parent.mkdir(exist_ok=True)
            new = self._path.with_name(self._path.name + ".new")
            try:
                self._crc32 = _write(self._index, new)
                self._state_path.unlink(missing_ok=True)  # a crash right here costs a rebuild, never a wrong index
                new.replace(self._path)
            except OSError:
                with suppress(OSError):
                    new.unlink(missing_ok=True)  # or a full disk would stay full
                raise
        data = {**self._key, "count": len(self), "library": library, "generation": generation}
        write_state(self._state_path, {**data, "crc32": self._crc32})


def _write(index: Any, path: Path) -> int:
    """Write an index file; returns its checksum.  Python writes it: FAISS would not tell why a write was refused."""
    found = 0
    with path.open("wb") as file:

        def write(block: bytes) -> int:
            nonlocal found
            found = zlib.crc32(block, found)
            return file.write(block)

        faiss.write_index(index, faiss.PyCallbackIOWriter(write, _BLOCK))  # type: ignore[attr-defined]
        file.flush()
        os.fsync(file.fileno())
    return found


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
