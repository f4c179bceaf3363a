"""The SQLite file of the catalog: creating and opening it, and putting its errors in words for the user.

The only file that knows the catalog is SQLite; everything else speaks SQLAlchemy.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, select
from sqlalchemy.exc import DatabaseError, IntegrityError

from imsearch.engine.stores.sql import schema
from imsearch.errors import LibraryError
from imsearch.system.refusals import in_words, refused, what_refuses

READING = "imsearch_reading"
"""The execution option of a connection that only reads; without it a writer's transaction locks others out at once."""
_DAMAGE = ("malformed", "not a database", "no such table", "no such column", "file is encrypted")
_DAMAGE_CODES = (
    "SQLITE_CORRUPT",
    "SQLITE_NOTADB",
    "SQLITE_IOERR_SHORT_READ",
    "SQLITE_IOERR_DATA",
    "SQLITE_IOERR_CORRUPTFS",
)
_READING_CODES = (
    "SQLITE_IOERR_READ",
    "SQLITE_IOERR_FSTAT",
    "SQLITE_IOERR_ACCESS",
    "SQLITE_IOERR_MMAP",
    "SQLITE_IOERR_IN_PAGE",
)
_REFUSED_CODES = ("SQLITE_IOERR", "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN")
"""Beginnings of the names of extended error codes; the first that fits decides."""


def damaged(path: Path, detail: str) -> LibraryError:
    """The error for a catalog that cannot be trusted any more."""
    return LibraryError(
        f"The catalog {path} is damaged ({detail}). Restore it from a backup, or move the folder {path.parent} away "
        "and index your pictures again. Nothing was changed."
    )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says into a `LibraryError`; mistakes of this program (integrity errors) pass unchanged."""
    try:
        yield
    except (IntegrityError, sqlite3.IntegrityError):
        raise
    except DatabaseError as error:
        raise _in_words(error.orig, path) from error
    except sqlite3.DatabaseError as error:
        raise _in_words(error, path) from error


def _in_words(error: BaseException | None, path: Path) -> LibraryError:
    """SQLite calls both a refused write and a file that cannot be read a disk I/O error; its extended codes differ."""
    detail, code = str(error), str(getattr(error, "sqlite_errorname", ""))
    if code.startswith(_DAMAGE_CODES) or any(sign in detail.lower() for sign in _DAMAGE):
        return damaged(path, detail)
    if code.startswith(_READING_CODES):
        return LibraryError(
            f"The disk reports an error where the catalog {path} is read ({detail}). It may be failing: check it and "
            f"its cable, and copy the folder {path.parent} to another disk before anything else. Nothing was changed."
        )
    if code.startswith(_REFUSED_CODES):
        found = what_refuses(path)
        if found is None and code.startswith("SQLITE_FULL"):
            found = errno.ENOSPC  # room for a little is left
        if found is not None or code.startswith("SQLITE_IOERR"):
            return refused(found, path)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LibraryError(f"The catalog {path} is in use by another process. Try again when that is done.")
    return LibraryError(
        f"The catalog {path} cannot be used: {detail}. Check that the disk is not full and that you may write "
        f"to {path.parent}."
    )


def connect(path: Path, *, write: bool, still: bool = False) -> Engine:
    """An SQLAlchemy engine on an existing catalog; a reader's connection cannot write at all.

    still: nobody writes to the catalog and its log is empty, so that a reader needs no files beside it.
    """
    mode = {"mode": "rw" if write else "ro"}
    if still or (not write and not os.access(path.parent, os.W_OK)):
        mode = {"immutable": "1"}  # a disc, or somebody else's library: no place for the files WAL needs
    database = "file:" + quote(os.fsencode(path))
    address = URL.create("sqlite", database=database, query={**mode, "uri": "true", "timeout": "30"})
    engine = create_engine(address, max_overflow=-1)  # a web server has more threads than a pool has connections
    event.listen(engine, "connect", _prepare_writer if write else _prepare)
    event.listen(engine, "begin", _begin_for_writing if write else _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    connection.execute("PRAGMA cache_size = -65536")


def _prepare_writer(connection: Any, _: object) -> None:
    _prepare(connection, _)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_for_writing(connection: Connection) -> None:
    """Writers of several processes take turns, so what is read inside such a transaction is true until its end."""
    reading = connection.get_execution_options().get(READING)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def is_still(path: Path) -> bool:
    """Return True if all of the catalog is in its own file: there is no write-ahead log, or an empty one."""
    log = path.with_name(path.name + "-wal")
    try:
        return log.stat().st_size == 0
    except OSError:
        return True


def check_file(engine: Engine, path: Path) -> None:
    """Find the damage SQLite would not see at once: an empty file (a fresh database to it), a cut last page.

    Only SQLite may open the file: when a process closes any descriptor of a file, the system drops all its locks on
    it (POSIX), those of this process's other connections too. Another process that closes its last connection then
    believes itself alone and removes the log under them.
    (https://www.sqlite.org/howtocorrupt.html, section 2.2)
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise LibraryError(f"The catalog {path} cannot be read: {error.strerror}. Check its permissions.") from error
    if size == 0:
        raise damaged(path, "it is empty")
    with translated(path), engine.connect().execution_options(**{READING: True}) as connection:
        page_size = int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    if size % page_size:
        raise damaged(path, "its last page is cut short")


def create(path: Path) -> None:
    """Write a new, empty catalog; it appears under its name only when complete."""
    new = path.with_name(path.name + ".new")
    parts = new, new.with_name(new.name + "-journal")
    engine = create_engine(URL.create("sqlite", database=os.fspath(new)))
    try:
        for left in parts:  # of a start that was cut short
            left.unlink(missing_ok=True)
        with translated(path), engine.begin() as connection:
            schema.metadata.create_all(connection)
            schema.version_table.create(connection)
            connection.execute(insert(schema.version_table).values(version_num=schema.HEAD))
            connection.execute(insert(schema.library).values(id=1, uid=uuid4().hex, generation=0))
        engine.dispose()
        new.replace(path)
    except (LibraryError, OSError) as error:
        engine.dispose()
        for left in parts:
            with suppress(OSError):
                left.unlink(missing_ok=True)  # or a full disk would stay full
        if isinstance(error, OSError) and (told := in_words(error, path)):
            raise told from error
        raise


def version(engine: Engine, path: Path) -> str:
    """The migration the catalog is at."""
    with translated(path), engine.connect() as connection:
        found = connection.execute(select(schema.version_table.c.version_num)).scalar()
    if found is None:
        raise damaged(path, "it does not say its version")
    return str(found)


def damages(connection: Connection) -> list[str]:
    """Return the findings of SQLite's integrity check of every page, row and reference; empty if there are none."""
    found = [str(line) for line in connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars()]
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    broken = [f"row {row[1]} of {row[0]} refers to nothing in {row[2]}" for row in lost[:20]]
    return [line for line in found if line != "ok"] + broken
