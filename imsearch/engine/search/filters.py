"""The parts of a query that are so or not, looked up: conditions, sources, and what looks like a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from imsearch.engine.query.tree import By, Condition, Everything
from imsearch.engine.query.tree import Like as LikeNode
from imsearch.engine.search.circles import coordinates_of
from imsearch.engine.search.selecting import Selector, Tags
from imsearch.engine.search.sources import Sources
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.words.postings import Postings
from imsearch.engine.words.resolved import Counted, Filter, Like, Resolved, Scoped, tags_in
from imsearch.errors import ImsearchError, QueryError
from imsearch.keys import And, BadValue, SaidBy

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

T = TypeVar("T")


def _unknown(catalog: CatalogReading) -> Iterable[int]:
    raise TypeError("is:duplicate needs somebody who knows the duplicates")


class Filters:
    """Resolves conditions against a library as it is now.

    postings: the images that have a tag.  words: how its tags are spelled, and of which kinds they are.  duplicates:
    the images that have a near duplicate.  like: what looks like a picture.  coordinates: latitude and longitude of a
    place; None for one that nobody knows.  counted: see `imsearch.engine.words.resolving.Conditions.counted`.  tagged,
    images: see `imsearch.engine.search.selecting.Selector`.
    """

    def __init__(
        self,
        catalog: CatalogReading,
        postings: Callable[[str], Postings],
        words: Tags,
        duplicates: Callable[[CatalogReading], Iterable[int]] = _unknown,
        like: Callable[[str], Like] | None = None,
        coordinates: Callable[[str], tuple[float, float] | None] = coordinates_of,
        counted: Callable[[int, Sequence[str]], Counted | None] = lambda value, things: None,
        tagged: Callable[[str], NDArray[int64] | None] = lambda source: None,
        images: Callable[[], NDArray[int64]] | None = None,
    ) -> None:
        self._like = like
        self.counted = counted
        self._sources = Sources(catalog, postings)
        self._selector = Selector(catalog, postings, words, duplicates, coordinates, self._sources, tagged, images)

    def find(self, node: Condition | By | Everything) -> Filter:
        """The images of which this is true; raises `QueryError` for names that the library does not know."""
        if isinstance(node, Everything):
            return Filter("", self._selector.ids(And(())))
        if isinstance(node, By):
            said = SaidBy(node.source)
            return Filter(f"by:{node.source}", _asked(lambda: self._selector.ids(said), "by", node.position))
        return Filter(node.text, _asked(lambda: self._selector.ids(node.predicate), node.key, node.position))

    def like(self, node: LikeNode) -> Like:
        """Return the images similar to a picture; raises `QueryError` where there is none to compare with."""
        if self._like is None:
            raise TypeError("like: needs vectors to be looked up in")
        try:
            return self._like(node.target)
        except ImsearchError as error:
            raise QueryError(str(error), node.position) from error

    def scoped(self, item: Resolved, by: By) -> Scoped:
        """The words of a group as far as this source said them."""
        source = _asked(lambda: self._selector.known(by.source), "by", by.position)
        return Scoped(item, source, self._sources.postings(source, tags_in(item)))


def _asked(ask: Callable[[], T], key: str, position: int) -> T:
    """Ask for what a key means in this library; what the library does not know is a mistake in the query."""
    try:
        return ask()
    except BadValue as error:
        raise QueryError(f"{key}: {error}", position) from error
