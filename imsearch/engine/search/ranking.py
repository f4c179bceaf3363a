"""Ranking by probability.  Pure: a query resolved to tags and their postings in, ids and scores out.

Every image has a place in arrays of length `size`, the largest image id plus one, so that combining words is plain
arithmetic.  Scoring a query by the sum of log p over its words, with a floor for absent ones, is what measured best for
tags with a long tail; the score shown is the geometric mean, so that one word's score is its probability.
docs/ranking.md has the formulas and where their constants were measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.search.feedback import Feedback, Vectors, best, kernel, votes
from imsearch.engine.search.leaves import Leaf, Leaves, Lookup, Scored
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
    Sense,
    Term,
    Weaker,
    ranks,
)

FLOOR = 1e-3
"""The probability of a tag that is not even in an image's tail."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a result list ends when the user says nothing: at a share of the best score, within bounds.

    `most` keeps a tag that is certain, the user's own say, from hiding all that are merely likely; below `least`
    nothing is worth showing, though it be the best.
    """

    share: float = 0.6
    least: float = 0.05
    most: float = 0.3

    def at(self, best_score: float) -> float:
        """The least score that is shown."""
        return max(self.least, min(self.share * best_score, self.most))


@dataclass(frozen=True, slots=True)
class Ranking:
    """What goes into a score; the defaults are what measured best, the rest is for measuring.

    mean: how words are joined: "geometric", "arithmetic", "least" or "greatest".  written: whether words in file names,
    titles and the like count.  feedback: visual evidence, or None.
    """

    mean: str = "geometric"
    written: bool = True
    feedback: Feedback | None = None
    cut: Cut = field(default_factory=Cut)


DEFAULT = Ranking()


def rank(
    query: Resolved,
    lookup: Lookup,
    images: NDArray[np.int64],
    min_score: float | None = None,
    *,
    ranking: Ranking = DEFAULT,
    vectors: Vectors | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ids and scores of the images that fit, best first, equal ones in order of id.

    Images below `min_score` are left out, by default those that `Ranking.cut` leaves out, and those without any of the
    words.  The rest is as for `find`.
    """
    ids, scores = find(query, lookup, images, ranking=ranking, vectors=vectors)
    kept = scores >= np.float32(cut_of(scores, ranking) if min_score is None else min_score)
    return best_first(ids[kept], scores[kept])


def find(
    query: Resolved,
    lookup: Lookup,
    images: NDArray[np.int64],
    *,
    ranking: Ranking = DEFAULT,
    vectors: Vectors | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """All images that have any of the words and meet the conditions, and their scores, in order of id.

    images: ids of all images there are.  vectors: gives the vectors of images, for visual evidence.
    """
    size = int(images.max()) + 1 if len(images) else 1
    present = np.zeros(size, np.bool_)
    present[images] = True
    terms = list(_wanted(query))
    mean = ranking.mean

    def scope(node: Scoped) -> Scored:
        # What somebody wrote was not said by this source.
        own = Leaves(node.postings, size, written=False, likeness=kernel, scope=scope)
        return _score(node.item, own.whole, present, mean)

    likeness = kernel if terms or _has_other_words(query) else _cosine
    leaves = Leaves(lookup, size, written=ranking.written, likeness=likeness, scope=scope)
    scored = _score(query, leaves.whole, present, mean)
    ids = np.flatnonzero(scored.found & scored.allowed & present).astype(np.int64)
    scores = scored.score[ids]
    if vectors is not None and ranking.feedback is not None and terms and len(ids):
        places = best(scores, ranking.feedback.candidates)
        some = ids[places]
        told = {id(term): leaves.whole(term).score for term in terms}
        lifts = votes(ranking.feedback, told, some, vectors)
        lifted = _score(query, leaves.some(some, lifts), present[some], mean)
        scores[places] = np.maximum(scores[places], lifted.score)
    return ids, scores


def cut_of(scores: NDArray[np.float32], ranking: Ranking = DEFAULT) -> float:
    """The score at which relevance ends among these."""
    return ranking.cut.at(float(scores.max())) if len(scores) else 0.0


def best_first(ids: NDArray[np.int64], scores: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The images in order of score; equal ones stay as they are."""
    order = np.argsort(-scores, kind="stable")
    return ids[order], scores[order]


def _wanted(node: Resolved) -> Iterator[Term]:
    """The words that speak for a picture, not those to avoid."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Demanded | Weaker):
        yield from _wanted(node.item)
    elif isinstance(node, All | AnyOf):
        for item in node.items:
            yield from _wanted(item)


def _has_other_words(node: Resolved) -> bool:
    """Whether words of one source, or a text's sense, are among what speaks for a picture."""
    if isinstance(node, Scoped | Sense):
        return True
    return any(map(_has_other_words, node.items if isinstance(node, All | AnyOf) else ()))


def _cosine(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """The score of a picture that is only asked to look like another."""
    return np.maximum(cosines, 0).astype(np.float32)


def _score(node: Resolved, leaf: Leaf, present: NDArray[np.bool_], mean: str) -> Scored:
    if isinstance(node, Term | Sense | Filter | Like | Counted | Scoped):
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
    # What is merely so or not decides who is a result, and not in which order.
    filters = [_score(item, leaf, present, mean) for item in node.items if not ranks(item)]
    ranking = [item for item in node.items if ranks(item)]
    wanted = [_score(item, leaf, present, mean) for item in ranking if not isinstance(item, Negated)]
    unwanted = [_score(item, leaf, present, mean) for item in ranking if isinstance(item, Negated)]
    parts = wanted + unwanted + filters
    if wanted:
        words = [item.words if isinstance(item, Sense) else 1 for item in ranking if not isinstance(item, Negated)]
        score = _mean([part.score for part in wanted], words, mean)
        found = np.any([part.found for part in wanted], axis=0)
    else:
        score, found = np.ones(len(present), np.float32), present
    for part in unwanted:
        score = score * part.score
    return Scored(
        score.astype(np.float32),
        found,
        np.all([part.holds for part in parts], axis=0),
        np.all([part.allowed for part in parts], axis=0),
    )


def _mean(scores: list[NDArray[np.float32]], words: list[int], mean: str) -> NDArray[np.float32]:
    """words: for how many words each counts."""
    joined: NDArray[np.float32]
    if mean == "geometric":
        logs = sum(
            np.float32(count) * np.log(np.maximum(score, np.float32(FLOOR)))
            for score, count in zip(scores, words, strict=True)
        )
        joined = np.exp(logs / np.float32(sum(words)))
        return joined
    rows = np.repeat(np.stack(scores), words, axis=0)
    joined = rows.mean(axis=0) if mean == "arithmetic" else rows.min(axis=0) if mean == "least" else rows.max(axis=0)
    return joined
