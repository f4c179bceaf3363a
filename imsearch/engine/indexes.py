"""The derived indexes of a library: opening, catching up with the catalog, healing.

Catching up applies what the catalog changed since an index's own generation; applied twice it does no harm.  That one
step serves after a batch, after a crash between the commits of catalog and index, and, starting from nothing, for
an index that is missing or damaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imsearch.engine.catalog import Catalog, pieces
from imsearch.engine.derived import IndexDamaged, State
from imsearch.engine.home import Home
from imsearch.engine.text_index import REJECTED, TextIndex, weight_of
from imsearch.errors import ImsearchError, LibraryError

if TYPE_CHECKING:
    from imsearch.engine.vector_index import VectorIndex

_PIECE = 5000
"""Images applied in one commit of the text index."""


class Indexes:
    """The text index and the vector indexes of one library."""

    def __init__(self, home: Home, catalog: Catalog) -> None:
        self._home = home
        self._catalog = catalog
        self._text: TextIndex | None = None
        self._vectors: dict[str, VectorIndex] = {}

    @property
    def _text_index(self) -> TextIndex:
        if self._text is None:
            from imsearch.engine.whoosh_index import WhooshTextIndex

            self._text = WhooshTextIndex(self._home.folder / "text")
        return self._text

    def heal(self) -> None:
        """Bring the text index up to date if it is behind, by whoever opens the library first."""
        state = self._catalog.identity()
        if self._text_index.state == state:
            return
        if self._home.writing:
            self._catch_up_text(state)
        elif (lock := self._home.borrow_lock()) is not None:
            try:
                self._catch_up_text(state)
            finally:
                lock.release()

    def catch_up(self) -> None:
        """Bring all indexes up to date with the catalog."""
        state = self._catalog.identity()
        self._catch_up_text(state)
        for name in self._catalog.vector_spaces():
            self._catch_up_vectors(name, self._vector_index(name), state)

    def rebuild(self) -> None:
        """Make all indexes anew."""
        self._text_index.clear()
        self.catch_up()

    def close(self) -> None:
        """Catch up, save, close."""
        if self._home.writing:
            self.catch_up()
            for index in self._vectors.values():
                index.save()
        if self._text is not None:
            self._text.close()

    # -- text

    @contextmanager
    def text(self) -> Iterator[TextIndex]:
        """The text index, as new as it is on disk."""
        index = self._text_index
        index.refresh()
        yield index

    def _catch_up_text(self, state: State) -> None:
        index = self._text_index
        own = index.state
        if own == state:
            return
        if own is None or own[0] != state[0] or own[1] > state[1]:
            index.clear()
            own = (state[0], 0)
        try:
            self._apply_text(own[1], state)
        except IndexDamaged as error:
            self._home.notes.append(f"The text index was damaged and has been made anew ({error}).")
            index.clear()
            self._apply_text(0, state)

    def _apply_text(self, since: int, state: State) -> None:
        changed = self._catalog.changed_since(since)
        for start in range(0, max(1, len(changed)), _PIECE):
            piece = changed[start : start + _PIECE]
            last = start + _PIECE >= len(changed)
            self._text_index.apply(self._documents(piece), state if last else None)

    def _documents(self, ids: list[int]) -> dict[int, dict[str, float] | None]:
        live = self._catalog.live(ids)
        documents: dict[int, dict[str, float] | None] = {image: None for image in ids}
        for image, tags in self._catalog.tags_of(live).items():
            documents[image] = {tag.name: weight_of(tag.probability, tag.shown) for tag in tags}
        for image, verdicts in self._catalog.verdicts_of(live).items():
            document = documents[image]
            assert document is not None
            document.update({name: REJECTED for name, verdict in verdicts.items() if verdict < 0})
        return documents

    # -- vectors

    def vectors(self, annotator: str | None) -> tuple[str, VectorIndex]:
        """An annotator that makes vectors and its index, brought up to date in memory."""
        names = list(self._catalog.vector_spaces())
        if not names:
            raise ImsearchError("No annotator of this library makes vectors. Index your pictures with one that does.")
        if annotator is None and len(names) > 1:
            raise ImsearchError(f"Several annotators make vectors: {', '.join(names)}. Choose one with --annotator.")
        name = names[0] if annotator is None else annotator
        if name not in names:
            raise ImsearchError(f"{name} makes no vectors in this library. Those that do: {', '.join(names)}.")
        index = self._vector_index(name)
        self._catch_up_vectors(name, index, self._catalog.identity())
        return name, index

    def _vector_index(self, name: str) -> VectorIndex:
        if name not in self._vectors:
            from imsearch.engine.faiss_index import FaissVectorIndex

            version, length = self._catalog.vector_spaces()[name]
            self._vectors[name] = FaissVectorIndex(self._home.folder / "vectors" / f"{name}.faiss", version, length)
        return self._vectors[name]

    def _catch_up_vectors(self, name: str, index: VectorIndex, state: State) -> None:
        own = index.state
        if own == state:
            return
        since = 0 if own is None or own[0] != state[0] or own[1] > state[1] else own[1]
        changed = self._catalog.changed_since(since)
        for piece in pieces(changed, _PIECE):
            live = self._catalog.live(piece)
            index.apply(self._catalog.vectors(name, live), piece, state)
