"""Score the single words and conditions of a query for every image; `imsearch.engine.search.ranking` combines them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.search.feedback import noisy_or
from imsearch.engine.words.postings import Postings
from imsearch.engine.words.resolved import Counted, Filter, Like, Scoped, Term
from imsearch.engine.words.texts import LOOSE, SOURCES, key

_BELOW = 0.99
"""Factor for a score just below that of a picture that shows a thing."""
_ROUNDING = 1e-6
_MANY_POSTINGS = 200_000
"""The scores of words with more postings than this are kept for the next query."""
_IMAGE_BYTES = 8
"""Of all that is kept of a word, an image."""
Lookup: TypeAlias = Callable[[str], Postings]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The scores of a part of the query for every image; arrays of shape (size,).

    score: how well it fits, in 0 to 1.  found: True if the image has any of its words.  holds: True if the shown tags
    of the image satisfy it.  allowed: True if the image may be a result at all.
    """

    score: NDArray[np.float32]
    found: NDArray[np.bool_]
    holds: NDArray[np.bool_]
    allowed: NDArray[np.bool_]

    def at(self, places: NDArray[np.int64]) -> Scored:
        """Return the scores of some images only."""
        return Scored(self.score[places], self.found[places], self.holds[places], self.allowed[places])


Single: TypeAlias = Term | Filter | Like | Counted | Scoped
Leaf: TypeAlias = Callable[[Single], Scored]


class KnownTerms:
    """The scores of the words that took longest to score, up to so many bytes, for one state of the postings.

    A word such as "animal" is answered by hundreds of tags, and is asked for again and again.
    """

    def __init__(self, most: int = 64 << 20) -> None:
        self._most = most
        self._state: Hashable = None
        self._known: OrderedDict[Hashable, tuple[Scored, NDArray[np.bool_]]] = OrderedDict()
        self._lock = Lock()

    def get(self, state: Hashable, term: Hashable) -> tuple[Scored, NDArray[np.bool_]] | None:
        """Return what is known of a term in a state: its scores, and where the user rejected it."""
        with self._lock:
            if state != self._state:
                self._state = state
                self._known.clear()
            found = self._known.get(term)
            if found is not None:
                self._known.move_to_end(term)
            return found

    def keep(self, state: Hashable, term: Hashable, scored: Scored, rejected: NDArray[np.bool_]) -> None:
        """Keep the scores of a term, in place of those that were not asked for for the longest time."""
        with self._lock:
            if state == self._state:
                self._known[term] = scored, rejected
                while len(self._known) * _IMAGE_BYTES * len(rejected) > self._most:
                    self._known.popitem(last=False)


class Leaves:
    """Scores each part of a query once, for all images.

    likeness: turns cosines into scores.  scope: scores a part restricted to one source.  known: scores of words from
    earlier queries, and the state of the postings that they are of.
    """

    def __init__(
        self,
        lookup: Lookup,
        size: int,
        *,
        written: bool,
        likeness: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        scope: Callable[[Scoped], Scored],
        known: tuple[KnownTerms, Hashable] | None = None,
    ) -> None:
        self._known = known
        self._lookup = lookup
        self._size = size
        self._written = written
        self._likeness = likeness
        self._scope = scope
        self._scored: dict[int, Scored] = {}
        self._rejected: dict[int, NDArray[np.bool_]] = {}

    def whole(self, node: Single) -> Scored:
        """Return the scores of a node for every image."""
        known = self._scored.get(id(node))
        if known is None:
            known = self._scored[id(node)] = self._make(node)
        return known

    def _make(self, node: Single) -> Scored:
        if isinstance(node, Term):
            return self._term(node)
        if isinstance(node, Scoped):
            return self._scope(node)
        if isinstance(node, Counted):
            return self._counted(node)
        return self._filter(node) if isinstance(node, Filter) else self._like(node)

    def rejected(self, terms: Iterable[Term]) -> NDArray[np.bool_]:
        """Return the images for which the user rejected one of these words."""
        places = np.zeros(self._size, np.bool_)
        for term in terms:
            self.whole(term)
            places |= self._rejected[id(term)]
        return places

    def some(self, images: NDArray[np.int64], lifts: Mapping[int, NDArray[np.float32]]) -> Leaf:
        """Return the scores of a node for these images.

        lifts: further evidence for terms, by their `id`, of the images' shape.
        """

        def leaf(node: Single) -> Scored:
            scored = self.whole(node).at(images)
            if id(node) not in lifts:
                return scored
            lifted = noisy_or(scored.score, lifts[id(node)])
            lifted[self._rejected[id(node)][images]] = 0
            return Scored(lifted, scored.found, scored.holds, scored.allowed)

        return leaf

    def _filter(self, node: Filter) -> Scored:
        inside = np.zeros(self._size, np.bool_)
        inside[node.ids[node.ids < self._size]] = True
        return Scored(inside.astype(np.float32), inside, inside, inside)

    def _like(self, node: Like) -> Scored:
        known = node.ids < self._size
        score, found = np.zeros(self._size, np.float32), np.zeros(self._size, np.bool_)
        score[node.ids[known]] = self._likeness(node.scores[known])
        found[node.ids[known]] = True
        return Scored(score, found, found, np.ones(self._size, np.bool_))

    def _counted(self, node: Counted) -> Scored:
        known = node.ids < self._size
        score = np.full(self._size, node.usual, np.float32)
        score[node.ids[known]] = node.scores[known]
        nowhere = np.zeros(self._size, np.bool_)
        return Scored(score, nowhere, score >= 0.5, ~nowhere)

    def _term(self, term: Term) -> Scored:
        """Score a word, or take the scores of an earlier query."""
        if self._known is None:
            scored, self._rejected[id(term)], _ = self._scored_anew(term)
            return scored
        terms, state = self._known
        asked = term.word, term.names, tuple(term.members.items()), term.texts, term.loose, self._written, self._size
        found = terms.get(state, asked)
        if found is None:
            scored, rejected, postings = self._scored_anew(term)
            if postings > _MANY_POSTINGS:
                terms.keep(state, asked, scored, rejected)
            found = scored, rejected
        scored, self._rejected[id(term)] = found
        return scored

    def _scored_anew(self, term: Term) -> tuple[Scored, NDArray[np.bool_], int]:
        """Return the scores of a word, where the user rejected it, and the number of postings that were read.

        The score is that of the likeliest of the tags and texts that answer it; 0 where the user rejected it.
        """
        size = self._size
        score = np.zeros(size, np.float32)
        shown, seen = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        rejected = np.zeros(size, np.bool_)
        read = 0
        for tag, factor in {**dict.fromkeys(term.names, 1.0), **term.members}.items():
            postings = self._inside(self._lookup(tag))
            if postings.rejected.any():
                if tag in term.names:
                    rejected[postings.images[postings.rejected]] = True
                postings = postings.only(~postings.rejected)
            if not len(postings.images):
                continue
            images, likely = postings.images, postings.probabilities * np.float32(factor)
            score[images] = np.maximum(score[images], likely) if read else likely
            read += len(images)
            visible = images[postings.shown]
            shown[visible] = True
            if factor == 1:
                seen[visible] = True
        if (term.texts or term.loose) and self._written:
            written, certain = self._texts(term)
            score, shown = _with_folders_last(score, written, seen & ~rejected, certain), shown | certain
        if rejected.any():
            score[rejected] = 0
            shown &= ~rejected
        return Scored(score, score > 0, shown, np.ones(size, np.bool_)), rejected, read

    def _inside(self, postings: Postings) -> Postings:
        """Return the postings of the images that there are."""
        if not len(postings.images) or postings.images.max() < self._size:
            return postings
        return postings.only(postings.images < self._size)

    def _texts(self, term: Term) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the probability by the likeliest of the spellings, and True where that counts as shown."""
        best, shown = np.zeros(self._size, np.float32), np.zeros(self._size, np.bool_)
        for phrase, share in (*((each, 1.0) for each in term.texts), *((each, LOOSE) for each in term.loose)):
            weakest, surely = np.full(self._size, share, np.float32), np.ones(self._size, np.bool_)
            for word in phrase.split():
                postings = self._inside(self._lookup(key(word)))
                here, certain = np.zeros(self._size, np.float32), np.zeros(self._size, np.bool_)
                here[postings.images] = postings.probabilities * np.float32(share)
                certain[postings.images] = postings.shown
                weakest, surely = np.minimum(weakest, here), surely & certain
            best, shown = np.maximum(best, weakest), shown | surely
        return best, shown


def _with_folders_last(
    score: NDArray[np.float32], written: NDArray[np.float32], seen: NDArray[np.bool_], certain: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return scores by tags and texts, in which folder names never outrank what is seen.

    Not all pictures in a folder "Phone" are of phones.  score, written: probabilities by tags alone and by words alone.
    seen: True where a tag is shown.  certain: True where something better than a folder name was written.
    """
    joined = noisy_or(score, written)
    folder = np.float32(SOURCES["folder"])
    likely = score[seen & (score >= folder)]
    if len(likely):
        weak = (written > 0) & (written <= folder + _ROUNDING) & ~seen & ~certain
        most = max(folder, np.float32(_BELOW) * likely.min())
        joined[weak] = np.minimum(joined[weak], np.maximum(score[weak], most))
    return joined
