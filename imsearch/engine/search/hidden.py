"""Tags used for ranking only: on their own they list pictures only if nothing else does.

An annotator hides tags it cannot tell reliably (`imsearch.records.RANKING_ONLY`).  Such a tag may find pictures and
order them, but a picture without other evidence is not listed beside those that show something: "vehicle", which
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
    """Return the tags that no annotator of a library ever shows, by their original names; cached for each state."""

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
    """Return the hits of a query, and the cut-off score of its list.

    rank: returns the ids and scores of a query's hits by these postings, in order of id.  The cut-off is that of the
    words,
    whatever the conditions beside them: narrowed down, a list loses pictures and gains none.  Pictures with evidence
    only
    from hidden tags, or from words that count less (a car and something red, for "red car"), are moved below that
    cut-off
    if others fit.  That applies to a single word or thing; several words support each other.
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
    """Return the hidden tags among those that answer a word, if another of them is shown for some picture."""
    tags = tags_in(query) if hidden else set()
    found = hidden & tags
    return found if found and any(lookup(tag).shown.any() for tag in tags - hidden) else frozenset()


def _shown(postings: Postings) -> Postings:
    """Return a posting list without tags that are not shown; what the user says of such a tag counts."""
    return postings.only(postings.shown | postings.rejected)
