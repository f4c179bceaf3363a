"""Indexes in memory, in their simplest form, and a home of nothing but memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.derived import State
from imsearch.engine.words.postings import REJECTED, SHOWN, Postings
from imsearch.errors import LibraryError
from imsearch.locations import Location, shown
from tests.stores.memory_catalog import MemoryCatalog
from tests.stores.memory_recorder import MemoryRecorder
from tests.stores.memory_tables import Tables


class MemoryTextIndex:
    """Looks through all documents each time."""

    derived = True

    def __init__(self) -> None:
        self.state: State | None = None
        self._documents: dict[int, Mapping[str, float]] = {}
        self._commits = 0

    def clear(self) -> None:
        self.state = None
        self._documents.clear()
        self._commits += 1

    def apply(self, documents: Mapping[int, Mapping[str, float] | None], state: State | None) -> None:
        for image, tags in documents.items():
            self._documents.pop(image, None)
            if tags is not None:
                self._documents[image] = dict(tags)
        self.state = state or self.state
        self._commits += 1

    def check(self) -> None: ...

    def postings(self, tag: str) -> Postings:
        found = [(image, tags[tag]) for image, tags in self._documents.items() if tag in tags]
        weights = np.array([weight for _, weight in found], np.float32)
        shown = weights >= SHOWN
        return Postings(
            np.array([image for image, _ in found], np.int64),
            np.where(shown, weights - np.float32(SHOWN), weights),
            shown,
            weights <= REJECTED,
        )

    def images(self) -> NDArray[np.int64]:
        return np.array(list(self._documents), np.int64)

    def commit(self) -> Hashable:
        return self._commits

    def refresh(self) -> None: ...

    def close(self) -> None: ...


class MemoryVectorIndex:
    """Compares with every vector."""

    derived = True
    damage = ""

    def __init__(self) -> None:
        self.state: State | None = None
        self._vectors: dict[int, NDArray[np.float32]] = {}

    def clear(self) -> None:
        self.state = None
        self._vectors.clear()

    def apply(self, vectors: Mapping[int, NDArray[np.float32]], changed: Collection[int], state: State | None) -> None:
        for image in changed:
            self._vectors.pop(image, None)
        self._vectors.update(vectors)
        self.state = state or self.state

    def nearest(self, vector: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        cosines = {
            image: float(vector @ other) / (float(np.linalg.norm(vector) * np.linalg.norm(other)) or 1.0)
            for image, other in self._vectors.items()
        }
        best = sorted(cosines, key=lambda image: -cosines[image])[:count]
        return np.array(best, np.int64), np.array([cosines[image] for image in best], np.float32)

    def images(self) -> NDArray[np.int64]:
        return np.array(list(self._vectors), np.int64)

    def __len__(self) -> int:
        return len(self._vectors)

    def save(self) -> None: ...


class MemoryLock:
    """Nobody else is there to keep out."""

    def release(self) -> None: ...


class Kept:
    """All that a library holds, and its indexes."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.text = MemoryTextIndex()
        self.vectors: dict[tuple[str, str, int], MemoryVectorIndex] = {}


class MemoryHome:
    """A library that lasts as long as the process.

    At a path it writes to that folder what belongs on this machine, at a URL to one of `folders`.
    """

    libraries: ClassVar[dict[str, Kept]] = {}
    folders: ClassVar[Path]

    def __init__(self, where: Location, kept: Kept | None = None, *, writing: bool = True) -> None:
        self.place = shown(where)
        self.scratch = where if isinstance(where, Path) else self.folders / where.rpartition("/")[2]
        self.writing = writing
        self.notes: list[str] = []
        self._kept = kept or Kept()
        self.catalog = MemoryCatalog(self._kept.tables)

    @classmethod
    def exists(cls, where: Location) -> bool:
        return str(where) in cls.libraries

    @classmethod
    def open(cls, where: Location, *, write: bool, create: bool) -> MemoryHome:
        if create:
            cls.libraries.setdefault(str(where), Kept())
        if not cls.exists(where):
            raise LibraryError(f"There is no library at {shown(where)} yet. Make one with: imsearch index FOLDER")
        home = cls(where, cls.libraries[str(where)], writing=write or create)
        home.scratch.mkdir(parents=True, exist_ok=True)
        return home

    def recorder(self, tail: int = 64) -> MemoryRecorder:
        return MemoryRecorder(self._kept.tables, tail)

    def text(self, folder: Path | None = None) -> MemoryTextIndex:
        return self._kept.text

    def vectors(self, space: str, version: str, length: int) -> MemoryVectorIndex:
        return self._kept.vectors.setdefault((space, version, length), MemoryVectorIndex())

    def vectors_state(self, space: str) -> State | None:
        return None

    def vectors_damage(self, space: str) -> str:
        return ""

    def drop_vectors(self, space: str) -> None:
        vectors = self._kept.vectors
        self._kept.vectors = {key: index for key, index in vectors.items() if key[0] != space}

    def lock(self, wait: float = 0) -> MemoryLock | None:
        return MemoryLock()

    def while_free(self, work: Callable[[], None], patience: float = 0) -> bool:
        work()
        return True

    def as_writer(self, work: Callable[[], None], patience: float = 0) -> bool:
        return self.while_free(work)

    def running(self) -> int | None:
        return None

    def is_full(self) -> bool:
        return False

    def bytes(self) -> int:
        return 0

    def tell(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def close(self) -> None: ...
