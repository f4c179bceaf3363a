"""The catalog's SQLite file, held open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, Text, cast, func, insert, or_

from imsearch.engine.stores.embedded.sqlite import READING, check_file, connect, damages, is_still, translated
from imsearch.errors import LibraryError, WriteRefused


def _file_at(path: Path) -> tuple[int, int] | None:
    """Device and inode, which tell a file from any other that exists; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


class SqliteDatabase:
    """An open catalog file; every connection sees the newest committed state, from any thread.

    Implements `imsearch.engine.stores.sql.database.Database`.
    """

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

    def _as_it_is(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose statements all see one state; SQLite's complaints become `LibraryError`."""
        self.check_place()
        if self._still is not None and not (is_still(self.path) and self._as_it_is() == self._still):
            self.close()  # there is room again, and somebody writes
            self.engine, self._still = connect(self.path, write=False), None
        with translated(self.path), self.engine.connect().execution_options(**{READING: True}) as connection:
            yield connection

    def may_hold(self, column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
        """See `imsearch.engine.stores.sql.database.Readable`; LIKE knows the capitals of ASCII alone."""
        read = cast(column, Text)
        return or_(read.contains(text, autoescape=True), func.length(read) != func.length(column))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of a catalog that was opened for writing; one at a time, whatever the process."""
        self.check_place()
        with translated(self.path), self.engine.begin() as connection:
            yield connection

    def fill(self, connection: Connection, table: Table, rows: Sequence[Row[Any]]) -> None:
        """Insert rows with a value for each column of the table."""
        connection.execute(insert(table), [dict(row._mapping) for row in rows])

    def filled(self, connection: Connection) -> None:
        """Do nothing: SQLite numbers rows by those that are there."""

    def damages(self) -> list[str]:
        """Return the findings of SQLite's integrity check of every page, row and reference; empty if there are none."""
        with self.reading() as connection:
            return damages(connection)

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
