"""The folders that a library was told to index."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.database import Readable, Writable
from imsearch.records import Folder


def folders(catalog: Readable) -> list[Folder]:
    """All of them, by path."""
    rows = select(s.folders.c.path, s.folders.c.indexed_at).order_by(s.folders.c.path)
    with catalog.reading() as connection:
        return [
            Folder(Path(os.fsdecode(path)), moment and moment.replace(tzinfo=UTC))
            for path, moment in connection.execute(rows)
        ]


def remember(recorder: Writable, paths: Sequence[Path]) -> None:
    """Note folders, given by absolute path, that a run begins with."""
    keys = [os.fsencode(path) for path in paths]
    with recorder.writing() as connection:
        known = set(connection.execute(select(s.folders.c.path).where(s.folders.c.path.in_(keys))).scalars())
        if new := [{"path": key} for key in dict.fromkeys(keys) if key not in known]:
            connection.execute(insert(s.folders), new)


def completed(recorder: Writable, paths: Iterable[Path]) -> None:
    """Note that all below these folders is indexed by now."""
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    keys = [os.fsencode(path) for path in paths]
    with recorder.writing() as connection:
        connection.execute(update(s.folders).where(s.folders.c.path.in_(keys)).values(indexed_at=now))


def drop(recorder: Writable, paths: Iterable[Path]) -> None:
    """Forget folders; the pictures below them stay as they are."""
    keys = [os.fsencode(path) for path in paths]
    with recorder.writing() as connection:
        connection.execute(delete(s.folders).where(s.folders.c.path.in_(keys)))
