"""Reading all that annotators said of images, as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Integer, select, type_coerce

from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import heard

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray


def said_of(connection: Connection, images: Iterable[int]) -> NDArray[float64]:
    """Image, annotator, tag, probability, shown; without SQLAlchemy's conversions, which take most of the time."""
    import numpy as np

    table = s.annotation_tags.c
    columns = (table.image_id, table.annotator_id, table.tag_id, table.probability, type_coerce(table.shown, Integer))
    found: list[tuple[float, ...]] = []
    for piece in pieces(images):
        result = connection.execute(select(*columns).where(table.image_id.in_(piece), heard(table.annotator_id)))
        found += result.cursor.fetchall() if result.cursor else []
        result.close()
    return np.array(found, np.float64).reshape(-1, len(columns))


def spelled(connection: Connection, tags: Iterable[int]) -> dict[int, str]:
    """The tags of these ids, as annotators say them."""
    names: dict[int, str] = {}
    for piece in pieces(tags):
        rows = connection.execute(select(s.tags.c.id, s.tags.c.name).where(s.tags.c.id.in_(piece)))
        names.update((tag, name) for tag, name in rows)
    return names
