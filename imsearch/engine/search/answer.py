"""What a query comes to in one state of a library: everything it finds, and where relevance ends.

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
"""So many lists of one query are kept: what is relevant, everything, and those of another least score."""
_BYTES = 12
"""Of an id and a score."""


class Answer:
    """All images that a query finds, and its words.  Several threads may use one.

    words, query, unknown: how the query was understood; `query` is None when no word of it is known.  ids, scores: what
    it finds, in order of id, shape (n,).  cut: the score at which relevance ends.  order: puts a list that comes best
    first into the order the query asks for, `sort`; None is that of scores.  suggest: finds words for those that nobody
    knows.  ranked: whether one may fit better than another.  lasting: whether the answer depends on the library alone.
    sense: what the plain words say together, where that counts.  understood: words that were taken for conditions, and
    for which.
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
        """How many score at least so."""
        import numpy as np

        return int(np.count_nonzero(self.scores >= np.float32(least)))

    def listed(self, least: float) -> Ranked:
        """The ids and scores of those that score at least so, in the order asked for."""
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
        """Words that find something, for those that nobody knows."""
        return self._suggest() if self.unknown else {}

    @property
    def bytes(self) -> int:
        """About how much memory it may come to take."""
        compared = 0 if self.sense is None else len(self.sense.ids)
        return 2000 + _BYTES * (len(self.ids) * (_REMEMBERED - 1) + compared)

    @property
    def kept_bytes(self) -> int | None:
        """The same; None where it must not be remembered."""
        return self.bytes if self.lasting else None
