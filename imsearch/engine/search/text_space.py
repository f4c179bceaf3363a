"""Embed a query's plain words and compare them with every picture."""

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
    """The part of `imsearch.plugins.text_encoders` that the engine uses."""

    def versions(self) -> Mapping[str, str]:
        """Return the installed version of every annotator that takes text, by name."""

    def get(self, name: str) -> Encoder:
        """Return the encoder of an annotator, built on first use."""


class TextSpace:
    """Text queries in the embedding space of an annotator.  Safe for several threads.

    encoders: embed texts; None without plugins.  exact: maximum number of pictures for an exhaustive comparison;
    None for the default.
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
        """Return the annotator to use: the first preferred, or else the one with the longest vectors; None without any.

        Only those whose installed version made the vectors qualify: vectors of another version are not comparable.
        """
        spaces = self._catalog.vector_spaces()
        if self._encoders is None or not spaces:
            return None
        versions = self._encoders.versions()
        able = [name for name in spaces if versions.get(name) == spaces[name][0]]
        wanted = [name for name in preferred if name in able]
        return wanted[0] if wanted else max(able, key=lambda name: spaces[name][1], default=None)

    def sense(self, words: Sequence[str], unknown: int, preferred: Sequence[str]) -> Sense | None:
        """Return the meaning of these words together for the library's pictures; None if there is none.

        unknown: how many of them are unknown.
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
        """Return the direction of a text in an annotator's space, None for an unknown text, and its encoder."""
        if self._encoders is None:
            raise ValueError("no text encoders were given")
        encoder = self._encoders.get(name)
        direction = encoder.encode([text])[0]
        return direction if direction.any() else None, encoder

    def spaces(self) -> dict[str, tuple[str, int]]:
        """Return the current version and vector length of every annotator that makes vectors, by name."""
        return self._catalog.vector_spaces()

    def seen_since(self, name: str, generation: int) -> set[int]:
        """Return the images that an annotator's current version has annotated after a generation of the catalog."""
        return self._catalog.annotated_since(name, generation, self._catalog.changed_since(generation))

    def table(self, name: str) -> VectorTable:
        """Return the vectors of an annotator's current version."""
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
