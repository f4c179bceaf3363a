"""From a query's plain words to their direction in the pictures' space, and to how well every picture fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.follow import Indexes

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.engine.search.fusion import Encoder, Sense
    from imsearch.engine.search.vector_table import VectorTable


class Encoders(Protocol):
    """What the engine needs of `imsearch.plugins.text_encoders`."""

    def versions(self) -> Mapping[str, str]:
        """The installed version of every annotator that takes text, by name."""

    def get(self, name: str) -> Encoder:
        """The encoder of one of them, built when it is first asked."""


class TextSpace:
    """Asks the space of whichever annotator takes text.  Several threads may use one.

    encoders: puts texts into spaces; None where there are no plugins.  exact: up to how many pictures all are compared;
    None for what is reasonable.
    """

    def __init__(
        self, catalog: CatalogReading, indexes: Indexes, encoders: Encoders | None = None, exact: int | None = None
    ) -> None:
        self._catalog = catalog
        self._indexes = indexes
        self._encoders = encoders
        self._exact = exact
        self._tables: dict[tuple[str, str, int], VectorTable] = {}
        self._turn = Lock()

    def choose(self, preferred: Sequence[str]) -> str | None:
        """The annotator that is asked: the first preferred, or else the one of the longest vectors; None without any.

        Asked are only those whose installed version made the vectors: those of another lie elsewhere.
        """
        spaces = self._catalog.vector_spaces()
        if self._encoders is None or not spaces:
            return None
        versions = self._encoders.versions()
        able = [name for name in spaces if versions.get(name) == spaces[name][0]]
        wanted = [name for name in preferred if name in able]
        return wanted[0] if wanted else max(able, key=lambda name: spaces[name][1], default=None)

    def sense(self, words: Sequence[str], unknown: int, preferred: Sequence[str]) -> Sense | None:
        """What these words say together of the library's pictures; None when nothing can be said.

        unknown: how many of them nobody knows.
        """
        name = self.choose(preferred) if words else None
        if name is None:
            return None
        text = " ".join(words)
        direction, encoder = self.direction(name, text)
        if direction is None:
            return None
        from imsearch.engine.search.fusion import Sense

        table = self.table(name)
        compared = table.compare(direction)
        if not compared.usual.any():  # there are no vectors, or the encoder failed
            return None
        return Sense(
            text,
            tuple(words),
            unknown,
            name,
            compared.ids,
            compared.cosines,
            compared.usual,
            encoder,
            None if compared.whole else lambda ids: table.among(ids, direction),
        )

    def direction(self, name: str, text: str) -> tuple[NDArray[float32] | None, Encoder]:
        """The direction of a text in an annotator's space, None where nothing is known of it, and what told it."""
        if self._encoders is None:
            raise ValueError("no text encoders were given")
        encoder = self._encoders.get(name)
        direction = encoder.encode([text])[0]
        return direction if direction.any() else None, encoder

    def spaces(self) -> dict[str, tuple[str, int]]:
        """The current version and vector length of every annotator that makes vectors, by name."""
        return self._catalog.vector_spaces()

    def seen_since(self, name: str, generation: int) -> set[int]:
        """The images that an annotator's current version has looked at after a generation of the catalog."""
        return self._catalog.annotated_since(name, generation, self._catalog.changed_since(generation))

    def table(self, name: str) -> VectorTable:
        """The vectors of an annotator's current version."""
        from imsearch.engine.search.vector_table import VectorTable

        if self._encoders is None:
            raise ValueError("no text encoders were given")
        version, length = self._catalog.vector_spaces()[name]
        key = name, version, length
        with self._turn:
            if key not in self._tables:
                self._tables = {known: each for known, each in self._tables.items() if known[0] != name}
                self._tables[key] = VectorTable(
                    self._catalog, self._indexes, name, self._encoders.get(name), self._exact
                )
            return self._tables[key]
