"""Conditions looked up: from `date:2023` to the ids of the images it is true of.

What the catalog has a column for is asked in SQL; what only people would call the same (a name in other capitals, a
distance on the globe) is decided here, on as few rows as SQL can narrow it down to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from sqlalchemy import Column, ColumnElement, and_, exists, extract, or_, select, true

from imsearch.engine.query.conditions import Around, Chance, Circle, Condition, Exact, Months, Part, Span, did_you_mean
from imsearch.engine.query.screenshots import is_screenshot
from imsearch.engine.query.tree import By, Everything
from imsearch.engine.query.tree import Like as LikeNode
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.catalog import Catalog, under
from imsearch.engine.stores.sql.sources import Sources, shown_by
from imsearch.engine.stores.sql.where import PLACED, around, circle_of, coordinates_of, in_place
from imsearch.engine.words.postings import Postings
from imsearch.engine.words.resolved import Counted, Filter, Like, Resolved, Scoped, tags_in
from imsearch.errors import ImsearchError, QueryError
from imsearch.languages.letters import folded, unaccented

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_image = s.images.c
_NUMBERS: Mapping[str, Column[Any]] = {
    **dict.fromkeys(("date", "before", "after"), _image.taken_at),
    **{"iso": _image.iso, "width": _image.width, "height": _image.height},
    **{"size": _image.bytes, "rating": _image.rating},
}
_NAMES: Mapping[str, Column[str]] = {"camera": _image.camera, "lens": _image.lens}
_SHAPES: Mapping[str, ColumnElement[bool]] = {
    "portrait": _image.height > _image.width,
    "landscape": _image.width > _image.height,
    "square": _image.width == _image.height,
}
_PANORAMA = or_(_image.width >= 2 * _image.height, 2 * _image.height >= 5 * _image.width)
"""Twice as wide as tall; upright two and a half times, since the screens of many phones are more than twice as tall."""
_FACTS: Mapping[str, ColumnElement[bool]] = {
    "gps": and_(_image.latitude.is_not(None), _image.longitude.is_not(None)),
    "date": _image.taken_at.is_not(None),
    **{name: _image[name].is_not(None) for name in ("camera", "lens", "iso", "rating")},
    "text": exists().where(s.texts.c.image_id == _image.id),
    **{
        name: exists().where(s.texts.c.image_id == _image.id, s.texts.c.source == name.removesuffix("s"))
        for name in ("title", "description", "keywords")
    },
}
_PERSON = "person"
_EXACT = 1e-6
"""Indexes hold single precision: what was said as .8 comes back as .79999995 and must count as .8."""


class _Words(Protocol):
    """What is needed of `imsearch.engine.words.words.Words`."""

    def of_kind(self, kind: str) -> list[str]:
        """The library's tags of a kind, itself too."""

    def normalize(self, text: str) -> str:
        """As tags are spelled."""


def duplicates_of(catalog: Catalog) -> Iterable[int]:
    """The images that have a near duplicate; looked up by a module that only this question needs."""
    module = import_module("imsearch.engine.search.duplicates")
    return cast("Iterable[int]", module.duplicate_ids(catalog))


class Filters:
    """Resolves conditions against a library as it is now."""

    def __init__(
        self,
        catalog: Catalog,
        postings: Callable[[str], Postings],
        words: _Words,
        duplicates: Callable[[Catalog], Iterable[int]] = duplicates_of,
        like: Callable[[str], Like] | None = None,
        coordinates: Callable[[str], tuple[float, float] | None] = coordinates_of,
        counted: Callable[[int, Sequence[str]], Counted | None] = lambda value, things: None,
    ) -> None:
        self._catalog = catalog
        self._postings = postings
        self._words = words
        self._duplicates = duplicates
        self._like = like
        self._coordinates = coordinates
        self.counted = counted
        self._sources = Sources(catalog, postings)

    def find(self, node: Condition | By | Everything) -> Filter:
        """The images of which this is true."""
        if isinstance(node, Everything):
            return Filter("", self._select(true()))
        if isinstance(node, By):
            return Filter(f"by:{node.source}", self._select(shown_by(self._known("by", node.source, node.position))))
        return Filter(node.text, self._ids(node))

    def like(self, node: LikeNode) -> Like:
        """What looks like a picture."""
        if self._like is None:
            raise TypeError("like: needs vectors to be looked up in")
        try:
            return self._like(node.target)
        except ImsearchError as error:
            raise QueryError(str(error), node.position) from error

    def scoped(self, item: Resolved, by: By) -> Scoped:
        """The words of a group as far as this source said them."""
        source = self._known("by", by.source, by.position)
        return Scoped(item, source, self._sources.postings(source, tags_in(item)))

    def _known(self, key: str, source: str, position: int) -> str:
        names = self._sources.names()
        if source not in names:
            raise QueryError(
                f"{key}: knows {', '.join(names)} in this library; not {source!r}.{did_you_mean(source, names)}",
                position,
            )
        return source

    def _ids(self, condition: Condition) -> NDArray[int64]:
        value = condition.value
        match value:
            case Chance():
                return self._likely(value)
            case Circle() | Around():
                return around(self._catalog, circle_of(condition, self._coordinates))
            case Span():
                return self._select(_within(_NUMBERS[condition.key], value))
            case Part() | Exact() if condition.key in PLACED:
                return self._select(in_place(self._catalog, condition.key, value))
            case Part():
                return self._named(condition.key, value)
            case Exact():
                return self._exactly(condition.key, value.text)
            case Months():
                return self._select(extract("month", _image.taken_at).in_(value.numbers))
        if condition.key == "annotator":
            return self._select(shown_by(self._known("annotator", value, condition.position)))
        if condition.key == "type":
            return self._select(_image.format == value.upper())
        if condition.key == "orientation":
            return self._select(_SHAPES[value])
        if value == "duplicate":
            return np.unique(np.fromiter(self._duplicates(self._catalog), np.int64))
        if value == "panorama":
            return self._select(_PANORAMA)
        if value == "screenshot":
            return self._on_paths(is_screenshot)
        if value == "people":
            return self._showing(self._words.of_kind(_PERSON))
        if value in ("tags", "untagged"):
            tagged = shown_by("")
            return self._select(tagged if value == "tags" else ~tagged)
        return self._select(_FACTS[value])

    def _select(self, condition: ColumnElement[bool]) -> NDArray[int64]:
        with self._catalog.reading() as connection:
            found = connection.execute(select(_image.id).where(condition).order_by(_image.id))
            return np.array(found.scalars().all(), np.int64)

    def _likely(self, value: Chance) -> NDArray[int64]:
        postings = self._postings(self._words.normalize(value.tag))
        probability, span = postings.probabilities, value.span
        kept = ~postings.rejected
        if span.low is not None:
            low = cast(float, span.low)
            kept &= probability > low + _EXACT if span.above else probability >= low - _EXACT
        if span.high is not None:
            high = cast(float, span.high)
            kept &= probability < high - _EXACT if span.below else probability <= high + _EXACT
        return np.sort(postings.images[kept])

    def _showing(self, tags: Iterable[str]) -> NDArray[int64]:
        found = [postings.images[postings.shown & ~postings.rejected] for postings in map(self._postings, tags)]
        return np.unique(np.concatenate([np.empty(0, np.int64), *found]))

    def _exactly(self, key: str, text: str) -> NDArray[int64]:
        """What is called just so; for ``folder``, the images with a copy that lies directly in it."""
        try:
            folder = os.fsencode(text.rstrip(os.sep))
        except UnicodeEncodeError:  # half a character: nothing that is stored can be called so
            return np.empty(0, np.int64)
        if key in _NAMES:
            return self._select(_NAMES[key] == text.encode(errors="replace").decode())
        if key == "shows":
            tag = text.encode(errors="replace").decode()
            return self._showing([tag if len(self._postings(tag).images) else self._words.normalize(tag)])
        paths = select(s.files.c.path, s.files.c.image_id).where(under(s.files.c.path, Path(text)))
        with self._catalog.reading() as connection:
            files = connection.execute(paths).all()
        inside = (image for path, image in files if path.rpartition(os.fsencode(os.sep))[0] == folder)
        return np.unique(np.fromiter(inside, np.int64))

    def _named(self, key: str, part: Part) -> NDArray[int64]:
        fits = _pattern(part.text)
        if key in _NAMES:
            column = _NAMES[key]
            with self._catalog.reading() as connection:
                names = connection.execute(select(column).where(column.is_not(None)).distinct()).scalars().all()
            return self._select(column.in_([name for name in names if fits(name)]))
        return self._on_paths(lambda path: fits(path.rpartition(os.sep)[2] if key == "name" else path))

    def _on_paths(self, fits: Callable[[str], bool]) -> NDArray[int64]:
        """The images with a file whose path fits."""
        with self._catalog.reading() as connection:
            files = connection.execute(select(s.files.c.path, s.files.c.image_id)).all()
        found = (image for path, image in files if fits(os.fsdecode(path)))
        return np.unique(np.fromiter(found, np.int64))


def _within(column: Column[Any], span: Span) -> ColumnElement[bool]:
    limits: list[ColumnElement[bool]] = []
    if span.low is not None:
        limits.append(column > span.low if span.above else column >= span.low)
    if span.high is not None:
        limits.append(column < span.high if span.below else column <= span.high)
    return and_(*limits)


def _pattern(text: str) -> Callable[[str], bool]:
    """Whether a text holds this, in any capitals and any Unicode form; ``*`` stands for anything.

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
