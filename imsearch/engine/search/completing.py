"""Completion over one library, from names kept in memory that are a moment old at most."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from threading import Lock, Thread

from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.tree import Word
from imsearch.engine.search.completion import Completion, complete
from imsearch.engine.search.facets import Facets, Table
from imsearch.engine.search.names import Names
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.words.decency import is_suggestible
from imsearch.engine.words.vocabulary import SEPARATOR
from imsearch.engine.words.words import Words
from imsearch.errors import ImsearchError

_TRIED = 200
"""So many words of the lexicon are looked up for what is typed."""

log = logging.getLogger(__name__)


class _Known:
    """The names of one state of a library, each kind sorted when it is first asked for."""

    def __init__(self, table: Table, words: Words, finding: dict[str, tuple[str, ...]]) -> None:
        """finding: the tags that words of the lexicon find, as far as they were asked for."""
        self.table = table
        self.library = words
        self.finding = finding
        self._names: dict[str, Names] = {}

    def names(self, kind: str) -> Names:
        known = self._names.get(kind)
        if known is None:
            known = self._names[kind] = Names(self.table.counted(kind))
        return known

    def namespaces(self) -> Names:
        return self._spaces

    @cached_property
    def _spaces(self) -> Names:
        tags = self.names("tag").counts
        return Names(Counter(tag.partition(SEPARATOR)[0] for tag in tags if SEPARATOR in tag[1:]))

    def words(self, prefix: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        counts = self.names("tag").counts
        typed = self.library.normalize(prefix)
        for word in islice(self.library.vocabulary.starting(typed), _TRIED):
            if word not in counts and SEPARATOR not in word and is_suggestible(word) and (tags := self._found_by(word)):
                yield word, tags

    def _found_by(self, word: str) -> tuple[str, ...]:
        known = self.finding.get(word)
        if known is None:
            counts = self.names("tag").counts
            term = self.library.term(Word(word, quoted=True))
            tags = [] if term is None else [tag for tag in (*term.names, *term.members) if tag in counts]
            known = self.finding[word] = tuple(sorted(tags, key=lambda tag: -counts[tag]))
        return tuple(tag for tag in known if tag in self.names("tag").counts)


class Completer:
    """Completes queries over one library.  Several threads may use one."""

    def __init__(self, catalog: CatalogReading, facets: Facets, words: Callable[[], Words], keys: Keys = KEYS) -> None:
        self._catalog = catalog
        self._keys = keys
        self._facets = facets
        self._words = words
        self._known: _Known | None = None
        self._lock = Lock()
        self._reading: Thread | None = None

    def complete(self, text: str, cursor: int, limit: int) -> Completion:
        """Return the completions at the cursor.

        The first call reads the values of all pictures; later ones never wait: while the library changes they tell the
        counts of a moment ago, and another thread reads the new ones.
        """
        known = self._known
        if known is None:
            with self._lock:
                known = self._known or self._read()
        elif known.table.state != self._catalog.state():
            self._read_soon()
        return complete(text, cursor, known, limit, self._keys)

    def close(self) -> None:
        """Wait until nothing is read any more."""
        if self._reading is not None:
            self._reading.join()

    def _read_soon(self) -> None:
        if self._lock.acquire(blocking=False):  # else somebody reads already
            try:
                self._reading = Thread(target=self._read_now, name="imsearch-completion", daemon=True)
                self._reading.start()
            except BaseException:
                self._lock.release()
                raise

    def _read_now(self) -> None:
        try:
            self._read()
        except ImsearchError as error:
            log.warning("The newest tags could not be read for completion: %s", error)
        finally:
            self._lock.release()

    def _read(self) -> _Known:
        words, table = self._words(), self._facets.table()
        same = self._known is not None and self._known.library is words
        known = _Known(table, words, self._known.finding if same and self._known is not None else {})
        known.names("tag"), known.namespaces()
        self._known = known
        return known
