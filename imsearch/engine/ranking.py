"""Ranking by probability.  Pure: a query resolved to tags and their postings in, ids and scores out.

Every image has a place in arrays of length `size`, the largest image id plus one, so that combining words is plain
arithmetic.  Scoring a query by the sum of log p over its words, with a floor for absent ones, is what measured best for
tags with a long tail; the score shown is the geometric mean, so that one word's score is its probability.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.resolved import All, AnyOf, Demanded, Filter, Negated, Resolved, Sense, Term
from imsearch.engine.text_index import Postings

FLOOR = 1e-3
"""The probability of a tag that is not even in an image's tail."""

Lookup = Callable[[str], Postings]


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """What a part of the query says of every image; arrays of shape (size,).

    score: how well it fits, in 0 to 1.  found: whether the image has any of its words.  holds: whether what is shown
    of the image makes it true.  allowed: whether it may be a result at all.
    """

    score: NDArray[np.float32]
    found: NDArray[np.bool_]
    holds: NDArray[np.bool_]
    allowed: NDArray[np.bool_]


def rank(
    query: Resolved, lookup: Lookup, images: NDArray[np.int64], min_score: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ids and scores of the images that fit, best first, equal ones in order of id.

    images: ids of all images there are.  Images below `min_score` are left out, and those without any of the words.
    """
    size = int(images.max()) + 1 if len(images) else 1
    present = np.zeros(size, np.bool_)
    present[images] = True
    scored = _score(query, lookup, present)
    ids = np.flatnonzero(scored.found & scored.allowed & present & (scored.score >= min_score))
    scores = scored.score[ids]
    order = np.argsort(-scores, kind="stable")
    return ids[order].astype(np.int64), scores[order]


def _score(node: Resolved, lookup: Lookup, present: NDArray[np.bool_]) -> _Scored:
    if isinstance(node, Term):
        return _term(node, lookup, present)
    if isinstance(node, Sense):
        return _sense(node, lookup, present)
    if isinstance(node, Filter):
        inside = np.zeros(len(present), np.bool_)
        inside[node.ids[node.ids < len(present)]] = True
        return _Scored(inside.astype(np.float32), inside, inside, inside)
    if isinstance(node, Negated):
        item = _score(node.item, lookup, present)
        holds = ~(item.holds & item.allowed)
        return _Scored(1 - item.score * item.found, present, holds, holds)
    if isinstance(node, Demanded):
        item = _score(node.item, lookup, present)
        return _Scored(item.score, item.found, item.holds, item.holds & item.allowed)
    if isinstance(node, AnyOf):
        return _any_of([_score(item, lookup, present) for item in node.items])
    return _all(node, lookup, present)


def _any_of(parts: list[_Scored]) -> _Scored:
    return _Scored(
        np.max([np.where(part.allowed, part.score, 0) for part in parts], axis=0),
        np.any([part.found & part.allowed for part in parts], axis=0),
        np.any([part.holds & part.allowed for part in parts], axis=0),
        np.any([part.allowed for part in parts], axis=0),
    )


def _all(node: All, lookup: Lookup, present: NDArray[np.bool_]) -> _Scored:
    # What is merely so or not decides who is a result, and not in which order.
    filters = [_score(item, lookup, present) for item in node.items if isinstance(item, Filter)]
    wanted = [_score(item, lookup, present) for item in node.items if not isinstance(item, Negated | Filter)]
    unwanted = [_score(item, lookup, present) for item in node.items if isinstance(item, Negated)]
    parts = wanted + unwanted + filters
    if wanted:
        words = [_words(item) for item in node.items if not isinstance(item, Negated | Filter)]
        logs = sum(
            np.float32(count) * np.log(np.maximum(part.score, np.float32(FLOOR)))
            for part, count in zip(wanted, words, strict=True)
        )
        score = np.exp(logs / np.float32(sum(words)))
        found = np.any([part.found for part in wanted], axis=0)
    else:
        score, found = np.ones(len(present), np.float32), present
    for part in unwanted:
        score = score * part.score
    return _Scored(
        score.astype(np.float32),
        found,
        np.all([part.holds for part in parts], axis=0),
        np.all([part.allowed for part in parts], axis=0),
    )


def _term(term: Term, lookup: Lookup, present: NDArray[np.bool_]) -> _Scored:
    """The likeliest of the tags that answer a word; nothing where the user rejected the word itself."""
    size = len(present)
    score = np.zeros(size, np.float32)
    shown = np.zeros(size, np.bool_)
    rejected = np.zeros(size, np.bool_)
    for tag, factor in {**dict.fromkeys(term.names, 1.0), **term.members}.items():
        postings = lookup(tag)
        said = ~postings.rejected & (postings.images < size)
        images = postings.images[said]
        score[images] = np.maximum(score[images], postings.probabilities[said] * np.float32(factor))
        shown[images] |= postings.shown[said]
        if tag in term.names:
            rejected[postings.images[postings.rejected & (postings.images < size)]] = True
    score[rejected] = 0
    return _Scored(score, (score > 0) & ~rejected, shown & ~rejected, np.ones(size, np.bool_))


def _words(node: Resolved) -> int:
    """For how many words a part of the query counts."""
    return node.words if isinstance(node, Sense) else 1


def _sense(node: Sense, lookup: Lookup, present: NDArray[np.bool_]) -> _Scored:
    """The weighted power mean, of exponent 1/2, of the near tags' probabilities: many of them count more than one."""
    size = len(present)
    roots = np.zeros(size, np.float32)
    for tag, weight in node.weights.items():
        postings = lookup(tag)
        said = ~postings.rejected & (postings.images < size)
        roots[postings.images[said]] += np.float32(weight) * np.sqrt(postings.probabilities[said])
    score = np.square(np.minimum(roots, 1))
    # What is near in meaning may order pictures and find them; it makes nothing sure.
    return _Scored(score, score > 0, np.zeros(size, np.bool_), np.ones(size, np.bool_))
