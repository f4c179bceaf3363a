"""The complete result of a query in one state of a library, with the cut-off of relevance.

Ranking is done once; pages, counts, facets and neighbours are then taken from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from imsearch.engine.query.tree import Sort
from imsearch.engine.words.resolved import reasons
from imsearch.engine.words.words import Words

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.search.fusion import Sense
    from imsearch.engine.words.resolved import Resolved

    Ranked: TypeAlias = tuple[NDArray[int64], NDArray[float32]]

_REMEMBERED = 4
"""Number of lists cached per query: the relevant hits, all hits, and those of another minimum score."""
_BYTES = 12
"""Bytes of an id and a score."""


class Answer:
    """All images that a query finds, and its words.  Safe for several threads.

    words, query, unknown: how the query was interpreted; `query` is None when no word of it is known.  ids, scores: all
    hits, in order of id, shape (n,).  cut: the score at which relevance ends.  order: sorts a list that comes best
    first in the order the query asks for, `sort`; None keeps the order of scores.  suggest: finds suggestions for
    unknown
    words.  ranked: True if one hit may fit better than another.  lasting: True if the result depends on the library
    alone.
    sense: the meaning of the plain words together, where that counts.  understood: words that were interpreted as
    conditions, and these conditions.
    """

    def __init__(
        self,
        words: Words,
        query: Resolved | None,
        unknown: Sequence[str],
        found: Ranked,
        cut: float,
        order: Callable[[Ranked], Ranked],
        suggest: Callable[[], Mapping[str, tuple[str, ...]]],
        *,
        sort: Sort | None = None,
        ranked: bool = True,
        lasting: bool = True,
        sense: Sense | None = None,
        understood: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.query = query
        self.sort = sort or Sort("score")
        self.ranked = ranked
        self.unknown = tuple(unknown)
        self.understood = tuple(understood)
        self.ids, self.scores = found
        self.cut = cut
        self.lasting = lasting
        self.sense = sense
        self._words = words
        self._order = order
        self._suggest = suggest
        self._listed: dict[float, Ranked] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def count(self, least: float) -> int:
        """Return the number of hits with at least this score."""
        import numpy as np

        return int(np.count_nonzero(self.scores >= np.float32(least)))

    def listed(self, least: float) -> Ranked:
        """Return the ids and scores of hits with at least this score, in the requested order."""
        import numpy as np

        from imsearch.engine.search.ranking import best_first

        known = self._listed.get(least)
        if known is None:
            kept = self.scores >= np.float32(least)
            known = self._order(best_first(self.ids[kept], self.scores[kept]))
            if len(self._listed) < _REMEMBERED:
                self._listed[least] = known
        return known

    @cached_property
    def why(self) -> Mapping[str, frozenset[str]]:
        """The words that a result can be found by, and the tags that answer each."""
        return {} if self.query is None else reasons(self.query)

    @cached_property
    def suggestions(self) -> Mapping[str, tuple[str, ...]]:
        """Suggestions for unknown words that find something."""
        return self._suggest() if self.unknown else {}

    @property
    def bytes(self) -> int:
        """Estimated maximum memory in bytes."""
        compared = 0 if self.sense is None else len(self.sense.ids)
        return 2000 + _BYTES * (len(self.ids) * (_REMEMBERED - 1) + compared)

    @property
    def kept_bytes(self) -> int | None:
        """The same; None if it must not be cached."""
        return self.bytes if self.lasting else None
