"""Ranking by probability.  Pure: a query resolved to tags and their postings in, ids and scores out.

Every image has an index in arrays of length `size`, the largest image id plus one, so that combining words is plain
arithmetic.  Scoring a query by the sum of log p over its words, with a floor for absent ones, is what measured best for
tags with a long tail; the score shown is the geometric mean, so that one word's score is its probability.
docs/ranking.md has the formulas and the measurements behind the constants.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.search.cut import WORTH, Cut, Ending
from imsearch.engine.search.feedback import Feedback, Vectors, best, kernel, votes
from imsearch.engine.search.fusion import Fusion, Sense, fuse
from imsearch.engine.search.scoring import KnownTerms, Leaf, Leaves, Lookup, Scored
from imsearch.engine.words.resolved import (
    All,
    AnyOf,
    Counted,
    Demanded,
    Filter,
    Like,
    Negated,
    Resolved,
    Scoped,
    Term,
    Weaker,
    ranks,
    words_in,
)

FLOOR = 1e-3
"""The probability of a tag that is not even in an image's tail."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The parameters of ranking; the defaults are what measured best, the rest is for measuring.

    mean: how words are combined: "geometric", "arithmetic", "least" or "greatest".  written: True to use words in file
    names, titles and the like.  feedback: visual evidence, or None.  cut: the cut-off rule.  fusion: the weights of
    the plain words as a whole.
    """

    mean: str = "geometric"
    written: bool = True
    feedback: Feedback | None = None
    cut: Ending = field(default_factory=Cut)
    fusion: Fusion = field(default_factory=Fusion)


DEFAULT = Ranking()


def rank(
    query: Resolved | None,
    lookup: Lookup,
    images: NDArray[np.int64],
    min_score: float | None = None,
    *,
    ranking: Ranking = DEFAULT,
    vectors: Vectors | None = None,
    sense: Sense | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the ids and scores of the hits, best first, ties in order of id.

    Images below `min_score` are left out, by default below the cut-off of `Ranking.cut`, as are those without any of
    the
    words.  The rest is as for `find`.
    """
    ids, scores = find(query, lookup, images, ranking=ranking, vectors=vectors, sense=sense)
    words = 1 if query is None else words_in(query)
    kept = scores >= np.float32(ranking.cut.at(scores, words) if min_score is None else min_score)
    return best_first(ids[kept], scores[kept])


def find(
    query: Resolved | None,
    lookup: Lookup,
    images: NDArray[np.int64],
    *,
    ranking: Ranking = DEFAULT,
    vectors: Vectors | None = None,
    sense: Sense | None = None,
    known: tuple[KnownTerms, Hashable] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return all images that have any of the words and meet the conditions, and their scores, in order of id.

    query: None where no word is known, but the text as a whole has a sense.  images: ids of all existing images.
    vectors: returns the vectors of images, for visual evidence.  sense: the meaning of the plain words together, if
    any.  known: see `imsearch.engine.search.scoring.Leaves`.
    """
    size = int(images.max()) + 1 if len(images) else 1
    present = np.zeros(size, np.bool_)
    present[images] = True
    query = query or All(())
    terms = list(_wanted(query))
    mean = ranking.mean

    def scope(node: Scoped) -> Scored:
        # Written words do not come from this source.
        own = Leaves(node.postings, size, written=False, likeness=kernel, scope=scope)
        return _score(node.item, own.whole, present, mean)

    likeness = kernel if terms or _has_other_words(query) else _cosine
    leaves = Leaves(lookup, size, written=ranking.written, likeness=likeness, scope=scope, known=known)
    scored = _score(query, leaves.whole, present, mean)
    if vectors is not None and ranking.feedback is not None and terms:
        scored = _looked_at(query, scored, leaves, terms, present, ranking, vectors)
    if sense is not None:
        words, absent = _words_of(query, leaves, sense)
        scored = fuse(scored, sense, present, leaves.rejected(terms), words, absent, ranking.fusion, FLOOR)
    ids = np.flatnonzero(scored.found & scored.allowed & present).astype(np.int64)
    return ids, scored.score[ids]


def _looked_at(
    query: Resolved,
    scored: Scored,
    leaves: Leaves,
    terms: list[Term],
    present: NDArray[np.bool_],
    ranking: Ranking,
    vectors: Vectors,
) -> Scored:
    """Return the scores, with the best candidates rescored by the votes of pictures like each word's best hits."""
    ids = np.flatnonzero(scored.found & scored.allowed & present).astype(np.int64)
    if ranking.feedback is None or not len(ids):
        return scored
    some = ids[best(scored.score[ids], ranking.feedback.candidates)]
    told = {id(term): leaves.whole(term).score for term in terms}
    lifts = votes(ranking.feedback, told, some, vectors)
    lifted = _score(query, leaves.some(some, lifts), present[some], ranking.mean)
    score = scored.score.copy()
    score[some] = np.maximum(score[some], lifted.score)
    return Scored(score, scored.found, scored.holds, scored.allowed)


def _words_of(query: Resolved, leaves: Leaves, sense: Sense) -> tuple[int, int]:
    """Return the number of words that the score averages, and how many plain ones of them find nothing anywhere.

    A single word without a hit above the minimum counts as one that finds nothing: its tag is not trusted.
    """
    items = query.items if isinstance(query, All) else (query,)
    wanted = [item for item in items if ranks(item) and not isinstance(item, Negated)]
    plain = {part for word in sense.words for part in word.casefold().split()}
    least = WORTH if len(wanted) == 1 else 0.0
    absent = [
        term
        for term in wanted
        if isinstance(term, Term) and plain.issuperset(term.word.split()) and leaves.whole(term).score.max() <= least
    ]
    return len(wanted), len(absent)


def best_first(ids: NDArray[np.int64], scores: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the images in order of score; ties keep their order."""
    order = np.argsort(-scores, kind="stable")
    return ids[order], scores[order]


def _wanted(node: Resolved) -> Iterator[Term]:
    """Yield the words that are evidence for a picture, not the excluded ones."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Demanded | Weaker):
        yield from _wanted(node.item)
    elif isinstance(node, All | AnyOf):
        for item in node.items:
            yield from _wanted(item)


def _has_other_words(node: Resolved) -> bool:
    """Return True if words restricted to a source are among the evidence for a picture."""
    if isinstance(node, Scoped):
        return True
    return any(map(_has_other_words, node.items if isinstance(node, All | AnyOf) else ()))


def _cosine(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scores for a query of ``like:`` alone."""
    return np.maximum(cosines, 0).astype(np.float32)


def _score(node: Resolved, leaf: Leaf, present: NDArray[np.bool_], mean: str) -> Scored:
    if isinstance(node, Term | Filter | Like | Counted | Scoped):
        return leaf(node)
    if isinstance(node, Negated):
        item = _score(node.item, leaf, present, mean)
        holds = ~(item.holds & item.allowed)
        return Scored(1 - item.score * item.found, present, holds, holds)
    if isinstance(node, Weaker):
        item = _score(node.item, leaf, present, mean)
        return Scored(item.score * np.float32(node.factor), item.found, np.zeros_like(item.holds), item.allowed)
    if isinstance(node, Demanded):
        item = _score(node.item, leaf, present, mean)
        return Scored(item.score, item.found, item.holds, item.holds & item.allowed)
    if isinstance(node, AnyOf):
        return _any_of([_score(item, leaf, present, mean) for item in node.items])
    return _all(node, leaf, present, mean)


def _any_of(parts: list[Scored]) -> Scored:
    return Scored(
        np.max([np.where(part.allowed, part.score, 0) for part in parts], axis=0),
        np.any([part.found & part.allowed for part in parts], axis=0),
        np.any([part.holds & part.allowed for part in parts], axis=0),
        np.any([part.allowed for part in parts], axis=0),
    )


def _all(node: All, leaf: Leaf, present: NDArray[np.bool_], mean: str) -> Scored:
    # Conditions decide which images are results, but not in which order.
    filters = [_score(item, leaf, present, mean) for item in node.items if not ranks(item)]
    ranking = [item for item in node.items if ranks(item)]
    wanted = [_score(item, leaf, present, mean) for item in ranking if not isinstance(item, Negated)]
    unwanted = [_score(item, leaf, present, mean) for item in ranking if isinstance(item, Negated)]
    parts = wanted + unwanted + filters
    if wanted:
        score = _mean([part.score for part in wanted], mean)
        found = reduce(np.logical_or, (part.found for part in wanted))
    else:
        score, found = np.ones(len(present), np.float32), present & bool(parts)
    for part in unwanted:
        score = score * part.score
    true = np.ones(len(present), np.bool_)
    return Scored(
        score.astype(np.float32, copy=False),
        found,
        reduce(np.logical_and, (part.holds for part in parts), true),
        reduce(np.logical_and, (part.allowed for part in parts), true),
    )


def _mean(scores: list[NDArray[np.float32]], mean: str) -> NDArray[np.float32]:
    joined: NDArray[np.float32]
    if len(scores) == 1:  # exactly the same number, or the cut-off would depend on the conditions
        return np.maximum(scores[0], np.float32(FLOOR))
    if mean == "geometric":
        logs = reduce(np.add, (np.log(np.maximum(score, np.float32(FLOOR))) for score in scores))
        joined = np.exp(logs / np.float32(len(scores)))
        return joined
    rows = np.stack(scores)
    joined = rows.mean(axis=0) if mean == "arithmetic" else rows.min(axis=0) if mean == "least" else rows.max(axis=0)
    return joined
