"""Conditions on where pictures were taken: a circle on the globe, the name of a city, region or country."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, between, or_, select

from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.database import Readable
from imsearch.engine.stores.sql.distinct import distinct
from imsearch.engine.words.place_names import PlaceNames, folded, holds
from imsearch.engine.words.places import box, inside
from imsearch.keys import Circle

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_I = s.images.c


def around(catalog: Readable, circle: Circle) -> NDArray[int64]:
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


def in_place(catalog: Readable, columns: Sequence[Column[Any]], text: str) -> ColumnElement[bool]:
    """The images taken in a place whose name holds these words, in any language that is known."""
    wanted = [words for words in PlaceNames().meant(folded(text)) if words]
    found = []
    with catalog.reading() as connection:
        for column in columns:
            names = [name for name in distinct(connection, column) if any(holds(folded(name), each) for each in wanted)]
            found.append(column.in_(names))
    return or_(*found)
