"""Predicates looked up: from `Compare("iso", Span(low=800))` to the ids of the images it is true of.

This is the only file that makes SQL of predicates, and it knows no key of the query language.  What the catalog has a
column for is asked in SQL; what only people would call the same (a name in other capitals, a distance on the globe) is
decided here, on as few rows as SQL can narrow it down to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Column, ColumnElement, and_, exists, extract, false, func, not_, or_, select, true

from imsearch.engine.stores.matching import combined, longest_ascii, pattern
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.database import Readable
from imsearch.engine.stores.sql.distinct import distinct
from imsearch.engine.stores.sql.read_files import under
from imsearch.engine.stores.sql.sources import shown_by
from imsearch.engine.stores.sql.where import around, in_place
from imsearch.keys import (
    And,
    BadValue,
    Circle,
    Compare,
    FileFits,
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
)

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


class Selector:
    """Finds the images that predicates are true of, as far as a catalog knows by itself."""

    def __init__(self, catalog: Readable) -> None:
        self._catalog = catalog

    def ids(self, predicate: Predicate) -> NDArray[int64]:
        """Return the ids in order; raises `BadValue` for a fact that is not held."""
        if _is_sql(predicate):
            return self._select(self._clause(predicate))
        if (found := combined(predicate, self.ids)) is not None:
            return found
        match predicate:
            case Within(Circle() as circle):
                return around(self._catalog, circle)
            case Under(folder, directly):
                return self._under(folder, directly)
            case Holds("name", text):
                fits = pattern(text)
                return self._on_paths(lambda path: fits(path.rpartition(os.sep)[2]), longest_ascii(text))
            case Holds(_, text):
                return self._on_paths(pattern(text), longest_ascii(text))
            case FileFits(test):
                return self._on_paths(test)
        raise TypeError(f"{predicate!r} is nothing that a catalog knows by itself")

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
                return self._named(_column(field), pattern(text))
            case InPlace(fields, text):
                return in_place(self._catalog, [_column(field) for field in fields], text)
            case HasText(source):
                written = exists().where(s.texts.c.image_id == _image.id)
                return written.where(s.texts.c.source == source) if source else written
            case SaidBy(source):
                return shown_by(source)
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
            rows = found.cursor.fetchall() if found.cursor else []  # SQLAlchemy's own rows take half a second a million
            found.close()
        return np.fromiter((image for (image,) in rows), np.int64, len(rows))

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

    def _on_paths(self, fits: Callable[[str], bool], text: str = "") -> NDArray[int64]:
        """The images with a file whose path fits; all paths hold this ASCII text, or other letters than ASCII."""
        paths = select(s.files.c.path, s.files.c.image_id)
        if text:
            paths = paths.where(self._catalog.may_hold(s.files.c.path, text))
        with self._catalog.reading() as connection:
            files = connection.execute(paths).all()
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
