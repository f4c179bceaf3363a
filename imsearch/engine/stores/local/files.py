"""The part of a home that is files on this machine: the indexes derived from the catalog, and the lock on them."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.engine.stores.derived import State, intact_state
from imsearch.engine.stores.local.lock import LOCK_NAME, WriteLock
from imsearch.errors import LibraryError
from imsearch.system.refusals import what_refuses

if TYPE_CHECKING:
    from imsearch.engine.stores.text_index import TextIndex
    from imsearch.engine.stores.vector_index import VectorIndex


class HomeWithFiles:
    """Keeps the text index (Whoosh) and the vector indexes (FAISS) in the home's own folder on this machine."""

    notes: list[str]

    @property
    def scratch(self) -> Path:
        """The folder of these files."""
        raise NotImplementedError

    @property
    def writing(self) -> bool:
        """True if this process holds the write lock."""
        raise NotImplementedError

    def lock(self, wait: float = 0) -> WriteLock | None:
        """The lock for something short by a reader; None when another process writes or the folder cannot be.

        wait: seconds for another reader that has it; a run is not waited for.
        """
        try:
            return WriteLock(self.scratch, wait=wait, brief=True)
        except LibraryError:
            return None

    def while_free(self, work: Callable[[], None], patience: float = 0) -> bool:
        """Do something short with the lock borrowed; returns whether it could be."""
        lock = self.lock(patience)
        if lock is None:
            return False
        try:
            work()
        finally:
            lock.release()
        return True

    def as_writer(self, work: Callable[[], None], patience: float = 0) -> bool:
        """Do this if the process may write, or can for a moment; returns whether it was done."""
        if self.writing:
            work()
            return True
        return self.while_free(work, patience)

    def is_full(self) -> bool:
        """Return True if there is no space, not even for the lock."""
        return what_refuses(self.scratch / LOCK_NAME) in (errno.ENOSPC, errno.EDQUOT)

    # -- the derived indexes

    def text(self, folder: Path | None = None) -> TextIndex:
        """The text index in the home's folder, or in another one for the moment."""
        from imsearch.engine.stores.local.text_arrays import ArrayTextIndex

        return ArrayTextIndex((folder or self.scratch) / "text")

    def vectors(self, space: str, version: str, length: int) -> VectorIndex:
        """The index of an annotator's vectors, as it is written down; empty where nothing is."""
        from imsearch.engine.stores.local.vectors_faiss import FaissVectorIndex

        return FaissVectorIndex(self._vectors_path(space), version, length)

    def vectors_state(self, space: str) -> State | None:
        """The catalog state of an annotator's file of vectors; None unless it holds the bytes that were written."""
        path = self._vectors_path(space)
        return intact_state(path.with_suffix(".json"), path)

    def vectors_damage(self, space: str) -> str:
        """Return what is wrong with the file, if both it and its record exist."""
        path = self._vectors_path(space)
        there = path.exists() and path.with_suffix(".json").exists()
        return "its bytes are not those that were written" if there and self.vectors_state(space) is None else ""

    def drop_vectors(self, space: str) -> None:
        """Remove an annotator's file."""
        path = self._vectors_path(space)
        for each in (path.with_suffix(".json"), path):
            with suppress(OSError):  # it takes room, and does no harm
                each.unlink(missing_ok=True)

    def _vectors_path(self, space: str) -> Path:
        return self.scratch / "vectors" / f"{space}.faiss"

    def tell(self, note: str) -> None:
        """Keep a note for the user, once."""
        if note not in self.notes:
            self.notes.append(note)
