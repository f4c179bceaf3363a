"""Dates that only the names of files tell belong to the names, of which an image may have several."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select, update

from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.pictures.metadata.names import moment_of_name
from imsearch.pictures.metadata.preference import FROM_NAME


def follow_names(connection: Connection, images: Iterable[int]) -> None:
    """Give images that nothing else dates the earliest date that the names of their files tell.

    Works inside the recorder's transaction, after files came or went.  A date stays when no name tells one any more.
    """
    for piece in pieces(sorted(images)):
        undated = _undated(connection, piece)
        names: defaultdict[int, set[str]] = defaultdict(set)
        paths = select(s.files.c.image_id, s.files.c.path).where(s.files.c.image_id.in_(list(undated)))
        for image, path in connection.execute(paths) if undated else ():
            names[image].add(Path(os.fsdecode(path)).stem)
        for image, stems in names.items():
            told = [moment_of_name(stem) for stem in sorted(stems)]
            dated = [(at, offset) for at, offset in told if at is not None]
            if not dated:
                continue
            at, offset = min(dated, key=lambda each: each[0])
            known, metadata = undated[image]
            if at != known:
                said = {"taken_at": at, "utc_offset": offset, "metadata": {**metadata, "taken_from": FROM_NAME}}
                connection.execute(update(s.images).where(s.images.c.id == image).values(said))


def _undated(connection: Connection, images: Iterable[int]) -> dict[int, tuple[datetime | None, dict[str, object]]]:
    """Of these images those that have no date or one from a name, with it and their metadata."""
    found = select(s.images.c.id, s.images.c.taken_at, s.images.c.metadata).where(s.images.c.id.in_(list(images)))
    return {
        image: (taken_at, metadata)
        for image, taken_at, metadata in connection.execute(found)
        if taken_at is None or metadata.get("taken_from") == FROM_NAME
    }
