"""The interface of the place where a library is stored; `imsearch.engine.stores.registry` finds one by its URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

from imsearch.engine.stores.catalog import CatalogReading, CatalogRecording, Journal
from imsearch.engine.stores.derived import State
from imsearch.engine.stores.text_index import TextIndex
from imsearch.engine.stores.vector_index import VectorIndex
from imsearch.locations import Location

THUMBNAILS = "thumbnails"
"""The folder in `Home.scratch` that may be emptied at any time; pages keep small pictures there."""
TAIL = 64
"""Tags kept for an image and annotator where nobody says how many; all shown ones are kept even when they are more."""


class Lock(Protocol):
    """The right to write to the indexes of a library, and to index pictures; one process has it at a time."""

    def release(self) -> None:
        """Give it back."""


class Recorder(CatalogRecording, Journal, Protocol):
    """Writes what the indexer read and what the user says."""


class Home(Protocol):
    """A library that is open where it lives: a folder with a catalog and indexes, or a database."""

    @property
    def place(self) -> str:
        """The place's name in messages: a path, or a URL without its password (`imsearch.locations.shown`)."""

    @property
    def scratch(self) -> Path:
        """A folder on this machine for what belongs to the library and may be lost: thumbnails, progress, tokens."""

    @property
    def notes(self) -> list[str]:
        """Notes for the user."""

    @property
    def writing(self) -> bool:
        """True if this process holds the lock for a run."""

    @classmethod
    def exists(cls, where: Location) -> bool:
        """Return True if there is a library at a path or URL; makes and changes nothing.

        Raises `LibraryError` where that cannot be found out.
        """

    @classmethod
    def open(cls, where: Location, *, write: bool, create: bool) -> Self:
        """Open the library at a path or URL.

        write: take the lock for a run, or raise `LibraryLocked`.  create: make a library where there is none (implies
        write).  Raises `LibraryError` when there is none, or it cannot be used.
        """

    @property
    def catalog(self) -> CatalogReading:
        """The catalog, brought to this version of the program; raises `LibraryError` for a newer or damaged one."""

    def recorder(self, tail: int = TAIL) -> Recorder:
        """Return the writer of the catalog, which works alongside the holder of the lock; raises `LibraryError` where
        the library can only be read.

        tail: tags kept for an image and annotator.
        """

    def text(self, folder: Path | None = None) -> TextIndex:
        """The text index; an object of its own each time, so that searches need not wait for who writes.

        folder: where one is made for the moment, when there is no room at home.
        """

    def vectors(self, space: str, version: str, length: int) -> VectorIndex:
        """The index of the vectors, of this length, that a version of an annotator made; an own object each time."""

    def vectors_state(self, space: str) -> State | None:
        """The catalog state of what is written down of an annotator's vectors, if that is sound; loads nothing."""

    def vectors_damage(self, space: str) -> str:
        """Return what is wrong with the stored vectors of an annotator; empty if nothing is."""

    def drop_vectors(self, space: str) -> None:
        """Remove what is written down of the vectors of an annotator that is gone."""

    def lock(self, wait: float = 0) -> Lock | None:
        """The lock for something short by a reader; None when another process writes or nothing can be written.

        wait: seconds for another reader that has it; a run is not waited for.
        """

    def while_free(self, work: Callable[[], None], patience: float = 0) -> bool:
        """Do something short with the lock borrowed; returns whether it could be."""

    def as_writer(self, work: Callable[[], None], patience: float = 0) -> bool:
        """Do this if the process may write, or can for a moment; returns whether it was done."""

    def running(self) -> int | None:
        """The process that holds the lock for a run, maybe this one; None when nobody does."""

    def is_full(self) -> bool:
        """Return True if there is no space to write anything."""

    def bytes(self) -> int:
        """Return the size of the library in bytes, without thumbnails."""

    def tell(self, note: str) -> None:
        """Keep a note for the user, once."""

    def close(self) -> None:
        """Close the catalog and what was opened beside it, and give the lock back."""
