"""The state of the library: its size, and the consistency of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.engine.engine import Engine
    from imsearch.engine.review.health import Status


class Health:
    """Counts, checks and mends a library."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def notes(self) -> tuple[str, ...]:
        """Repairs made since the library was opened, in sentences."""
        return tuple(self._engine.notes)

    def status(self, *, remembered: bool = False) -> Status:
        """Return how much the library holds.

        remembered: as it was counted last, where the catalog has not changed since; counting takes a second where there
        are 100,000 pictures.
        """
        return self._engine.catalog.remembered("status", self._engine.status) if remembered else self._engine.status()

    def verify(self) -> list[str]:
        """Everything that is not as it should be; empty when all is well.

        Raises `LibraryLocked` when a run writes too fast for the indexes to be compared with the catalog.
        """
        return self._engine.verify()

    def rebuild(self) -> None:
        """Make the indexes anew from the catalog; needs a library opened for writing."""
        self._engine.rebuild()
