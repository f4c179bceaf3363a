"""The order of results that a query asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Column, Select, select, type_coerce
from sqlalchemy.types import NullType

from imsearch.engine.query.tree import Sort
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.catalog_base import CatalogBase, pieces
from imsearch.engine.words.postings import Postings

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

NEWEST = Sort("date", reverse=True)
"""The order where nothing ranks."""
_COLUMNS: Mapping[str, Column[Any]] = {
    "date": s.images.c.taken_at,
    "size": s.images.c.bytes,
    "rating": s.images.c.rating,
}
_POLES: Mapping[str, tuple[str, str]] = {
    "valence": ("emotion:negative", "emotion:positive"),
    "arousal": ("emotion:calm", "emotion:exciting"),
}
"""Of each scale the tags of its lower and of its upper end."""
_LEAST, _MOST = 0.001, 0.999
"""Probabilities beyond these count as these: an annotator leaves out what is less likely, and the user is sure."""
_FEW = 10_000
"""So many images are asked for one by one; of more, all the library's are read."""


def ordered(
    catalog: CatalogBase,
    ids: NDArray[int64],
    scores: NDArray[float32],
    sort: Sort,
    postings: Callable[[str], Postings],
) -> tuple[NDArray[int64], NDArray[float32]]:
    """The results, which come best first, in this order; equal ones stay as they are, those without the fact go last.

    Up from the earliest, the smallest, the most unpleasant, the calmest and "a"; scores and the reverse of all others
    go down.  postings: the images that have a tag.
    """
    if sort.key == "score":
        return (ids[::-1], scores[::-1]) if sort.reverse else (ids, scores)
    if sort.key in _POLES:
        values: Mapping[int, Any] = _felt(postings, *_POLES[sort.key])
    else:
        values = _names(catalog, ids) if sort.key == "name" else _column(catalog, ids, _COLUMNS[sort.key])
    images = ids.tolist()
    known = [place for place, image in enumerate(images) if image in values]
    known.sort(key=lambda place: values[images[place]], reverse=sort.reverse)
    lacking = [place for place, image in enumerate(images) if image not in values]
    places = np.array(known + lacking, np.intp)
    return ids[places], scores[places]


def _felt(postings: Callable[[str], Postings], low: str, high: str) -> dict[int, float]:
    """The log-odds of the one tag less those of the other, of each image that has one of them.

    Where both come from one rating, as from the annotator `emotion`, that is the rating but for its unit.
    """
    felt: dict[int, float] = {}
    unknown = float(np.log(_LEAST / (1 - _LEAST)))
    for tag, sign in ((low, -1), (high, 1)):
        said = postings(tag)
        probabilities = np.clip(np.where(said.rejected, 0, said.probabilities).astype(float), _LEAST, _MOST)
        odds = np.log(probabilities / (1 - probabilities)) - unknown
        for image, value in zip(said.images.tolist(), (sign * odds).tolist(), strict=True):
            felt[image] = felt.get(image, 0.0) + value
    return felt


def _column(catalog: CatalogBase, ids: NDArray[int64], column: Column[Any]) -> dict[int, Any]:
    # Times are compared as the database writes them: making a hundred thousand of them anew takes longer than sorting.
    rows = select(s.images.c.id, type_coerce(column, NullType())).where(column.is_not(None))
    return dict(_rows(catalog, rows, s.images.c.id, ids))


def _names(catalog: CatalogBase, ids: NDArray[int64]) -> dict[int, str]:
    """The file name of each image: of the copy that is shown."""
    files = select(s.files.c.image_id, s.files.c.path).order_by(s.files.c.seen, s.files.c.path.desc())
    return {
        image: os.fsdecode(path).rpartition(os.sep)[2].casefold()
        for image, path in _rows(catalog, files, s.files.c.image_id, ids)
    }


def _rows(
    catalog: CatalogBase, rows: Select[Any], image: Column[int], ids: NDArray[int64]
) -> Iterator[tuple[int, Any]]:
    """Pairs of these images, and when those are many, of others too."""
    with catalog.reading() as connection:
        if len(ids) > _FEW:
            yield from connection.execute(rows).all()
            return
        for piece in pieces(ids.tolist()):
            yield from connection.execute(rows.where(image.in_(piece))).all()
