"""The part of `imsearch.library.Library` about finding: queries, what is beside a result, completion, likeness."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.errors import ImsearchError
from imsearch.library.tags import TagLibrary
from imsearch.records import Results

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.engine.query.keys import Keys
    from imsearch.engine.search.completion import Completion
    from imsearch.engine.search.finder import Neighbours

NO_VECTORS = (
    "The library holds no vectors, so nothing can be compared. Index with an annotator that makes them; "
    '"imsearch plugins" lists those that are installed.'
)


class SearchLibrary(TagLibrary):
    """Finds pictures.  What was found is remembered while the library stays as it is, so that asking again is cheap."""

    def query(
        self,
        text: str,
        *,
        limit: int | None = None,
        offset: int = 0,
        min_score: float | None = None,
        everything: bool = False,
        facets: bool = False,
        facet_values: int | None = None,
        tail: bool = True,
        relax: bool = True,
    ) -> Results:
        """The pictures that match a query, the best first.  Raises QueryError.

        min_score: where the list ends; by default where the settings say, or else where relevance ends.  everything:
        list those below that, too; `Results.relevant` tells how many are above.  facet_values: how many of each kind
        of facet at most, 1 or more; ten by default.  tail: whether hits need all their tags, or only those that are
        shown or answer the query, which are read much faster.  relax: whether parts of a query may be left out where
        nothing fits all of it; `Results.relaxed` tells which.
        """
        return self.engine.search(
            text,
            limit=self.settings.limit if limit is None else limit,
            offset=offset,
            min_score=self.settings.min_score if min_score is None else min_score,
            everything=everything,
            facets=facets,
            facet_values=facet_values,
            tail=tail,
            relax=relax,
        )

    @property
    def keys(self) -> Keys:
        """The keys of the query language, those of plugins among them."""
        return self.engine.keys

    def languages(self) -> dict[str, str]:
        """The languages that queries are understood in: their codes and own names, English first."""
        return self.engine.languages

    def found_ids(self, text: str, everything: bool = False) -> list[int]:
        """The ids of all pictures that `query` lists, in its order."""
        return self.engine.search_ids(text, min_score=self.settings.min_score, everything=everything)

    def neighbours(self, text: str, image: int, everything: bool = False) -> Neighbours:
        """The pictures before and after one in what `query` lists, its place counted from 1, and how many there are.

        The place is 0 where the picture is not among them.
        """
        return self.engine.neighbours(text, image, min_score=self.settings.min_score, everything=everything)

    def complete(self, text: str, cursor: int, limit: int = 8) -> Completion:
        """What could stand at the cursor of a query that is being typed."""
        return self.engine.completer.complete(text, cursor, limit)

    def frequent(self, kind: str, most: int) -> list[tuple[str, int]]:
        """The most frequent values of all pictures, and on how many each is; kinds are those of facets.

        Once the values of all pictures were read, as facets and completion do, this is cheaper than `tags`.
        """
        return self.engine.facets.table().top(kind, most)

    def state(self) -> Hashable:
        """Tells what the library holds now from what it held before it changed, and one library from another."""
        return self.engine.state()

    def similar(self, image: Path | int, words: str = "", *, limit: int | None = None, offset: int = 0) -> Results:
        """The pictures nearest to a file, which need not be in the library, or to one of the library, by its id.

        words: what they shall show besides; a query, in which looking like the picture counts as a further word.  The
        vectors compared are those of the annotator the settings name first, or else of the one that makes the longest.
        Raises PictureError when the file cannot be read, and QueryError for words that cannot be understood.
        """
        name = self.engine.vector_space()
        if name is None:
            raise ImsearchError(NO_VECTORS)
        if words.strip():
            target = image if isinstance(image, int) else self._known_or_readable(image)
            most = self.settings.limit if limit is None else limit
            results = self.engine.search(
                words, limit=most, offset=offset, everything=True, like=str(target), relax=False
            )
            return replace(results, query=f"{image} {words}")
        results = self.engine.similar(
            image if isinstance(image, int) else self._nearest_to(image, name),
            annotator=name,
            limit=self.settings.limit if limit is None else limit,
            offset=offset,
        )
        return replace(results, query=str(image))

    def _known_or_readable(self, image: Path) -> int | Path:
        """The id of a picture whose bytes the library knows, or else the path of a file that is there."""
        from imsearch.indexer.outside import sha256_of

        path = image.absolute()
        return next(iter(self.engine.catalog.images_by_sha256([sha256_of(path)]).values()), path)

    def _nearest_to(self, image: Path, name: str) -> int | NDArray[float32]:
        known = self._known_or_readable(image)
        return known if isinstance(known, int) else self._vector_of(known, name)

    def _vector_of(self, path: Path, name: str) -> NDArray[float32]:
        """What an annotator makes of a file that the library does not know; `Library` can tell."""
        raise NotImplementedError
