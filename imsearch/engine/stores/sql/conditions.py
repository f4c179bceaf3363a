"""Predicates looked up: from `Compare("iso", Span(low=800))` to the ids of the images it is true of.

This is the only file that makes SQL of predicates, and it knows no key of the query language.  What the catalog has a
column for is asked in SQL; what only people would call the same (a name in other capitals, a distance on the globe) is
decided here, on as few rows as SQL can narrow it down to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from sqlalchemy import Column, ColumnElement, and_, exists, extract, false, func, not_, or_, select, true

from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.catalog import Catalog, under
from imsearch.engine.stores.sql.distinct import distinct
from imsearch.engine.stores.sql.sources import Sources, shown_by
from imsearch.engine.stores.sql.where import around, circle_of, in_place
from imsearch.engine.words.postings import Postings
from imsearch.keys import (
    And,
    BadValue,
    Compare,
    FileFits,
    HasDuplicate,
    HasKind,
    HasTag,
    HasText,
    Holds,
    InMonths,
    InPlace,
    Known,
    Not,
    OneOf,
    Or,
    Predicate,
    SaidBy,
    Span,
    Under,
    Within,
    did_you_mean,
)
from imsearch.languages.letters import folded, unaccented

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_image = s.images.c
_FACTS = frozenset(
    (
        *("taken_at", "utc_offset", "iso", "aperture", "exposure", "focal_length", "width", "height", "bytes"),
        *("rating", "latitude", "longitude", "camera", "lens", "format", "city", "region", "country"),
    )
)
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
    longitude of a place; None for one that nobody knows.
    """

    def __init__(
        self,
        catalog: Catalog,
        postings: Callable[[str], Postings],
        tags: Tags,
        duplicates: Callable[[Catalog], Iterable[int]],
        coordinates: Callable[[str], tuple[float, float] | None],
        sources: Sources,
    ) -> None:
        self._catalog = catalog
        self._postings = postings
        self._tags = tags
        self._duplicates = duplicates
        self._coordinates = coordinates
        self._sources = sources

    def ids(self, predicate: Predicate) -> NDArray[int64]:
        """Return the ids in order; raises `BadValue` where the predicate names what the library does not know."""
        if _is_sql(predicate):
            return self._select(self._clause(predicate))
        match predicate:
            case And(items):
                return reduce(np.intersect1d, map(self.ids, items))
            case Or(items):
                return reduce(np.union1d, map(self.ids, items))
            case Not(item):
                return np.setdiff1d(self._select(true()), self.ids(item), assume_unique=True)
            case HasTag(tag, None):
                return self._shown(tag)
            case HasTag(tag, span):
                return self._likely(tag, cast(Span, span))
            case HasKind(kind):
                return self._showing(self._tags.of_kind(kind))
            case HasDuplicate():
                return np.unique(np.fromiter(self._duplicates(self._catalog), np.int64))
            case Within(circle):
                return around(self._catalog, circle_of(circle, self._coordinates))
            case Under(folder, directly):
                return self._under(folder, directly)
            case Holds("name", text):
                fits = _pattern(text)
                return self._on_paths(lambda path: fits(path.rpartition(os.sep)[2]))
            case Holds(_, text):
                return self._on_paths(_pattern(text))
            case FileFits(test):
                return self._on_paths(test)
        raise TypeError(f"{predicate!r} is no predicate")

    def known(self, source: str) -> str:
        """Return the name of a source of tags; raises `BadValue` for one that the library does not have."""
        names = self._sources.names()
        if source not in names:
            raise BadValue(f"knows {', '.join(names)} in this library; not {source!r}.{did_you_mean(source, names)}")
        return source

    def _clause(self, predicate: Predicate) -> ColumnElement[bool]:
        match predicate:
            case Compare(field, span, times):
                return _within(_column(field), span, None if times is None else _column(times))
            case InMonths(months):
                return extract("month", _image.taken_at).in_(months)
            case OneOf(field, values):
                return _column(field).in_([kept for each in values if (kept := _storable(each)) is not None])
            case Known(field):
                return _column(field).is_not(None)
            case Holds(field, text):
                return self._named(_column(field), _pattern(text))
            case InPlace(fields, text):
                return in_place(self._catalog, [_column(field) for field in fields], text)
            case HasText(source):
                written = exists().where(s.texts.c.image_id == _image.id)
                return written.where(s.texts.c.source == source) if source else written
            case SaidBy(source):
                return shown_by(self.known(source) if source else "")
            case And(items):
                return and_(true(), *map(self._clause, items))
            case Or(items):
                return or_(false(), *map(self._clause, items))
            case Not(item):
                return not_(func.coalesce(self._clause(item), false()))  # what is not known is not so
        raise TypeError(f"{predicate!r} is no predicate")

    def _select(self, condition: ColumnElement[bool]) -> NDArray[int64]:
        with self._catalog.reading() as connection:
            found = connection.execute(select(_image.id).where(condition).order_by(_image.id))
            return np.array(found.scalars().all(), np.int64)

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
        tag = _storable(name)
        if tag is None:
            return np.empty(0, np.int64)
        return self._showing([tag if len(self._postings(tag).images) else self._tags.normalize(tag)])

    def _showing(self, tags: Iterable[str]) -> NDArray[int64]:
        found = [postings.images[postings.shown & ~postings.rejected] for postings in map(self._postings, tags)]
        return np.unique(np.concatenate([np.empty(0, np.int64), *found]))

    def _under(self, folder: str, directly: bool) -> NDArray[int64]:
        try:
            wanted = os.fsencode(folder.rstrip(os.sep))
        except UnicodeEncodeError:  # half a character: nothing that is stored can be called so
            return np.empty(0, np.int64)
        paths = select(s.files.c.path, s.files.c.image_id).where(under(s.files.c.path, Path(folder)))
        with self._catalog.reading() as connection:
            files = connection.execute(paths).all()
        separator = os.fsencode(os.sep)
        inside = (image for path, image in files if not directly or path.rpartition(separator)[0] == wanted)
        return np.unique(np.fromiter(inside, np.int64))

    def _named(self, column: Column[Any], fits: Callable[[str], bool]) -> ColumnElement[bool]:
        with self._catalog.reading() as connection:
            return column.in_([name for name in distinct(connection, column) if fits(name)])

    def _on_paths(self, fits: Callable[[str], bool]) -> NDArray[int64]:
        """The images with a file whose path fits."""
        with self._catalog.reading() as connection:
            files = connection.execute(select(s.files.c.path, s.files.c.image_id)).all()
        found = (image for path, image in files if fits(os.fsdecode(path)))
        return np.unique(np.fromiter(found, np.int64))


def _is_sql(predicate: Predicate) -> bool:
    """Return True for what is asked in one statement."""
    if isinstance(predicate, And | Or):
        return all(map(_is_sql, predicate.items))
    if isinstance(predicate, Not):
        return _is_sql(predicate.item)
    if isinstance(predicate, Holds):
        return predicate.field not in ("path", "name")
    return isinstance(predicate, Compare | InMonths | OneOf | Known | InPlace | HasText | SaidBy)


def _column(field: str) -> Column[Any]:
    if field not in _FACTS:
        raise BadValue(f"asks for a fact {field!r}, which the catalog does not hold.")
    return _image[field]


def _storable(value: str | float) -> Any:
    """Return a value as it would be stored; None for half a character: nothing that is stored can be called so."""
    if not isinstance(value, str):
        return value
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return None
    return value.encode(errors="replace").decode()


def _within(column: Column[Any], span: Span, times: Column[Any] | None) -> ColumnElement[bool]:
    limits: list[ColumnElement[bool]] = []
    low, high = (limit if times is None or limit is None else limit * times for limit in (span.low, span.high))
    if span.low is not None:
        limits.append(column > low if span.above else column >= low)
    if span.high is not None:
        limits.append(column < high if span.below else column <= high)
    return and_(true(), *limits)


def _pattern(text: str) -> Callable[[str], bool]:
    """Return a test of whether a text holds this, in any capitals and any Unicode form; ``*`` stands for anything.

    What is typed without accents is found with them, too.
    """
    spelled = [folded(part) for part in text.split("*")]
    plain = not any(map(unaccented, spelled))

    def holds(name: str) -> bool:
        place = 0
        for part in spelled:
            place = name.find(part, place)
            if place < 0:
                return False
            place += len(part)
        return True

    def fits(name: str) -> bool:
        name = folded(name)
        return holds(name) or (plain and any(map(holds, unaccented(name))))

    return fits
