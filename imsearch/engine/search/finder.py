"""Finding: from a query's text to ranked images, through the catalog and the indexes of one library."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache, cached_property, partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imsearch.engine.query.tree import Word
from imsearch.engine.search.answer import Answer
from imsearch.engine.search.cache import Memory
from imsearch.engine.search.current_words import Speaking
from imsearch.engine.search.hits import read_hits, size_of
from imsearch.engine.search.likeness import Likeness
from imsearch.engine.search.numbers import Numbers
from imsearch.engine.search.reading import Read, read
from imsearch.engine.search.relaxing import Settled, settle
from imsearch.engine.search.text_space import TextSpace
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.stores.sql.catalog import Catalog
from imsearch.engine.stores.sql.fact_names import FactNames
from imsearch.engine.stores.sql.where import coordinates_of
from imsearch.engine.stores.text_index import TextIndex
from imsearch.engine.words.knowledge import Lexicon
from imsearch.engine.words.postings import Postings
from imsearch.engine.words.resolved import Like, Resolved, ranks
from imsearch.engine.words.resolving import plain_words, resolve
from imsearch.engine.words.text_words import Written
from imsearch.engine.words.texts import key
from imsearch.engine.words.words import Words
from imsearch.records import Hit, Results

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.query.tree import Node, Sort
    from imsearch.engine.search.completing import Completer
    from imsearch.engine.search.facets import Counts, Facets
    from imsearch.engine.search.fusion import Sense
    from imsearch.engine.search.ranking import Ranking

    Ranked = tuple[NDArray[int64], NDArray[float32]]

REMEMBERED = 64
"""Queries, and pages of them, that are not asked of the stores again while the library stays as it is."""
_ANSWER_BYTES, _PAGE_BYTES = 64 << 20, 32 << 20


class Neighbours(NamedTuple):
    """The images before and after one in a result, its place counted from 1 (0: it is not there), and how many."""

    previous: int | None
    next: int | None
    position: int
    total: int


class Finder:
    """Answers queries.  Several threads may use one.

    annotators: whose vectors are compared, the first that made any; otherwise whoever makes the longest.
    look: gives the vector that an annotator makes of a file outside the library; None where there are no models, or
    where who asks must not learn which files there are.  ranking: what goes into a score; None for what measured best.
    whole: whether plain words are compared with pictures as a whole, too.
    today: the local date, from which "yesterday" counts.
    """

    def __init__(self, catalog: Catalog, indexes: Indexes, lexicon: Lexicon) -> None:
        self.catalog = catalog
        self.annotators: Sequence[str] = ()
        self.look: Callable[[Path, str], NDArray[float32]] | None = None
        self.ranking: Ranking | None = None
        self.whole = True
        self.today: Callable[[], date] = date.today
        self._names = FactNames(catalog)
        self._coordinates = cache(coordinates_of)
        self._indexes = indexes
        self._lexicon = lexicon
        self._speaking = Speaking(catalog, indexes, lexicon)
        self.texts = TextSpace(catalog, indexes)
        self._likeness = Likeness(catalog, indexes)
        self.numbers = Numbers(catalog, indexes)
        self._answers: Memory[Answer] = Memory(REMEMBERED, _ANSWER_BYTES, attrgetter("kept_bytes"))
        self._settlements: Memory[Settled] = Memory(REMEMBERED, _ANSWER_BYTES, lambda less: less.answer.kept_bytes)
        self._pages: Memory[tuple[Hit, ...]] = Memory(REMEMBERED, _PAGE_BYTES, size_of)
        self._counted: Memory[dict[str, Counts]] = Memory(REMEMBERED, REMEMBERED, lambda counted: 1)

    def search(
        self,
        text: str,
        *,
        limit: int = 20,
        offset: int = 0,
        min_score: float | None = None,
        everything: bool = False,
        facets: bool = False,
        facet_values: int | None = None,
        tail: bool = True,
        like: str = "",
        relax: bool = True,
    ) -> Results:
        """The images that fit a query, best first; raises `QueryError` when it cannot be understood.

        min_score: where the list ends; by default where relevance ends, see `cut.Cut`.  everything: list those
        below, too.  `Results.relevant` counts the images above that end and `Results.total` all that are
        listed; facets, if wanted, are those of all that are listed, at most `facet_values` of each kind.  tail: whether
        hits need all their tags, or only those that are shown or answer the query, which are read much faster.  like: a
        picture to look like besides, by its path or id, as after ``like:``.  relax: whether parts of a query may be
        left out where nothing fits all of it, which `Results.relaxed` tells.
        """
        asked, (whole, answer, relaxed) = self._settled(text, min_score, everything, like, relax=relax)
        least = answer.cut if min_score is None else min_score
        shown = 0.0 if everything else least
        ids, scores = answer.listed(shown)
        page = slice(offset, offset + limit)
        hits: tuple[Hit, ...] = ()
        if len(ids[page]):
            some = ids[page].tolist(), scores[page].tolist()
            make = partial(self._hits, *some, answer, tail)
            hits = self._pages.get((asked, shown, offset, limit, tail), make) if answer.lasting else make()
        return Results(
            text,
            len(ids),
            hits,
            whole.unknown,
            whole.suggestions,
            self._facets_of(answer, (asked, shown), ids, facet_values) if facets else {},
            answer.sense.text if answer.sense is not None and answer.sense.unknown else "",
            relevant=answer.count(least),
            order=str(answer.sort),
            ranked=answer.ranked,
            understood=whole.understood,
            less_likely=relaxed.unlikely if relaxed and relaxed.unlikely else len(answer) - len(ids),
            relaxed=relaxed,
        )

    def _hits(self, ids: list[int], scores: list[float], answer: Answer, tail: bool) -> tuple[Hit, ...]:
        """The hits, and how well each fits the words as a whole where that was compared."""
        from imsearch.engine.search.fusion import told
        from imsearch.engine.search.ranking import DEFAULT

        hits = read_hits(self.catalog, ids, scores, answer.why, tail)
        return hits if answer.sense is None else told(hits, answer.sense, (self.ranking or DEFAULT).fusion)

    def _facets_of(self, answer: Answer, asked: Hashable, ids: NDArray[int64], most: int | None) -> dict[str, Counts]:
        def count() -> dict[str, Counts]:
            return self.facets.of(ids) if most is None else self.facets.of(ids, most)

        return self._counted.get((asked, most), count) if answer.lasting else count()

    def search_ids(self, text: str, *, min_score: float | None = None, everything: bool = False) -> list[int]:
        """The ids alone of all images that `search` finds, in its order."""
        found: list[int] = self._listed(text, min_score, everything).tolist()
        return found

    def scores(self, text: str) -> Ranked:
        """The ids and scores of all images that have any of the words, in order of id; for measuring."""
        answer = self._answer(text)[1]
        return answer.ids, answer.scores

    def neighbours(
        self, text: str, image: int, *, min_score: float | None = None, everything: bool = False
    ) -> Neighbours:
        """The images beside one in what `search` finds."""
        ids = self._listed(text, min_score, everything)
        places = (ids == image).nonzero()[0].tolist()
        if not places:
            return Neighbours(None, None, 0, len(ids))
        place = places[0]
        after = int(ids[place + 1]) if place + 1 < len(ids) else None
        return Neighbours(int(ids[place - 1]) if place else None, after, place + 1, len(ids))

    def state(self) -> Hashable:
        """Tells what is found now from what was found before the library changed."""
        self._indexes.heal_soon()  # here, since an answer that is remembered is found without another look
        return self.catalog.state(), self._indexes.with_text(lambda index: index.commit()), self.today()

    @cached_property
    def facets(self) -> Facets:
        """Counts what many images have in common."""
        from imsearch.engine.search.facets import Facets

        return Facets(self.catalog)

    @cached_property
    def completer(self) -> Completer:
        """Tells what could be typed next."""
        from imsearch.engine.search.completing import Completer

        return Completer(self.catalog, self.facets, self.current_words)

    def _listed(self, text: str, min_score: float | None, everything: bool) -> NDArray[int64]:
        answer = self._settled(text, min_score, everything)[1].answer
        least = answer.cut if min_score is None else min_score
        return answer.listed(0.0 if everything else least)[0]

    def _settled(
        self, text: str, min_score: float | None, everything: bool, like: str = "", *, relax: bool = True
    ) -> tuple[Hashable, Settled]:
        """What a query comes to, or where that lists nothing, what comes of as much of it as lists something."""
        asked, answer = self._answer(text, like)
        if not relax or answer.count(0.0 if everything else answer.cut if min_score is None else min_score):
            return asked, Settled(answer, answer)

        def make() -> Settled:
            tree, order, _ = self._read(text, like)
            return settle(answer, tree, self.current_words(), partial(self._find, order=order), min_score)

        asked = asked, min_score
        return asked, self._settlements.get(asked, make) if answer.lasting else make()

    def _answer(self, text: str, like: str = "") -> tuple[Hashable, Answer]:
        """What a query comes to now, and what that is remembered under."""
        # The state is read first: what is found in a newer one may be taken for an older, but never the reverse.
        asked = text, like, self.state(), tuple(self.annotators), self.ranking, self.whole
        return asked, self._answers.get(asked, lambda: self._find(*self._read(text, like)))

    def _read(self, text: str, like: str) -> Read:
        """What a query asks for, as it is understood today."""
        return read(text, self.current_words(), self._is_written, self.today(), self._names, like)

    def _find(self, tree: Node, order: Sort | None, understood: Sequence[tuple[str, str]] = ()) -> Answer:
        """Resolve and rank a query."""
        import numpy as np

        from imsearch.engine.search.order import NEWEST, ordered
        from imsearch.engine.stores.sql.conditions import Filters, duplicates_of

        words = self.current_words()
        outside: list[str] = []

        def duplicates(catalog: Catalog) -> Iterable[int]:
            outside.append("files")  # which come and go while the library stays as it is
            return duplicates_of(catalog)

        def like(target: str) -> Like:
            return self._likeness.like(target, self.vector_space(), self.look, outside)

        def ask(index: TextIndex) -> Answer:
            filters = Filters(
                self.catalog, index.postings, words, duplicates, like, self._coordinates, self.numbers.counted
            )
            written: Written = lambda word: len(index.postings(key(word)).images) > 0  # noqa: E731
            query, unknown = resolve(words, tree, filters, written)
            found, cut = (np.empty(0, np.int64), np.empty(0, np.float32)), 0.0
            sense = self._sense(tree, query, unknown, partial(words.is_name, written=written))
            if query is not None or sense is not None:
                found, cut = self._rank(query, index, sense)
            ranked = query is None or sense is not None or ranks(query)
            sort = order or (None if ranked else NEWEST)
            return Answer(
                words,
                query,
                unknown,
                found,
                cut,
                lambda ranked: ordered(self.catalog, *ranked, sort, index.postings) if sort else ranked,
                lambda: self._suggestions(unknown, words),
                sort=sort,
                ranked=ranked,
                lasting=not outside,
                sense=sense,
                understood=understood,
            )

        return self._indexes.with_text(ask)

    def _is_written(self, word: str) -> bool:
        """Whether somebody wrote a word of any picture."""
        return self._indexes.with_text(lambda index: len(index.postings(key(word)).images) > 0)

    def _sense(
        self, tree: Node, query: Resolved | None, unknown: Sequence[str], is_name: Callable[[Word], bool]
    ) -> Sense | None:
        """What the plain words say together; None where they say nothing of looks, or where nothing ranks."""
        if not self.whole:
            return None
        words = plain_words(tree)
        strange = sum(word.typed in unknown for word in words)
        if not (strange or (query is not None and ranks(query))):
            return None
        if words and all(map(is_name, words)):
            return None
        return self.texts.sense([word.text for word in words], strange, self.annotators)

    def _rank(self, query: Resolved | None, index: TextIndex, sense: Sense | None) -> tuple[Ranked, float]:
        """What is found, and the score at which relevance ends."""
        from imsearch.engine.search.hidden import ended, hidden_tags
        from imsearch.engine.search.ranking import DEFAULT, find

        ranking, space, images = self.ranking or DEFAULT, self.vector_space(), index.images()
        vectors = None if space is None else lambda ids: self.catalog.vectors(space, ids)

        def rank(asked: Resolved | None, lookup: Callable[[str], Postings]) -> Ranked:
            return find(asked, lookup, images, ranking=ranking, vectors=vectors, sense=sense)

        return ended(query, rank, index.postings, hidden_tags(self.catalog), ranking.cut)

    def vector_space(self) -> str | None:
        """The annotator whose vectors are compared; None when there are no vectors."""
        spaces = self.catalog.vector_spaces()
        wanted = [name for name in self.annotators if name in spaces]
        return wanted[0] if wanted else max(spaces, key=lambda name: spaces[name][1], default=None)

    def similar(
        self, image: int | NDArray[float32], *, annotator: str | None = None, limit: int = 20, offset: int = 0
    ) -> Results:
        """The images most like another, see `Likeness.similar`."""
        return self._likeness.similar(image, annotator, limit, offset)

    def _suggestions(self, unknown: Sequence[str], words: Words) -> Mapping[str, tuple[str, ...]]:
        """Words that find something, for those that nobody knows."""
        from imsearch.engine.words.suggestions import shown_of, suggest

        return suggest(
            unknown, words, lambda term: self._indexes.with_text(lambda index: shown_of(term, index.postings))
        )

    @property
    def languages(self) -> dict[str, str]:
        """The languages that queries are understood in: their codes and own names, English first."""
        return {"en": "English", **{each.code: each.name for each in self._lexicon.languages}}

    def current_words(self) -> Words:
        """The words of the library as it is now."""
        return self._speaking.words()
