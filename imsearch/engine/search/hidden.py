"""Tags that annotators keep for ranking only: by themselves they list pictures only where nothing else does.

An annotator hides what it cannot tell well enough (`imsearch.records.RANKING_ONLY`).  Such a tag may find pictures and
order them, but a picture for which nothing else speaks is not listed beside those that show something: "vehicle", which
is hidden, brings no street without cars as long as there are cars and buses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from imsearch.engine.search.cut import Ending, set_back
from imsearch.engine.search.scoring import Lookup
from imsearch.engine.words.postings import Postings
from imsearch.engine.words.resolved import Resolved, tags_in, without_conditions, without_less, words_in

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.stores.catalog import CatalogReading

    Ranked = tuple[NDArray[int64], NDArray[float32]]


def hidden_tags(catalog: CatalogReading) -> frozenset[str]:
    """The tags that any annotator of a library never shows, by the names it gives them; read once in each state."""

    def read() -> frozenset[str]:
        limits = catalog.limits().values()
        return frozenset(tag for each in limits for tag, threshold in each.own.items() if threshold > 1)

    return catalog.remembered("hidden tags", read)


def ended(
    query: Resolved | None,
    rank: Callable[[Resolved | None, Lookup], Ranked],
    lookup: Lookup,
    hidden: frozenset[str],
    ending: Ending,
) -> tuple[Ranked, float]:
    """What a query finds, and the score at which its list ends.

    rank: the ids and scores of what a query finds by these postings, in order of id.  The end is that of the words,
    whatever the conditions beside them: narrowed down, a list loses pictures and gains none.  Pictures that only hidden
    tags speak for, or only what counts less (a car and something red, for "red car"), are set back behind that end
    where others fit.  That is so of a single word or thing; several words vouch for each other.
    """
    ids, scores = rank(query, lookup)
    if query is None:  # the text as a whole counts
        return (ids, scores), ending.at(scores)
    asked, words = without_conditions(query), words_in(query)
    surest = without_less(asked)
    doubted = _doubted(query, lookup, hidden) if words == 1 else frozenset[str]()
    if doubted or surest is not asked:
        others, told = rank(surest, lambda tag: _shown(lookup(tag)) if tag in doubted else lookup(tag))
        end = ending.at(told, words)
        listed = others[told >= np.float32(end)]
        if len(listed):
            return (ids, set_back(scores, ~np.isin(ids, listed), end)), end
    return (ids, scores), ending.at(scores if asked is query else rank(asked, lookup)[1], words)


def _doubted(query: Resolved, lookup: Lookup, hidden: frozenset[str]) -> frozenset[str]:
    """The hidden tags among those that answer a word, where another of them is shown of some picture."""
    tags = tags_in(query) if hidden else set()
    found = hidden & tags
    return found if found and any(lookup(tag).shown.any() for tag in tags - hidden) else frozenset()


def _shown(postings: Postings) -> Postings:
    """Without what is merely said; what the user says of such a tag counts."""
    kept = postings.shown | postings.rejected
    return Postings(postings.images[kept], postings.probabilities[kept], postings.shown[kept], postings.rejected[kept])
