"""Raw files that belong to a picture: files of an image that hold other bytes than it.

The rule stands here and nowhere else: an image's own files are as long as the image, its companions are not.  A file
of the same length is never made a companion.  A companion is no copy, is never opened for the image, and goes with the
last of the image's own files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, exists, insert, select

from imsearch.engine.stores.batch import FileSeen
from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s

_F, _I = s.files.c, s.images.c


def is_own(size: Column[int] = _F.size) -> ColumnElement[bool]:
    """For statements that join files and images: the files that hold the image's bytes."""
    return size == _I.bytes


def companions_among(connection: Connection, paths: Iterable[bytes]) -> set[bytes]:
    """Those of these files that are companions."""
    found: set[bytes] = set()
    for piece in pieces(paths):
        others = select(_F.path).join_from(s.files, s.images).where(_F.path.in_(piece), ~is_own())
        found.update(connection.execute(others).scalars())
    return found


def drop_widows(connection: Connection, images: Iterable[int]) -> None:
    """Remove the companions of those of these images that have no file of their own any more."""
    others = s.files.alias()
    own = exists().where(others.c.image_id == _I.id, is_own(others.c.size))
    for piece in pieces(sorted(images)):
        widowed = select(_I.id).where(_I.id.in_(piece), ~own)
        connection.execute(delete(s.files).where(_F.image_id.in_(widowed)))


def join(connection: Connection, pairs: Sequence[tuple[FileSeen, Path]], generation: int) -> set[int]:
    """Let each raw file belong to the image of the file it is paired with, where the catalog knows that one.

    Returns the images that got or lost a file.
    """
    changed: set[int] = set()
    for piece in pieces(pairs):
        partners = _rows(connection, [os.fsencode(partner) for _, partner in piece])
        known = _rows(connection, [os.fsencode(raw.path) for raw, _ in piece])
        rows = []
        for raw, partner in piece:
            path, image = os.fsencode(raw.path), partners.get(os.fsencode(partner))
            if image is None or image.size != image.bytes or raw.size == image.bytes:
                continue
            row = {"path": path, "image_id": image.image_id, "size": raw.size, "mtime_ns": raw.mtime_ns}
            row["ctime_ns"] = raw.ctime_ns
            before = known.get(path)
            if before is None or any(getattr(before, name) != value for name, value in row.items()):
                rows.append({**row, "seen": generation, "beside": 0})
                changed |= {image.image_id, *([before.image_id] if before else [])}
        paths = [row["path"] for row in rows]
        connection.execute(delete(s.files).where(_F.path.in_(paths)))
        connection.execute(delete(s.failures).where(s.failures.c.path.in_(paths)))
        if rows:
            connection.execute(insert(s.files), rows)
    return changed


def _rows(connection: Connection, paths: Sequence[bytes]) -> Mapping[bytes, Any]:
    found = select(_F.path, _F.image_id, _F.size, _F.mtime_ns, _F.ctime_ns, _I.bytes).join_from(s.files, s.images)
    return {row.path: row for row in connection.execute(found.where(_F.path.in_(paths)))}
