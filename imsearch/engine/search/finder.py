"""Finding: from a query's text to ranked images, through the catalog and the indexes of one library."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from imsearch.engine.search.answering import Answering
from imsearch.engine.search.cache import Memory
from imsearch.engine.search.hits import read_hits, size_of
from imsearch.engine.search.options import DEFAULTS, SearchOptions
from imsearch.engine.search.relaxing import Settled, settle
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.words.knowledge import Lexicon
from imsearch.engine.words.words import Words
from imsearch.records import Hit, Results

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.search.answer import Answer
    from imsearch.engine.search.completing import Completer
    from imsearch.engine.search.facets import Counts, Facets
    from imsearch.engine.search.text_space import TextSpace

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
    """Answers queries, and remembers what it found while the library stays as it is.  Several threads may use one."""

    def __init__(
        self, catalog: CatalogReading, indexes: Indexes, lexicon: Lexicon, options: SearchOptions = DEFAULTS
    ) -> None:
        self.catalog = catalog
        self.options = options
        self._indexes = indexes
        self._lexicon = lexicon
        self._answering = Answering(catalog, indexes, lexicon, options, lambda: self.facets.known())
        self._answers: Memory[Answer] = Memory(REMEMBERED, _ANSWER_BYTES, attrgetter("kept_bytes"))
        self._settlements: Memory[Settled] = Memory(REMEMBERED, _ANSWER_BYTES, lambda less: less.answer.kept_bytes)
        self._pages: Memory[tuple[Hit, ...]] = Memory(REMEMBERED, _PAGE_BYTES, size_of)
        self._counted: Memory[dict[str, Counts]] = Memory(REMEMBERED, REMEMBERED, lambda counted: 1)

    def using(self, options: SearchOptions) -> Finder:
        """A finder in the same library that searches otherwise; what it remembers is its own."""
        return Finder(self.catalog, self._indexes, self._lexicon, options)

    @property
    def texts(self) -> TextSpace:
        """Compares texts with pictures."""
        return self._answering.texts

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
        return Results(
            text,
            len(ids),
            self._page((asked, shown, offset, limit, tail), ids[page], scores[page], answer, tail),
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

    def _page(
        self, asked: Hashable, ids: NDArray[int64], scores: NDArray[float32], answer: Answer, tail: bool
    ) -> tuple[Hit, ...]:
        """The hits of a page, from memory where they were asked for before."""
        if not len(ids):
            return ()
        make = partial(self._hits, ids.tolist(), scores.tolist(), answer, tail)
        return self._pages.get(asked, make) if answer.lasting else make()

    def _hits(self, ids: list[int], scores: list[float], answer: Answer, tail: bool) -> tuple[Hit, ...]:
        """The hits, and how well each fits the words as a whole where that was compared."""
        from imsearch.engine.search.fusion import told
        from imsearch.engine.search.ranking import DEFAULT

        hits = read_hits(self.catalog, ids, scores, answer.why, tail)
        return hits if answer.sense is None else told(hits, answer.sense, (self.options.ranking or DEFAULT).fusion)

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
        return self.catalog.state(), self._indexes.with_text(lambda index: index.commit()), self.options.today()

    @cached_property
    def facets(self) -> Facets:
        """Counts what many images have in common."""
        from imsearch.engine.search.facets import Facets

        return Facets(self.catalog, self.options.keys, self._indexes.scratch)

    def known_tags(self) -> int | None:
        """Return the number of tags in use, if the values of all images are known; None where they have to be read."""
        table = self.facets.known()
        return None if table is None else len(table.counted("tag"))

    def keep_facets(self) -> None:
        """Keep the values that are counted in a file, if there are so many that others would wait for them."""
        from imsearch.engine.search.facets import MANY

        if self._indexes.with_text(lambda index: len(index.images())) >= MANY:
            self.facets.keep()

    @cached_property
    def completer(self) -> Completer:
        """Tells what could be typed next."""
        from imsearch.engine.search.completing import Completer

        return Completer(self.catalog, self.facets, self.current_words, self.options.keys)

    def close(self) -> None:
        """Wait until nothing is read in the background any more."""
        if "completer" in vars(self):
            self.completer.close()

    def _listed(self, text: str, min_score: float | None, everything: bool) -> NDArray[int64]:
        answer = self._settled(text, min_score, everything)[1].answer
        least = answer.cut if min_score is None else min_score
        return answer.listed(0.0 if everything else least)[0]

    def _settled(
        self, text: str, min_score: float | None, everything: bool, like: str = "", *, relax: bool = True
    ) -> tuple[Hashable, Settled]:
        """Return the result of a query, or if that lists nothing, of as much of it as lists something."""
        asked, answer = self._answer(text, like)
        if not relax or answer.count(0.0 if everything else answer.cut if min_score is None else min_score):
            return asked, Settled(answer, answer)

        def make() -> Settled:
            tree, order, _ = self._answering.read(text, like)
            return settle(answer, tree, self.current_words(), partial(self._answering.answer, order=order), min_score)

        asked = asked, min_score
        return asked, self._settlements.get(asked, make) if answer.lasting else make()

    def _answer(self, text: str, like: str = "") -> tuple[Hashable, Answer]:
        """Return the current result of a query, and its cache key."""
        # The state is read first: what is found in a newer one may be taken for an older, but never the reverse.
        asked = text, like, self.state()
        return asked, self._answers.get(asked, lambda: self._answering.answer(*self._answering.read(text, like)))

    def vector_space(self) -> str | None:
        """The annotator whose vectors are compared; None when there are no vectors."""
        return self._answering.vector_space()

    def similar(
        self, image: int | NDArray[float32], *, annotator: str | None = None, limit: int = 20, offset: int = 0
    ) -> Results:
        """The images most like another, see `Likeness.similar`."""
        return self._answering.likeness.similar(image, annotator, limit, offset)

    @property
    def languages(self) -> dict[str, str]:
        """The languages that queries are understood in: their codes and own names, English first."""
        return {"en": "English", **{each.code: each.name for each in self._lexicon.languages}}

    def current_words(self) -> Words:
        """The words of the library as it is now."""
        return self._answering.words()
