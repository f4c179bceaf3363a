"""Finding: from a query's text to ranked images, through the catalog and the indexes of one library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imsearch.engine.catalog import Catalog
from imsearch.engine.indexes import Indexes
from imsearch.engine.query import parse
from imsearch.engine.resolved import Like, Resolved, Term, ranks
from imsearch.engine.text_index import TextIndex
from imsearch.engine.words import Lexicon, Meanings, Words
from imsearch.engine.written import evidence, is_key, key
from imsearch.errors import ImsearchError
from imsearch.records import Hit, Image, Results, Tag

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.ranking import Ranking

    Ranked = tuple[NDArray[int64], NDArray[float32]]

LIKE = 1000
"""So many of the pictures nearest to that of a ``like:`` are looked at."""


class _Found(NamedTuple):
    """What a query comes to: resolved by the words of the library, and all images it finds, in order."""

    words: Words
    query: Resolved | None
    unknown: tuple[str, ...]
    ids: NDArray[int64]
    scores: NDArray[float32]


class Finder:
    """Answers queries.  Several threads may use one.

    annotators: whose vectors are compared, the first that made any; otherwise whoever makes the longest.
    look: gives the vector that an annotator makes of a file outside the library; None where there are no models.
    ranking: what goes into a score; None for what measured best.
    """

    def __init__(self, catalog: Catalog, indexes: Indexes, lexicon: Lexicon, meanings: Meanings | None) -> None:
        self.catalog = catalog
        self.annotators: Sequence[str] = ()
        self.look: Callable[[Path, str], NDArray[float32]] | None = None
        self.ranking: Ranking | None = None
        self._indexes = indexes
        self._lexicon = lexicon
        self._meanings = meanings
        self._words: tuple[int, Words] | None = None

    def search(
        self, text: str, *, limit: int = 20, offset: int = 0, min_score: float | None = None, facets: bool = False
    ) -> Results:
        """The images that fit a query, best first; raises `QueryError` when it cannot be understood.

        min_score: leave out what scores lower; by default where relevance ends, see `imsearch.engine.ranking.Cut`.
        `Results.total` counts all images that are left, and facets, if wanted, are those of all of them.
        """
        found = self._find(text, min_score)
        page = slice(offset, offset + limit)
        suggestions = self._suggestions(found.unknown, found.words)
        if found.query is None:
            return Results(text, 0, (), found.unknown, suggestions)
        hits = self._hits(found.ids[page].tolist(), found.scores[page].tolist(), found.words.why(found.query))
        told = self._facets(found.ids.tolist()) if facets else {}
        return Results(text, len(found.ids), hits, found.unknown, suggestions, told, found.words.sense_of(found.query))

    def search_ids(self, text: str, *, min_score: float | None = None) -> list[int]:
        """The ids alone of all images that `search` finds, in its order."""
        found: list[int] = self._find(text, min_score).ids.tolist()
        return found

    def _find(self, text: str, min_score: float | None) -> _Found:
        """Resolve and rank a query, and put the images in the order it asks for."""
        import numpy as np

        from imsearch.engine.filters import Filters
        from imsearch.engine.order import NEWEST, ordered

        parsed = parse(text)
        self._indexes.heal_soon()
        words = self.current_words()

        def ask(index: TextIndex) -> _Found:
            filters = Filters(self.catalog, index.postings, words, like=self._like)
            query, unknown = words.resolve(parsed.tree, filters, lambda word: len(index.postings(key(word)).images) > 0)
            if query is None:
                return _Found(words, None, unknown, np.empty(0, np.int64), np.empty(0, np.float32))
            ids, scores = self._rank(query, index, min_score)
            sort = parsed.sort or (None if ranks(query) else NEWEST)
            if sort is not None:
                ids, scores = ordered(self.catalog, ids, scores, sort)
            return _Found(words, query, unknown, ids, scores)

        return self._indexes.with_text(ask)

    def _rank(self, query: Resolved, index: TextIndex, min_score: float | None) -> Ranked:
        from imsearch.engine.ranking import DEFAULT, rank

        space = self.vector_space()
        vectors = None if space is None else lambda ids: self.catalog.vectors(space, ids)
        ranking = self.ranking or DEFAULT
        return rank(query, index.postings, index.images(), min_score, ranking=ranking, vectors=vectors)

    def _facets(self, ids: list[int]) -> dict[str, tuple[tuple[str, int], ...]]:
        from imsearch.engine.facets import facets

        return facets(self.catalog, ids)

    def vector_space(self) -> str | None:
        """The annotator whose vectors are compared; None when there are no vectors."""
        spaces = self.catalog.vector_spaces()
        wanted = [name for name in self.annotators if name in spaces]
        return wanted[0] if wanted else max(spaces, key=lambda name: spaces[name][1], default=None)

    def _like(self, target: str) -> Like:
        """What ``like:`` asks for: the pictures near another, which is given by its id or by a path."""
        name, index = self._indexes.vectors(self.vector_space())
        image = self.catalog.image(Path(target))
        if image is None and target.isdecimal():
            image = self.catalog.image(int(target))
        vector = None if image is None else self.catalog.vector(image.id, name)
        if vector is None and self.look is not None and Path(target).is_file():
            vector = self.look(Path(target), name)
        if vector is None:
            raise ImsearchError(f"like:{target} is neither a picture file nor an image of the library with a vector.")
        ids, cosines = index.nearest(vector, LIKE + 1)
        others = ids != (image.id if image else -1)
        return Like(target, ids[others], cosines[others])

    def similar(
        self, image: int | NDArray[float32], *, annotator: str | None = None, limit: int = 20, offset: int = 0
    ) -> Results:
        """The images most like another, which is given by its id or by the vector an annotator made of it.

        annotator: whose vectors to compare; by default the only annotator that makes any.  The score is the cosine, or
        0 where that is negative.  An image of the library is not similar to itself.
        """
        name, index = self._indexes.vectors(annotator)
        own = image if isinstance(image, int) else -1
        vector = self.catalog.vector(image, name) if isinstance(image, int) else image
        if vector is None:
            raise ImsearchError(f"{name} has not looked at image {image} yet. Index it again first.")
        ids, cosines = index.nearest(vector, offset + limit + 1)
        others = ids != own
        total = len(index) - int((~others).sum())
        ids, cosines = ids[others][offset : offset + limit], cosines[others][offset : offset + limit]
        return Results("", total, self._hits(ids.tolist(), [max(0.0, each) for each in cosines.tolist()], {}))

    def _hits(self, ids: list[int], scores: list[float], why: dict[str, frozenset[str]]) -> tuple[Hit, ...]:
        images, tags = self.catalog.images(ids), self.catalog.tags_of(ids)
        written = self._written(images) if any(is_key(name) for names in why.values() for name in names) else {}
        return tuple(
            Hit(images[image], score, tags[image], _reasons(tags[image], written.get(image, {}), why))
            for image, score in zip(ids, scores, strict=True)
            if image in images  # it may have been forgotten since
        )

    def _suggestions(self, unknown: Sequence[str], words: Words) -> dict[str, tuple[str, ...]]:
        """Words that find something, for those that nobody knows."""
        if not unknown:
            return {}
        from imsearch.engine.suggestions import suggest

        def showing(term: Term) -> int:
            tags = (*term.names, *term.members)
            found = self._indexes.with_text(lambda index: [index.postings(tag) for tag in tags])
            return sum(int((postings.shown & ~postings.rejected).sum()) for postings in found)

        return suggest(unknown, words, showing)

    def _written(self, images: Mapping[int, Image]) -> dict[int, dict[str, Tag]]:
        """The written words of images."""
        texts = self.catalog.texts_of(images)
        return {image: evidence(found.files, texts.get(image, ())) for image, found in images.items()}

    def current_words(self) -> Words:
        """The words of the library; read again when the catalog has changed."""
        _, generation = self.catalog.state()
        if self._words is None or self._words[0] != generation:
            rejected = self.catalog.rejected_names()

            def is_left(tag: str) -> bool:
                return tag not in rejected or self._indexes.with_text(
                    lambda index: not bool(index.postings(tag).rejected.all())
                )

            words = Words(self._lexicon, self.catalog.tag_names(), self.catalog.renamed(), self._meanings, is_left)
            self._words = generation, words
        return self._words[1]


def _reasons(tags: Sequence[Tag], written: Mapping[str, Tag], why: dict[str, frozenset[str]]) -> dict[str, Tag]:
    """The likeliest tag or written word of an image for each word of the query; tags come likeliest first."""
    reasons = {}
    for word, names in why.items():
        found = [tag for tag in tags if tag.name in names][:1]
        for phrase in (name[1:].split() for name in names if is_key(name)):
            if all(each in written for each in phrase):
                weakest = min((written[each] for each in phrase), key=lambda tag: tag.probability)
                found.append(replace(weakest, name=" ".join(phrase)))
        if found:
            reasons[word] = max(found, key=lambda tag: (tag.probability, tag.name))
    return reasons
