"""Counts of things in pictures, predicted from their vectors by an annotator's linear heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.words.resolved import Counted

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.annotator import CountHead
    from imsearch.engine.search.options import Heads
    from imsearch.engine.search.vector_table import VectorTable

_CLASSES = 3
"""One, two, three or more."""
_WEIGHT = 1.5
"""Weight of a count relative to a word: more lists too few pictures, less lists most with the thing."""


class Numbers:
    """Counts things in the pictures of one library.  Safe for several threads.

    heads: returns version and heads of every annotator that counts; called at the first query with a number.
    """

    def __init__(self, catalog: CatalogReading, indexes: Indexes, heads: Callable[[], Heads]) -> None:
        self._catalog = catalog
        self._indexes = indexes
        self._heads = heads
        self._tables: dict[tuple[str, str, int], VectorTable] = {}

    def counted(self, value: int, things: Sequence[str]) -> Counted | None:
        """Return how likely each picture shows this count of the first countable thing; None if there is none.

        value: 1 or more; three and more are one class.  A probability is raised to `_WEIGHT`.  Heads of a version other
        than
        that of the vectors are not used.
        """
        import numpy as np

        found = self._head(things)
        if found is None:
            return None
        name, thing, head = found
        column = min(value, _CLASSES) - 1
        ids, products = self._products(name, head.weights[column])
        chance = (1 + np.exp(-(products + head.bias[column]))) ** -_WEIGHT
        usual = float(np.median(chance)) if len(chance) else 0.5
        return Counted(f"{value} {thing}", ids, chance.astype(np.float32), usual)

    def _head(self, things: Sequence[str]) -> tuple[str, str, CountHead] | None:
        made = self._catalog.vector_spaces()
        for name, (version, heads) in self._known.items():
            if made.get(name, ("", 0))[0] == version:
                thing = next((thing for thing in things if thing in heads), None)
                if thing is not None:
                    return name, thing, heads[thing]
        return None

    @cached_property
    def _known(self) -> Heads:
        return self._heads()

    def _products(self, name: str, weights: NDArray[float32]) -> tuple[NDArray[int64], NDArray[float32]]:
        """Return the images with vectors of an annotator, and the products of their unit vectors with the weights.

        A small library is read from the catalog, which takes less time than importing FAISS.  In a large index only the
        nearest cells are searched; images in other cells score lower than those found.
        """
        import numpy as np

        length = np.linalg.norm(weights)
        compared = self._table(name).compare(weights / length)
        if compared.whole:
            return compared.ids, compared.cosines * length
        index = self._indexes.vectors.of(name)[1]
        ids, cosines = index.nearest(weights, len(index))
        rest = np.setdiff1d(index.images(), ids)
        cosines = np.concatenate([cosines, np.full(len(rest), cosines.min(initial=0), np.float32)])
        return np.concatenate([ids, rest]), cosines * length

    def _table(self, name: str) -> VectorTable:
        from imsearch.engine.search.vector_table import Unchanged, VectorTable

        key = name, *self._catalog.vector_spaces()[name]
        if key not in self._tables:
            self._tables = {key: VectorTable(self._catalog, self._indexes, name, Unchanged())}
        return self._tables[key]
