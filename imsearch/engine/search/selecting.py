"""Predicates looked up: the catalog finds what it holds, the indexes and the words of the library find the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from imsearch.engine.search.circles import circle_of
from imsearch.engine.search.sources import Sources
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.matching import combined
from imsearch.engine.words.postings import Postings
from imsearch.keys import (
    And,
    BadValue,
    HasDuplicate,
    HasKind,
    HasTag,
    Not,
    Or,
    Predicate,
    SaidBy,
    Span,
    Within,
    did_you_mean,
)

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_EXACT = 1e-6
"""Indexes hold single precision: what was said as .8 comes back as .79999995 and must count as .8."""


class Tags(Protocol):
    """The part of `imsearch.engine.words.words.Words` that predicates on tags need."""

    def of_kind(self, kind: str) -> list[str]:
        """The library's tags of a kind, itself too."""

    def normalize(self, text: str) -> str:
        """As tags are spelled."""


class Selector:
    """Finds the images that predicates are true of, in a library as it is now.

    postings: the images that have a tag.  duplicates: the images that have a near duplicate.  coordinates: latitude and
    longitude of a place; None for one that nobody knows.  tagged: returns the images that show a tag of a source, or
    of any for "", where that is known without asking the catalog; None where it is not.  images: returns all there are,
    in any order; by default the catalog is asked.
    """

    def __init__(
        self,
        catalog: CatalogReading,
        postings: Callable[[str], Postings],
        tags: Tags,
        duplicates: Callable[[CatalogReading], Iterable[int]],
        coordinates: Callable[[str], tuple[float, float] | None],
        sources: Sources,
        tagged: Callable[[str], NDArray[int64] | None] = lambda source: None,
        images: Callable[[], NDArray[int64]] | None = None,
    ) -> None:
        self._catalog = catalog
        self._postings = postings
        self._tags = tags
        self._duplicates = duplicates
        self._coordinates = coordinates
        self._sources = sources
        self._tagged = tagged
        self._images = images

    def ids(self, predicate: Predicate) -> NDArray[int64]:
        """Return the ids in order; raises `BadValue` where the predicate names what the library does not know."""
        if predicate == And(()) and self._images is not None:
            return np.sort(self._images(), kind="stable")  # which costs little where they are in order
        leaves = list(_leaves(predicate))
        asked = {leaf.source for leaf in leaves if isinstance(leaf, SaidBy)}
        for source in filter(None, asked):
            self.known(source)
        tagged = {source: self._tagged(source) for source in asked}
        elsewhere = any(isinstance(leaf, HasTag | HasKind | HasDuplicate | Within) for leaf in leaves)
        if not elsewhere and not any(ids is not None for ids in tagged.values()):
            return self._catalog.select(predicate)
        match predicate:
            case SaidBy(source):
                found = tagged[source]
                return self._catalog.select(predicate) if found is None else found
            case HasTag(tag, None):
                return self._shown(tag)
            case HasTag(tag, span):
                return self._likely(tag, cast(Span, span))
            case HasKind(kind):
                return self._showing(self._tags.of_kind(kind))
            case HasDuplicate():
                return np.unique(np.fromiter(self._duplicates(self._catalog), np.int64))
            case Within(circle):
                return self._catalog.select(Within(circle_of(circle, self._coordinates)))
        found = combined(predicate, self.ids)
        assert found is not None  # only what has leaves is left
        return found

    def known(self, source: str) -> str:
        """Return the name of a source of tags; raises `BadValue` for one that the library does not have."""
        names = self._sources.names()
        if source not in names:
            raise BadValue(f"knows {', '.join(names)} in this library; not {source!r}.{did_you_mean(source, names)}")
        return source

    def _likely(self, tag: str, span: Span) -> NDArray[int64]:
        postings = self._postings(self._tags.normalize(tag))
        probability = postings.probabilities
        kept = ~postings.rejected
        if span.low is not None:
            low = cast(float, span.low)
            kept &= probability > low + _EXACT if span.above else probability >= low - _EXACT
        if span.high is not None:
            high = cast(float, span.high)
            kept &= probability < high - _EXACT if span.below else probability <= high + _EXACT
        return np.sort(postings.images[kept])

    def _shown(self, name: str) -> NDArray[int64]:
        try:
            os.fsencode(name)
        except UnicodeEncodeError:  # half a character: no tag can be called so
            return np.empty(0, np.int64)
        tag = name.encode(errors="replace").decode()
        return self._showing([tag if len(self._postings(tag).images) else self._tags.normalize(tag)])

    def _showing(self, tags: Iterable[str]) -> NDArray[int64]:
        found = [postings.images[postings.shown & ~postings.rejected] for postings in map(self._postings, tags)]
        return np.unique(np.concatenate([np.empty(0, np.int64), *found]))


def _leaves(predicate: Predicate) -> Iterator[Predicate]:
    """The predicates in a tree that hold no others."""
    if isinstance(predicate, And | Or):
        for item in predicate.items:
            yield from _leaves(item)
    elif isinstance(predicate, Not):
        yield from _leaves(predicate.item)
    else:
        yield predicate
