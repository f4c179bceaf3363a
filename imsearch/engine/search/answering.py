"""From a query's text to an `Answer`: parsed, resolved to tags and conditions, and ranked.  Nothing is cached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from imsearch.engine.search.answer import Answer
from imsearch.engine.search.circles import coordinates_of
from imsearch.engine.search.current_words import Speaking
from imsearch.engine.search.fact_names import FactNames
from imsearch.engine.search.likeness import Likeness
from imsearch.engine.search.numbers import Numbers
from imsearch.engine.search.options import SearchOptions
from imsearch.engine.search.reading import Read, read
from imsearch.engine.search.text_space import TextSpace
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.stores.text_index import TextIndex
from imsearch.engine.words.knowledge import Lexicon
from imsearch.engine.words.postings import Postings
from imsearch.engine.words.resolved import Like, Resolved, ranks
from imsearch.engine.words.resolving import plain_words, resolve
from imsearch.engine.words.text_words import Written
from imsearch.engine.words.texts import key
from imsearch.engine.words.words import Words

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.query.tree import Node, Sort, Word
    from imsearch.engine.search.facets import Table
    from imsearch.engine.search.filters import Filters
    from imsearch.engine.search.fusion import Sense

    Ranked = tuple[NDArray[int64], NDArray[float32]]


class Answering:
    """Answers queries over one library.  Safe for several threads.

    likeness: finds similar pictures.  texts: compares texts with pictures.
    """

    def __init__(
        self,
        catalog: CatalogReading,
        indexes: Indexes,
        lexicon: Lexicon,
        options: SearchOptions,
        values: Callable[[], Table | None],
    ) -> None:
        """values: see `imsearch.engine.search.facets.Facets.known`."""
        self.likeness = Likeness(catalog, indexes)
        self.texts = TextSpace(catalog, indexes, options.encoders, options.exact)
        self._catalog = catalog
        self._indexes = indexes
        self._options = options
        self._values = values
        self._numbers = Numbers(catalog, indexes, options.heads)
        self._names = FactNames(catalog)
        self._coordinates = cache(coordinates_of)
        self._speaking = Speaking(catalog, indexes, lexicon, options.keys)

    def words(self) -> Words:
        """The current words of the library."""
        return self._speaking.words()

    def vector_space(self) -> str | None:
        """The annotator whose vectors are compared; None if there are no vectors."""
        spaces = self._catalog.vector_spaces()
        wanted = [name for name in self._options.annotators if name in spaces]
        return wanted[0] if wanted else max(spaces, key=lambda name: spaces[name][1], default=None)

    def read(self, text: str, like: str = "") -> Read:
        """Parse a query as of today; raises `QueryError` for an invalid one."""
        return read(text, self.words(), self._is_written, self._options.today(), self._names, like)

    def answer(self, tree: Node, order: Sort | None, understood: Sequence[tuple[str, str]] = ()) -> Answer:
        """Resolve and rank a query."""
        from imsearch.engine.search.order import NEWEST, ordered

        words = self.words()
        outside: list[str] = []

        def ask(index: TextIndex) -> Answer:
            filters = self._filters(index, words, outside)
            written: Written = lambda word: len(index.postings(key(word)).images) > 0  # noqa: E731
            query, unknown = resolve(words, tree, filters, written)
            sense = self._sense(tree, query, unknown, partial(words.is_name, written=written))
            found, cut = self._rank(query, index, sense)
            ranked = query is None or sense is not None or ranks(query)
            sort = order or (None if ranked else NEWEST)

            def arrange(found: Ranked) -> Ranked:
                if sort is None:
                    return found
                by = self._options.keys.order(sort.key)
                assert by is not None  # or the query would not have been understood
                return ordered(self._catalog, *found, by, index.postings, self._values, reverse=sort.reverse)

            return Answer(
                words,
                query,
                unknown,
                found,
                cut,
                arrange,
                lambda: self._suggestions(unknown, words),
                sort=sort,
                ranked=ranked,
                lasting=not outside,
                sense=sense,
                understood=understood,
            )

        return self._indexes.with_text(ask)

    def _filters(self, index: TextIndex, words: Words, outside: list[str]) -> Filters:
        """Return the lookup of conditions for a query; `outside` notes that its answer depends on more than the
        library.

        Files come and go, and their paths may hold other pictures, while the library stays as it is.
        """
        from imsearch.engine.search.filters import Filters

        def duplicates(catalog: CatalogReading) -> Iterable[int]:
            from imsearch.engine.search.duplicates import duplicate_ids

            outside.append("files")
            ids: list[int] = duplicate_ids(catalog).tolist()
            return ids

        def like(target: str) -> Like:
            return self.likeness.like(target, self.vector_space(), self._options.look, outside)

        return Filters(
            self._catalog,
            index.postings,
            words,
            duplicates,
            like,
            self._coordinates,
            self._numbers.counted,
            self._tagged,
            index.images,
        )

    def _tagged(self, source: str) -> NDArray[int64] | None:
        """See `imsearch.engine.search.selecting.Selector`."""
        from imsearch.engine.search.facets import ANNOTATOR

        values = self._values()
        return None if values is None else values.kinds[ANNOTATOR].having(source)

    def _is_written(self, word: str) -> bool:
        """Return True for a word that was written of any picture."""
        return self._indexes.with_text(lambda index: len(index.postings(key(word)).images) > 0)

    def _sense(
        self, tree: Node, query: Resolved | None, unknown: Sequence[str], is_name: Callable[[Word], bool]
    ) -> Sense | None:
        """Return the meaning of the plain words together; None if they do not describe looks, or if nothing ranks."""
        if not self._options.whole:
            return None
        words = plain_words(tree)
        strange = sum(word.typed in unknown for word in words)
        if not (strange or (query is not None and ranks(query))):
            return None
        if words and all(map(is_name, words)):
            return None
        return self.texts.sense([word.text for word in words], strange, self._options.annotators)

    def _rank(self, query: Resolved | None, index: TextIndex, sense: Sense | None) -> tuple[Ranked, float]:
        """Return the hits, ids and scores of shape (n,) in order of id, and the cut-off score of relevance."""
        import numpy as np

        if query is None and sense is None:
            return (np.empty(0, np.int64), np.empty(0, np.float32)), 0.0
        from imsearch.engine.search.hidden import ended, hidden_tags
        from imsearch.engine.search.ranking import DEFAULT, find

        ranking, space, images = self._options.ranking or DEFAULT, self.vector_space(), index.images()
        vectors = None if space is None else lambda ids: self._catalog.vectors(space, ids)

        def rank(asked: Resolved | None, lookup: Callable[[str], Postings]) -> Ranked:
            return find(asked, lookup, images, ranking=ranking, vectors=vectors, sense=sense)

        return ended(query, rank, index.postings, hidden_tags(self._catalog), ranking.cut)

    def _suggestions(self, unknown: Sequence[str], words: Words) -> Mapping[str, tuple[str, ...]]:
        """Return suggestions for unknown words that find something."""
        from imsearch.engine.words.suggestions import shown_of, suggest

        return suggest(
            unknown, words, lambda term: self._indexes.with_text(lambda index: shown_of(term, index.postings))
        )
