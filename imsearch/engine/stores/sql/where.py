"""Conditions on where pictures were taken: a circle on the globe, the name of a city, region or country."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, between, or_, select

from imsearch.engine.query.conditions import Around, Circle, Condition, Exact, Part
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.catalog_base import CatalogBase
from imsearch.engine.stores.sql.distinct import distinct
from imsearch.engine.words.place_names import PlaceNames, folded, holds
from imsearch.engine.words.places import box, inside
from imsearch.errors import QueryError

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_I = s.images.c
PLACED: Mapping[str, Sequence[Column[Any]]] = {
    "place": (_I.city, _I.region, _I.country),
    "city": (_I.city,),
    "region": (_I.region,),
    "country": (_I.country,),
}
"""The columns that a key asks."""


def coordinates_of(name: str) -> tuple[float, float] | None:
    """The latitude and longitude of a place; None for one that nobody knows.  Reads the whole gazetteer."""
    from imsearch.engine.words.gazetteer import Gazetteer  # most queries need none

    return Gazetteer().find(name)


def circle_of(condition: Condition, find: Callable[[str], tuple[float, float] | None]) -> Circle:
    """The circle that ``near:`` asks for; raises `QueryError` for a place that nobody knows."""
    value = condition.value
    if isinstance(value, Circle):
        return value
    assert isinstance(value, Around)
    found = find(value.name)
    if found is None:
        raise QueryError(
            f"near: knows no place called {value.name!r}. Name a city, or give latitude, longitude and kilometres, "
            "for example near:48.14,11.58,5.",
            condition.position,
        )
    return Circle(*found, value.kilometres)


def around(catalog: CatalogBase, circle: Circle) -> NDArray[int64]:
    """The images whose coordinates lie in a circle, in order of id."""
    import numpy as np

    (south, north), longitudes = box(circle)
    beside = or_(*(between(_I.longitude, west, east) for west, east in longitudes))
    rows = select(_I.id, _I.latitude, _I.longitude).where(between(_I.latitude, south, north), beside)
    with catalog.reading() as connection:
        places = connection.execute(rows.order_by(_I.id)).all()
    table = np.array([tuple(row) for row in places], np.float64).reshape(-1, 3)
    ids: NDArray[int64] = table[inside(circle, table[:, 1], table[:, 2]), 0].astype(np.int64)
    return ids


def in_place(catalog: CatalogBase, key: str, value: Part | Exact) -> ColumnElement[bool]:
    """The images taken in a place whose name holds these words, in any language that is known; or just this name."""
    columns = PLACED[key]
    if isinstance(value, Exact):
        return or_(*(column == value.text.encode(errors="replace").decode() for column in columns))
    wanted = [words for words in PlaceNames().meant(folded(value.text)) if words]
    found = []
    with catalog.reading() as connection:
        for column in columns:
            names = [name for name in distinct(connection, column) if any(holds(folded(name), each) for each in wanted)]
            found.append(column.in_(names))
    return or_(*found)
