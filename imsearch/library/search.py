"""Finding pictures: queries, what is beside a result, completion, likeness, copies."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.errors import ImsearchError
from imsearch.records import Results

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.query.keys import Keys
    from imsearch.engine.search.completion import Completion
    from imsearch.engine.search.duplicates import Group
    from imsearch.engine.search.finder import Finder, Neighbours
    from imsearch.engine.search.ranking import Ranking
    from imsearch.library.installed import Installed
    from imsearch.library.looking import Looking
    from imsearch.settings import Settings

NO_VECTORS = (
    "The library holds no vectors, so nothing can be compared. Index with an annotator that makes them; "
    '"imsearch plugins" lists those that are installed.'
)


class Search:
    """Finds pictures.  What was found is remembered while the library stays as it is, so that asking again is cheap."""

    def __init__(self, finder: Finder, settings: Settings, installed: Installed, looking: Looking) -> None:
        self._finder = finder
        self._settings = settings
        self._installed = installed
        self._looking = looking

    @property
    def opens_files(self) -> bool:
        """True if a query can open files, by ``like:PATH``, and so reveal which files exist."""
        return self._finder.options.look is not None

    def ranked_by(self, ranking: Ranking) -> Search:
        """The same with another way to rank; for measuring."""
        finder = self._finder.using(replace(self._finder.options, ranking=ranking))
        return Search(finder, self._settings, self._installed, self._looking)

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
        return self._finder.search(
            text,
            limit=self._most(limit),
            offset=offset,
            min_score=self._least(min_score),
            everything=everything,
            facets=facets,
            facet_values=facet_values,
            tail=tail,
            relax=relax,
        )

    @property
    def keys(self) -> Keys:
        """The keys of the query language, those of plugins among them."""
        return self._finder.options.keys

    def found_ids(self, text: str, everything: bool = False, *, min_score: float | None = None) -> list[int]:
        """The ids of all pictures that `query` lists, in its order."""
        return self._finder.search_ids(text, min_score=self._least(min_score), everything=everything)

    def scores(self, text: str) -> tuple[NDArray[int64], NDArray[float32]]:
        """The ids and scores, shape (n,), of all pictures that have any of the words, in order of id; for measuring."""
        return self._finder.scores(text)

    def neighbours(self, text: str, image: int, everything: bool = False) -> Neighbours:
        """The pictures before and after one in what `query` lists, its place counted from 1, and how many there are.

        The place is 0 where the picture is not among them.
        """
        return self._finder.neighbours(text, image, min_score=self._settings.min_score, everything=everything)

    def complete(self, text: str, cursor: int, limit: int = 8) -> Completion:
        """Return the completions at the cursor of a query being typed."""
        return self._finder.completer.complete(text, cursor, limit)

    def frequent(self, kind: str, most: int) -> list[tuple[str, int]]:
        """The most frequent values of all pictures, and on how many each is; kinds are those of facets.

        Once the values of all pictures were read, as facets and completion do, this is cheaper than counting tags.
        """
        return self._finder.facets.table().top(kind, most)

    def state(self) -> Hashable:
        """Tells what the library holds now from what it held before it changed, and one library from another."""
        return self._finder.state()

    def languages(self) -> dict[str, str]:
        """The languages that queries are understood in: their codes and own names, English first."""
        return self._finder.languages

    def similar(self, image: Path | int, words: str = "", *, limit: int | None = None, offset: int = 0) -> Results:
        """The pictures nearest to a file, which need not be in the library, or to one of the library, by its id.

        words: what they shall show besides; a query, in which looking like the picture counts as a further word; with
        a file that the library does not know, for a library opened with `look`.  The vectors compared are those of the
        annotator the settings name first, or else of the one that makes the longest.
        Raises PictureError when the file cannot be read, and QueryError for words that cannot be understood.
        """
        space = self.vector_space()
        if space is None:
            raise ImsearchError(NO_VECTORS)
        target = image if isinstance(image, int) else self._looking.known_or_readable(self._finder.catalog, image)
        if words.strip():
            results = self._finder.search(
                words, limit=self._most(limit), offset=offset, everything=True, like=str(target), relax=False
            )
            return replace(results, query=f"{image} {words}")
        results = self.nearest(
            target if isinstance(target, int) else self._looking.vector_of(target, space),
            space,
            limit=self._most(limit),
            offset=offset,
        )
        return replace(results, query=str(image))

    def nearest(self, image: int | NDArray[float32], space: str, *, limit: int, offset: int = 0) -> Results:
        """The pictures nearest to one of the library, or to a vector, in the space of an annotator."""
        return self._finder.similar(image, annotator=space, limit=limit, offset=offset)

    def vector_space(self) -> str | None:
        """The annotator whose vectors are compared; None when there are no vectors."""
        return self._finder.vector_space()

    def vector_spaces(self) -> dict[str, tuple[str, int]]:
        """The current version and vector length of every annotator that makes vectors, by name."""
        return self._finder.catalog.vector_spaces()

    def vectors(self, space: str, images: Sequence[int]) -> dict[int, NDArray[float32]]:
        """The vectors of pictures in the space of an annotator, float32 ``(length,)``, by id, where it made any."""
        return self._finder.catalog.vectors(space, images)

    def text_space(self) -> str:
        """In whose space the plain words of a query are compared, or why in none, in a few words."""
        from imsearch.plugins.text_encoders import tell_space

        chosen = self._finder.texts.choose(self._settings.annotators)
        return tell_space(chosen, self.vector_spaces(), self._installed.encoders)

    def duplicates(
        self, paths: Sequence[Path] = (), *, threshold: float | None = None, exact: bool = False
    ) -> tuple[Group, ...]:
        """Groups of pictures that are copies of one another, those that waste the most bytes first.

        paths: only groups with a copy in these folders.  threshold: the similarity from which pictures are taken for
        copies, in 0 to 1.  exact: only files with the very same bytes.
        """
        from imsearch.engine.search.duplicates import find_groups
        from imsearch.engine.search.neighbours import THRESHOLD

        least = None if exact else THRESHOLD if threshold is None else threshold
        folders = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - resolve() follows links
        return find_groups(self._finder.catalog, least, folders)

    def _most(self, limit: int | None) -> int:
        return self._settings.limit if limit is None else limit

    def _least(self, min_score: float | None) -> float | None:
        return self._settings.min_score if min_score is None else min_score
