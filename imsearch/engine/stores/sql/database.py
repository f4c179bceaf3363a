"""The database under a catalog, as the statements in this folder see it; each home that speaks SQL brings its own."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Engine


class Readable(Protocol):
    """What statements are run on that only read: a database, or the catalog on it."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection whose statements all see one state."""


class Writable(Protocol):
    """What transactions that write are made on: a database, or the catalog on it."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that writes; raises `LibraryError` where the database can only be read."""


class Marking(Writable, Protocol):
    """What is written through when images change: the recorder."""

    def mark_changed(self, connection: Connection, images: Iterable[int], *, always: bool = False) -> None:
        """Let the indexes follow what this transaction did to these images; see the recorder's."""


class Database(Readable, Writable, Protocol):
    """An open database; usable from any thread.

    Its errors reach the caller as `LibraryError`, worded for the user; integrity errors, which are mistakes of this
    program, pass unchanged.
    """

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""

    def damages(self) -> list[str]:
        """What is wrong with what is stored, in words, by the database's own check; empty when all is well."""

    def check_place(self) -> None:
        """Raise `LibraryError` when the library was removed or replaced while it was open."""

    def close(self) -> None:
        """Close the connections."""
