"""The words of a library, rebuilt only when its tags change."""

from __future__ import annotations

from collections.abc import Set
from threading import Lock

from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.derived import State
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.words.knowledge import Lexicon
from imsearch.engine.words.words import Words


class Speaking:
    """Holds the latest `Words` of a library.  Safe for several threads.

    During indexing the catalog changes every other second, the set of its tags hardly ever.
    """

    def __init__(self, catalog: CatalogReading, indexes: Indexes, lexicon: Lexicon, keys: Keys = KEYS) -> None:
        self._catalog = catalog
        self._indexes = indexes
        self._lexicon = lexicon
        self._keys = keys
        self._state: State | None = None
        self._made_of: tuple[list[str], dict[str, str], Set[str], Set[str]] | None = None
        self._words: Words | None = None
        self._lock = Lock()

    def words(self) -> Words:
        """Return the current words of the library."""
        with self._lock:
            state = self._catalog.state()
            if self._words is None or state != self._state:
                catalog = self._catalog
                made_of = catalog.tag_names(), catalog.renamed(), catalog.rejected_names(), catalog.given_names()
                if self._words is None or made_of != self._made_of:
                    self._words = self._make(*made_of)
                self._state, self._made_of = state, made_of
            return self._words

    def _make(self, tags: list[str], renamed: dict[str, str], rejected: Set[str], given: Set[str]) -> Words:
        def is_left(tag: str) -> bool:
            return tag not in rejected or self._indexes.with_text(
                lambda index: not bool(index.postings(tag).rejected.all())
            )

        return Words(self._lexicon, tags, renamed, is_left, {*given, *renamed.values()}, self._keys)
