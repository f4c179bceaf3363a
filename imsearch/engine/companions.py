"""Raw files that belong to a picture: files of an image that hold other bytes than it.

They are marked in the catalog, and `is_own` is the one rule by which others leave them out.  A companion is no copy,
is never opened for the image, and goes with the last of the image's own files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, exists, insert, select

from imsearch.engine import schema as s
from imsearch.engine.batch import COMPANION, FileSeen
from imsearch.engine.catalog_base import pieces

_F = s.files.c


def is_own(beside: Column[int] = _F.beside) -> ColumnElement[bool]:
    """The files that hold the bytes of their image."""
    return beside != COMPANION


def drop_widows(connection: Connection, images: Iterable[int]) -> None:
    """Remove the companions of those of these images that have no file of their own any more."""
    others = s.files.alias()
    own = exists().where(others.c.image_id == _F.image_id, is_own(others.c.beside))
    for piece in pieces(sorted(images)):
        connection.execute(delete(s.files).where(_F.image_id.in_(piece), ~is_own(), ~own))


def join(connection: Connection, pairs: Sequence[tuple[FileSeen, Path]], generation: int) -> set[int]:
    """Let each raw file belong to the image of the file it is paired with, where the catalog knows that one.

    Returns the images that got or lost a file.
    """
    changed: set[int] = set()
    for piece in pieces(pairs):
        partners = _rows(connection, [partner for _, partner in piece])
        known = _rows(connection, [raw.path for raw, _ in piece])
        rows = []
        for raw, partner in piece:
            path, image = os.fsencode(raw.path), partners.get(os.fsencode(partner))
            if image is None or image.beside == COMPANION:
                continue
            row = (path, image.image_id, raw.size, raw.mtime_ns, COMPANION)
            if known.get(path) != row:
                rows.append(dict(zip(_COLUMNS, row, strict=True), seen=generation))
                changed |= {image.image_id, *([known[path].image_id] if path in known else [])}
        paths = [row["path"] for row in rows]
        connection.execute(delete(s.files).where(_F.path.in_(paths)))
        connection.execute(delete(s.failures).where(s.failures.c.path.in_(paths)))
        if rows:
            connection.execute(insert(s.files), rows)
    return changed


_COLUMNS = ("path", "image_id", "size", "mtime_ns", "beside")


def _rows(connection: Connection, paths: Iterable[Path]) -> Mapping[bytes, Any]:
    found = select(*(_F[name] for name in _COLUMNS)).where(_F.path.in_([os.fsencode(path) for path in paths]))
    return {row.path: row for row in connection.execute(found)}
