"""The catalog on an open database: its state, and what changed in it since when."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import Connection, Engine, select

from imsearch.engine.stores.derived import State
from imsearch.engine.stores.holdings import Holdings
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.database import Database
from imsearch.engine.stores.sql.holdings import holdings

T = TypeVar("T")
_STATE = select(s.library.c.uid, s.library.c.generation)
_MOST_AT_ONCE = 1000
"""Values in one ``IN (...)``; SQLite takes 32,766, and statements of this length are still quick to make."""


def pieces(values: Iterable[T], size: int = _MOST_AT_ONCE) -> Iterator[list[T]]:
    """Cut into lists of at most `size`."""
    iterator = iter(values)
    while piece := list(islice(iterator, size)):
        yield piece


class CatalogBase:
    """An open catalog; every call sees the newest committed state, from any thread."""

    def __init__(self, database: Database) -> None:
        """Read and write through this database, which is closed with the catalog."""
        self.database = database
        self._remembered: dict[Hashable, tuple[State, object]] = {}

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""
        return self.database.engine

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection whose statements all see one state."""
        return self.database.reading()

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction of a catalog that was opened for writing; one at a time, whatever the process."""
        return self.database.writing()

    def check_place(self) -> None:
        """Raise `LibraryError` when the library was removed or replaced while it was open."""
        self.database.check_place()

    def damages(self) -> list[str]:
        """What is wrong with what is stored, in words; reads everything.  Empty when all is well."""
        return self.database.damages()

    def holdings(self) -> Holdings:
        """How much the library holds."""
        with self.reading() as connection:
            return holdings(connection)

    def state(self) -> State:
        """The library's own id and its generation, which grows with every change."""
        with self.reading() as connection:
            uid, generation = connection.execute(_STATE).one()
        return uid, generation

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns in the catalog's present state; made once, and again when the catalog has changed.

        key: names what is made, and what it depends on beside the catalog.
        """
        state = self.state()
        known = self._remembered.get(key)
        if known is None or known[0] != state:
            known = self._remembered[key] = state, make()
        return cast(T, known[1])

    def remembers(self, key: Hashable) -> bool:
        """Whether something was made for this key in the present state."""
        known = self._remembered.get(key)
        return known is not None and known[0] == self.state()

    def changed_since(self, generation: int) -> list[int]:
        """The images changed after that generation, in order of id; 0 asks for all."""
        changed = select(s.changes.c.image_id).where(s.changes.c.generation > generation)
        with self.reading() as connection:
            return list(connection.execute(changed.order_by(s.changes.c.image_id)).scalars())

    def paths_of(self, ids: Iterable[int]) -> dict[int, list[Path]]:
        """The files of images, by path; images without any are left out."""
        found: dict[int, list[Path]] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                files = select(s.files.c.image_id, s.files.c.path).where(s.files.c.image_id.in_(piece))
                for image, path in connection.execute(files.order_by(s.files.c.path)):
                    found.setdefault(image, []).append(Path(os.fsdecode(path)))
        return found

    def live(self, ids: Iterable[int]) -> set[int]:
        """Those of these images that still have a file."""
        found: set[int] = set()
        with self.reading() as connection:
            for piece in pieces(ids):
                found.update(
                    connection.execute(select(s.files.c.image_id).where(s.files.c.image_id.in_(piece))).scalars()
                )
        return found
