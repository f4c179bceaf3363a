"""The database under a catalog, as the statements in this folder see it; each home that speaks SQL brings its own."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine


class Readable(Protocol):
    """The target of statements that only read: a database, or the catalog on it."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection whose statements all see one state."""

    def may_hold(self, column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
        """The condition on bytes that they hold this ASCII text in any capitals, or letters that are not ASCII.

        It narrows down what has to be compared in Python, where the rules for other letters are.
        """


class Writable(Protocol):
    """The target of transactions that write: a database, or the catalog on it."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that writes; raises `LibraryError` where the database can only be read."""


class Marking(Writable, Protocol):
    """The recorder, through which changed images are written."""

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
        """Return what is wrong with the stored data, by the database's integrity check; empty if nothing is."""

    def check_place(self) -> None:
        """Raise `LibraryError` when the library was removed or replaced while it was open."""

    def close(self) -> None:
        """Close the connections."""
