"""Copying all tables of a catalog into an empty one, of whatever database, and comparing the two.

Rows go in the order of their keys, some thousands in a transaction, so the last key in a table of the target tells
where a copy that was cut short goes on.  Until all is compared, the target bears a mark; see `copy_mark`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import JSON, Connection, Float, Row, String, Table, func, insert, literal, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.copy_mark import VERSION, mark
from imsearch.engine.stores.sql.database import Database, Readable
from imsearch.errors import LibraryError

CHUNK = 5_000
"""Rows of a transaction; those with vectors take some ten megabytes."""
TABLES = tuple(table for table in s.metadata.sorted_tables if table is not s.library)
_BEGIN_ANEW = -1


class Fillable(Database, Protocol):
    """A database that many rows can be put into at once."""

    def fill(self, connection: Connection, table: Table, rows: Sequence[Row[Any]]) -> None:
        """Insert rows with a value for each column of the table."""

    def filled(self, connection: Connection) -> None:
        """Let the database know what it counts or estimates by itself, after tables were filled."""


class Observer(Protocol):
    """Learns how far a copy is."""

    def stage(self, title: str, total: int, done: int) -> None:
        """Begin a part of the work, of so many rows, of which some were done before."""

    def advance(self, rows: int) -> None:
        """Count rows that are done; an exception from here stops the copy."""

    def note(self, text: str) -> None:
        """Tell the user."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A complete copy.  rows: all that were compared.  copied: those that this call copied."""

    tables: int
    rows: int
    copied: int


def copy(source: Readable, target: Fillable, places: tuple[str, str], observer: Observer) -> Copied:
    """Copy a catalog, or go on with its copy; the caller holds the target's lock for a run.

    places: names of source and target.  All of the source is read in one state.
    Raises `LibraryError` for a target that holds anything else, and when the two differ in the end.
    """
    with source.reading() as origin:
        uid, generation = origin.execute(select(s.library.c.uid, s.library.c.generation)).one()
        _begin(target, places, uid, generation, observer)
        sizes = {table: _size(origin, table) for table in TABLES}
        with target.reading() as connection:
            there = sum(_size(connection, table) for table in TABLES)
        total = sum(sizes.values())
        observer.stage("Copying", total, there)
        try:
            for table in TABLES:
                _fill(origin, target, table, observer)
        except IntegrityError as error:
            raise _differing(target, places, "rows that refer to each other") from error
        with target.writing() as connection:
            target.filled(connection)
        observer.stage("Comparing", total, 0)
        with target.reading() as connection:
            for table in TABLES:
                if digest(origin, table, observer.advance) != digest(connection, table):
                    raise _differing(target, places, f"the table {table.name}")
    with target.writing() as connection:
        # The library's own id stays the target's: the two go apart from here on, and an index that was derived from
        # one at some generation must never pass for one of the other.
        connection.execute(update(s.library).values(generation=generation))
        connection.execute(update(s.version_table).values(version_num=s.HEAD))
        mark.drop(connection)
    return Copied(len(TABLES), total, total - there)


def _begin(target: Fillable, places: tuple[str, str], uid: str, generation: int, observer: Observer) -> None:
    """Put the mark on an empty library, or go on below the mark that is there."""
    source, place = places
    with target.writing() as connection:
        own = connection.execute(select(s.library.c.uid)).scalar_one()
        version = connection.execute(select(s.version_table.c.version_num)).scalar()
        if own == uid:
            raise LibraryError(f"{source} and {place} are the same library. Give another place to copy it to.")
        if version == VERSION:
            begun = connection.execute(select(mark)).one()
            if begun.uid != uid:
                raise LibraryError(
                    f"{place} is a copy of {begun.source} that is not complete. Go on with that one, or give another "
                    "place to copy to. Nothing was changed."
                )
            if (begun.generation, begun.version) == (generation, s.HEAD):
                return
            if begun.generation != _BEGIN_ANEW:
                observer.note(f"The library {source} has changed since the copy was begun, which begins anew.")
            _clear(connection, own)
            mark.drop(connection)
        elif version != s.HEAD or not _is_empty(connection):
            raise LibraryError(
                f"{place} holds a library already. Copy to an empty or a new folder, or to an empty database. "
                "Nothing was changed."
            )
        mark.create(connection)
        connection.execute(insert(mark).values(id=1, source=source, uid=uid, generation=generation, version=s.HEAD))
        connection.execute(update(s.version_table).values(version_num=VERSION))


def _is_empty(connection: Connection) -> bool:
    """Return True for a library that never held anything, so that nothing was derived from it either."""
    new = connection.execute(select(s.library.c.generation)).scalar_one() == 0
    return new and not any(connection.execute(select(literal(1)).select_from(t).limit(1)).first() for t in TABLES)


def _clear(connection: Connection, uid: str) -> None:
    """Make all tables anew: quicker than to delete rows, and of this version of the program."""
    s.metadata.drop_all(connection)
    s.metadata.create_all(connection)
    connection.execute(insert(s.library).values(id=1, uid=uid, generation=0))


def _differing(target: Fillable, places: tuple[str, str], what: str) -> LibraryError:
    """The error for a copy that is not like its source; the next attempt begins anew."""
    with target.writing() as connection:
        connection.execute(update(mark).values(generation=_BEGIN_ANEW))
    return LibraryError(
        f"The copy {places[1]} differs from {places[0]} in {what}: the library was changed while the copy was "
        "interrupted, or a disk is failing. Give the same command again, which copies all of it anew."
    )


def _fill(origin: Connection, target: Fillable, table: Table, observer: Observer) -> None:
    """Copy the rows of a table after the last one that is there."""
    keys = tuple(table.primary_key.columns)
    with target.reading() as connection:
        last = connection.execute(select(*keys).order_by(*(key.desc() for key in keys)).limit(1)).first()
    for rows in _chunks(origin, table, last):
        with target.writing() as connection:
            target.fill(connection, table, rows)
        observer.advance(len(rows))


def _chunks(connection: Connection, table: Table, after: Sequence[Any] | None = None) -> Iterator[Sequence[Row[Any]]]:
    """The rows of a table in the order of its key, from the one after a key on."""
    keys = tuple(table.primary_key.columns)
    places = [list(table.columns).index(key) for key in keys]
    query = select(table).order_by(*keys).limit(CHUNK)
    while True:
        here = query
        if after is not None:
            values = [literal(value, key.type) for value, key in zip(after, keys, strict=True)]
            here = query.where(keys[0] > values[0] if len(keys) == 1 else tuple_(*keys) > tuple_(*values))
        rows = connection.execute(here).all()
        if rows:
            yield rows
        if len(rows) < CHUNK:
            return
        after = [rows[-1][place] for place in places]


def _size(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def digest(connection: Connection, table: Table, step: Callable[[int], None] = lambda rows: None) -> tuple[int, str]:
    """The number of rows and the SHA-256 of all their values, in the order of the key; the same in every database."""
    count, hashed = 0, hashlib.sha256()
    same = [(place, _same(column.type)) for place, column in enumerate(table.columns)]
    plain = [(place, function) for place, function in same if function is not None]
    for rows in _chunks(connection, table):
        for row in rows:
            values = list(row)
            for place, function in plain:
                if values[place] is not None:
                    values[place] = function(values[place])
            hashed.update(repr(values).encode("utf-8", "surrogatepass"))
        count += len(rows)
        step(len(rows))
    return count, hashed.hexdigest()


def _same(kind: object) -> Callable[[Any], Any] | None:
    """Return the function that levels the differences between databases in values of a column; None for no need."""
    if isinstance(kind, JSON):
        return lambda value: json.dumps(value, sort_keys=True)
    if isinstance(kind, Float):
        return lambda value: value + 0.0  # SQLite does not keep the sign of a zero
    if isinstance(kind, String):
        return lambda value: value.replace("\0", "\ufffd")  # PostgreSQL does not store it
    return None
