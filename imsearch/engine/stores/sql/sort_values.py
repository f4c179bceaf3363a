"""Facts and file names that results are ordered by, read from the catalog."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Connection, Select, select, type_coerce
from sqlalchemy.types import NullType

from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from imsearch.keys.predicate import Number

_FEW = 10_000
"""So many images are asked for one by one; of more, all the library's are read."""


def numbers_of(connection: Connection, ids: NDArray[int64], field: Number) -> dict[int, Any]:
    """Return a fact of each image that has it, as the database compares it; maybe of other images, too."""
    # Times are compared as the database writes them: making a hundred thousand of them anew takes longer than sorting.
    column = s.images.c[field]
    rows = select(s.images.c.id, type_coerce(column, NullType())).where(column.is_not(None))
    return dict(_rows(connection, rows, s.images.c.id, ids))


def names_of(connection: Connection, ids: NDArray[int64]) -> dict[int, str]:
    """Return the file name of each image, of the copy that is shown; maybe of other images, too."""
    files = select(s.files.c.image_id, s.files.c.path).order_by(s.files.c.seen, s.files.c.path.desc())
    return {
        image: os.fsdecode(path).rpartition(os.sep)[2].casefold()
        for image, path in _rows(connection, files, s.files.c.image_id, ids)
    }


def _rows(
    connection: Connection, rows: Select[Any], image: Column[int], ids: NDArray[int64]
) -> Iterator[tuple[int, Any]]:
    if len(ids) > _FEW:
        yield from connection.execute(rows).all()
        return
    for piece in pieces(ids.tolist()):
        yield from connection.execute(rows.where(image.in_(piece))).all()
