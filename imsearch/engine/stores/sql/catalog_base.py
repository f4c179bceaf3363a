"""The catalog's file held open, and what changed in it since when."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import Connection, Engine, select

from imsearch.engine.stores.derived import State
from imsearch.engine.stores.embedded.sqlite import READING, check_file, connect, is_still, translated
from imsearch.engine.stores.sql import schema as s
from imsearch.errors import LibraryError, WriteRefused

T = TypeVar("T")
_STATE = select(s.library.c.uid, s.library.c.generation)
_MOST_AT_ONCE = 1000
"""Values in one ``IN (...)``; SQLite takes 32,766, and statements of this length are still quick to make."""


def pieces(values: Iterable[T], size: int = _MOST_AT_ONCE) -> Iterator[list[T]]:
    """Cut into lists of at most `size`."""
    iterator = iter(values)
    while piece := list(islice(iterator, size)):
        yield piece


def _file_at(path: Path) -> tuple[int, int] | None:
    """What tells a file from any other that exists; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


class CatalogBase:
    """An open catalog; every call sees the newest committed state, from any thread."""

    def __init__(self, path: Path, *, write: bool = False) -> None:
        """Open an existing catalog; raises `LibraryError` when it is damaged or cannot be read."""
        self.path = path
        self._still: tuple[int, int] | None = None
        self.engine: Engine = connect(path, write=write)
        try:
            check_file(self.engine, path)
        except WriteRefused:
            self.close()
            if write or not is_still(path):
                raise
            # A reader makes two small files beside the catalog to agree with writers.  Where the disk is too full even
            # for these, nobody writes, and the file alone can be read.
            self.engine, self._still = connect(path, write=False, still=True), self._as_it_is()
            check_file(self.engine, path)
        except LibraryError:
            self.close()
            raise
        self._file = _file_at(path)
        self._remembered: dict[Hashable, tuple[State, object]] = {}

    def _as_it_is(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose statements all see one state; what SQLite complains of is put in words."""
        self.check_place()
        if self._still is not None and not (is_still(self.path) and self._as_it_is() == self._still):
            self.close()  # there is room again, and somebody writes
            self.engine, self._still = connect(self.path, write=False), None
        with translated(self.path), self.engine.connect().execution_options(**{READING: True}) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of a catalog that was opened for writing; one at a time, whatever the process."""
        self.check_place()
        with translated(self.path), self.engine.begin() as connection:
            yield connection

    def check_place(self) -> None:
        """Raise `LibraryError` when the file was removed or another one lies in its place.

        SQLite would go on with the removed file: show what was, and lose what is written.  `reading` and `writing`
        ask this by themselves.
        """
        if _file_at(self.path) != self._file:
            raise LibraryError(
                f"The library {self.path.parent} was removed or replaced while it was open. Start imsearch again to "
                "open what is there now."
            )

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
