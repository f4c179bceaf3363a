"""What a whole result has in common: its most frequent tags, years, cameras and folders, with counts.

All values of the library are read once for a state of the catalog and kept as arrays, so that counting over any result
is a matter of milliseconds afterwards; a small result on its own is not worth that, and is counted row by row.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, extract, select

from imsearch.engine import schema as s
from imsearch.engine.catalog import Catalog
from imsearch.engine.catalog_base import pieces
from imsearch.engine.catalog_tags import shown_tags

Facets = dict[str, tuple[tuple[str, int], ...]]
MOST = 10
"""Values of each kind."""
FEW = 1000
"""So many images are looked up one by one, when the values of all are not at hand."""
H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True, slots=True, eq=False)
class _Values:
    """The values of one kind: image and value of each pair that there is, each once; what the values are called."""

    images: NDArray[np.int64]
    values: NDArray[np.int64]
    names: Sequence[str]

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, H]], name: dict[H, str] | None = None) -> _Values:
        """name: what a value is called, where it is not called by itself."""
        numbers: dict[H, int] = {}
        table = np.array([(image, numbers.setdefault(value, len(numbers))) for image, value in pairs], np.int64)
        images, values = np.unique(table.reshape(-1, 2), axis=0).T
        return cls(images, values, [str(value) if name is None else name[value] for value in numbers])

    def top(self, inside: NDArray[np.bool_], most: int) -> tuple[tuple[str, int], ...]:
        """The most frequent among the images that are marked; equal ones by name."""
        counts = np.bincount(self.values[inside[self.images]], minlength=len(self.names)).tolist()
        told = [(name, count) for name, count in zip(self.names, counts, strict=True) if count]
        return tuple(sorted(told, key=lambda pair: (-pair[1], pair[0]))[:most])


def facets(catalog: Catalog, ids: Sequence[int], most: int = MOST) -> Facets:
    """The most frequent values among these images, by kind: "tag", "year", "camera", "folder".

    A tag counts where it is shown.  Kinds without any value are left out.
    """
    if not ids:
        return {}
    if len(ids) <= FEW and not catalog.remembers("facets"):
        known = _read(catalog, ids)
    else:
        known = catalog.remembered("facets", partial(_read, catalog))
    size = max([max(ids), *(int(kind.images.max()) for kind in known.values() if len(kind.images))]) + 1
    inside = np.zeros(size, np.bool_)
    inside[np.asarray(ids)] = True
    counted = {kind: values.top(inside, most) for kind, values in known.items()}
    return {kind: top for kind, top in counted.items() if top}


def _read(catalog: Catalog, ids: Sequence[int] | None = None) -> dict[str, _Values]:
    """The values of all images, or of these."""
    tags: list[tuple[int, int]] = []
    years: list[tuple[int, int]] = []
    cameras: list[tuple[int, str]] = []
    folders: list[tuple[int, bytes]] = []
    separator = os.fsencode(os.sep)
    with catalog.reading() as connection:
        for piece in [None] if ids is None else pieces(ids):
            tags += shown_tags(connection, piece)
            facts = select(s.images.c.id, extract("year", s.images.c.taken_at), s.images.c.camera)
            for image, year, camera in connection.execute(facts.where(_among(s.images.c.id, piece))):
                years += [(image, year)] if year is not None else []
                cameras += [(image, camera)] if camera else []
            paths = select(s.files.c.image_id, s.files.c.path).where(_among(s.files.c.image_id, piece))
            folders += [(image, path.rpartition(separator)[0]) for image, path in connection.execute(paths)]
        names = _names(connection)
    return {
        "tag": _Values.of(tags, names),
        "year": _Values.of(years),
        "camera": _Values.of(cameras),
        "folder": _Values.of(folders, {folder: os.fsdecode(folder) for _, folder in folders}),
    }


def _among(column: ColumnElement[int], piece: Sequence[int] | None) -> ColumnElement[bool]:
    return column.is_not(None) if piece is None else column.in_(piece)


def _names(connection: Connection) -> dict[int, str]:
    known = connection.execute(select(s.tags.c.id, s.tags.c.name))
    return {tag: name for tag, name in known}  # noqa: C416 - rows are no pairs to mypy
