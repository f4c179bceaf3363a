"""The vector indexes of a library, one for each annotator that makes vectors.

They live in memory: every process fills its own up to date from the catalog when it is first used, and who may write
writes it down.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.home import Home
from imsearch.engine.stores.pieces import pieces
from imsearch.errors import ImsearchError, WriteRefused

if TYPE_CHECKING:
    from imsearch.engine.stores.vector_index import VectorIndex

_DAMAGED = "The vector index of {} was damaged or of an older version, and was made anew"
_PIECE = 5000
"""Images looked up at once."""


class VectorIndexes:
    """Opens them, brings them up to date, and writes them down.  Several threads may use one."""

    def __init__(self, home: Home, catalog: CatalogReading) -> None:
        self._home = home
        self._catalog = catalog
        self._indexes: dict[tuple[str, str, int], VectorIndex] = {}
        self._turn = RLock()

    def clear(self) -> None:
        """Start all from nothing."""
        for name in self._catalog.vector_spaces():
            self._index(name).clear()

    def save(self) -> None:
        """Bring the vector indexes up to date and write them down."""
        state = self._catalog.state()
        for name in self._catalog.vector_spaces():
            if self._home.vectors_state(name) == state:
                continue  # saved since: not even loaded, which would take its time in a large library
            with self._turn:
                index = self._index(name)
                self._catch_up(name, index)
                if index.damage:
                    self._home.tell(f"{_DAMAGED.format(name)}.")
                index.save()

    def drop(self, name: str) -> None:
        """Remove what is written down of the vectors of an annotator that is gone."""
        self._home.drop_vectors(name)

    def of(self, annotator: str | None) -> tuple[str, VectorIndex]:
        """An annotator that makes vectors and its index, up to date."""
        names = list(self._catalog.vector_spaces())
        if not names:
            raise ImsearchError("No annotator of this library makes vectors. Index your pictures with one that does.")
        if annotator is None and len(names) > 1:
            raise ImsearchError(f"Several annotators make vectors: {', '.join(names)}. Choose one with --annotator.")
        name = names[0] if annotator is None else annotator
        if name not in names:
            raise ImsearchError(f"{name} makes no vectors in this library. Those that do: {', '.join(names)}.")
        with self._turn:
            index = self._index(name)
            self._catch_up(name, index)
            if index.damage:
                self._mend(name, index)
        return name, index

    def _mend(self, name: str, index: VectorIndex) -> None:
        """Write down anew what was found damaged; it was filled from the catalog, so answers are right in any case."""
        told = _DAMAGED.format(name)
        try:
            saved = self._home.as_writer(index.save)
        except WriteRefused as error:
            self._home.tell(f"{told} for now; it could not be written down: {error}")
            return
        self._home.tell(f"{told}." if saved else f"{told} for now; a run is writing to the library.")

    def damaged(self) -> dict[str, str]:
        """The vector indexes whose files are not as they were written, and what is wrong; nothing is mended."""
        damages = {name: self._home.vectors_damage(name) for name in self._catalog.vector_spaces()}
        return {name: damage for name, damage in damages.items() if damage}

    def _index(self, name: str) -> VectorIndex:
        version, length = self._catalog.vector_spaces()[name]
        key = name, version, length  # a newer version may come while this process lives
        if key not in self._indexes:
            self._indexes[key] = self._home.vectors(name, version, length)
        return self._indexes[key]

    def _catch_up(self, name: str, index: VectorIndex) -> None:
        if not index.derived:
            return
        own = index.state
        state = self._catalog.state()
        if own == state:
            return
        if own is None or own[0] != state[0] or own[1] > state[1]:
            index.clear()
            own = (state[0], 0)
        changed = self._catalog.changed_since(own[1])
        held = set(index.images().tolist()) if changed else set()
        for piece in pieces(changed, _PIECE):
            live = self._catalog.live(piece)
            # What only the user changed has the vector it had; to put it back would cost a large index its time.
            same = live & held - self._catalog.annotated_since(name, own[1], piece)
            rest = [image for image in piece if image not in same]
            if rest:
                index.apply(self._catalog.vectors(name, live.intersection(rest)), rest, None)
        index.apply({}, [], state)
