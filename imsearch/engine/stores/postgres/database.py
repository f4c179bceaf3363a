"""The catalog's PostgreSQL database, held open."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import IntegrityError as DriverIntegrityError
from psycopg import OperationalError, sql
from psycopg.adapt import AdaptersMap
from psycopg.types.json import Json
from psycopg.types.string import StrDumper
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Table,
    create_engine,
    event,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.engine.interfaces import ExceptionContext, IsolationLevel
from sqlalchemy.exc import DisconnectionError, IntegrityError

from imsearch.engine.stores.postgres.address import KEEP_ALIVE, Address
from imsearch.engine.stores.postgres.words import removed, translated
from imsearch.engine.stores.sql import schema as s
from imsearch.errors import LibraryError

SCHEMA = "imsearch"
"""The schema of the tables, so that they are told from all others."""
_SESSION = "SELECT set_config('search_path', 'imsearch', false), set_config('lock_timeout', '60s', false)"
_TURN = select(s.library.c.uid).with_for_update()
"""Writers take turns: generations are counted in the order in which transactions end, and what a transaction has read
is true until then."""
# Here and not in the schema, where it would load the dialect of PostgreSQL for libraries in folders, too.
s.annotation_tags_shown.dialect_kwargs["postgresql_where"] = text("shown")
_POOLED = 5
_IDLE = 1.0
"""Seconds after which a connection is tried before it is used."""


class PostgresDatabase:
    """An open database; every connection sees the newest committed state, from any thread.

    Implements `imsearch.engine.stores.sql.database.Database`.
    """

    def __init__(self, address: Address, application: str, before_writing: Callable[[], bool]) -> None:
        """Connects when it is first used.

        application: its name in the server's lists.  before_writing: is called before each transaction that writes,
        and returns True if the server was found to have ended connections.
        """
        self._address = address
        self._uid = ""
        self._before_writing = before_writing

        self._lost = -math.inf
        # Two pools: setting the isolation of a connection anew for each use takes longer than many a statement.
        self.engine: Engine = self._pool(application, "READ COMMITTED")
        self._reading: Engine = self._pool(application, "REPEATABLE READ")
        event.listen(self._reading, "connect", _only_read)

    def _pool(self, application: str, isolation: IsolationLevel) -> Engine:
        def connect(dialect: Any, record: Any, arguments: Any, options: dict[str, Any]) -> Any:
            return self._address.connect(application, **options)

        engine = create_engine(
            "postgresql+psycopg://",
            pool_size=_POOLED,
            max_overflow=-1,  # a web server has more threads than a pool has connections
            isolation_level=isolation,
        )
        event.listen(engine, "do_connect", connect)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", self._try)
        event.listen(engine, "handle_error", self._note_loss)
        return engine

    def _note_loss(self, context: ExceptionContext) -> None:
        if context.is_disconnect:
            self._lost = time.monotonic()

    def _try(self, connection: Any, record: Any, _: object) -> None:
        """Try a connection that the server may have ended; to do so each time would double what a statement costs."""
        now = time.monotonic()
        used = record.info.get("used", now)
        if used > self._lost and now - used < _IDLE:
            return
        try:
            connection.execute("SELECT")
            connection.rollback()
        except OperationalError as error:
            raise DisconnectionError from error  # the pool opens others

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()
        self._reading.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose statements all see one state; the server's complaints become `LibraryError`."""
        with translated(self._address), self._reading.connect() as connection:
            yield connection

    def may_hold(self, column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
        """See `imsearch.engine.stores.sql.database.Readable`; other bytes than ASCII are escaped by a backslash."""
        read = func.encode(column, "escape")
        return or_(read.icontains(text, autoescape=True), read.contains("\\", autoescape=True))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction; one at a time, whatever the process and the machine."""
        if self._before_writing():
            self._lost = time.monotonic()
        with translated(self._address), self.engine.begin() as connection:
            self._check(connection.execute(_TURN).scalar())
            yield connection

    def fill(self, connection: Connection, table: Table, rows: Sequence[Row[Any]]) -> None:
        """Insert rows with a value for each column of the table, by COPY: many times as fast as INSERT."""
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
        documents = {n: column for n, column in enumerate(table.columns) if isinstance(column.type, JSON)}
        driver: Any = connection.connection.driver_connection
        try:
            with driver.cursor() as cursor, cursor.copy(statement) as into:
                for row in rows:
                    values = list(row)
                    for n, column in documents.items():
                        if values[n] is not None or not column.nullable:
                            values[n] = Json(values[n])
                    into.write_row(values)
        except DriverIntegrityError as error:
            raise IntegrityError(f"COPY {table.name}", None, error) from error

    def filled(self, connection: Connection) -> None:
        """Set the numbers of the next rows, and let the planner see how many there are."""
        for table in s.metadata.sorted_tables:
            if (key := table.autoincrement_column) is not None:
                sequence = func.pg_get_serial_sequence(f"{SCHEMA}.{table.name}", key.name)
                following = select(func.coalesce(func.max(key), 0) + 1).scalar_subquery()
                connection.execute(select(func.setval(sequence, following, False)))
            connection.execute(text(f"ANALYZE {table.name}"))

    def damages(self) -> list[str]:
        """Read every value of every table; return what the server says of those it cannot read.

        References are the server's to keep, and are not checked again.
        """
        found = []
        for table in (*s.metadata.sorted_tables, s.version_table):
            everything = text(f"SELECT count(md5(t::text)) FROM {table.name} AS t")
            try:
                with self.reading() as connection:
                    connection.execute(everything)
            except LibraryError as error:
                found.append(f"{table.name}: {_server_said(error)}")
        return found

    def check_place(self) -> None:
        """Raise `LibraryError` when another library lies in the place of this one; `writing` asks this by itself."""
        with self.reading() as connection:
            self._check(connection.execute(select(s.library.c.uid)).scalar())

    def _check(self, uid: str | None) -> None:
        self._uid = self._uid or uid or ""
        if uid is None or uid != self._uid:
            raise removed(self._address)


def _only_read(connection: Any, _: object) -> None:
    connection.read_only = True


def _note_use(_: object, record: Any) -> None:
    record.info["used"] = time.monotonic()


class _StrDumper(StrDumper):
    """Text with a replacement for the one character that PostgreSQL does not store."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


def _prepare(connection: Any, _: object) -> None:
    adapters: AdaptersMap = connection.adapters
    adapters.register_dumper(str, _StrDumper)
    with connection.cursor() as cursor:
        cursor.execute(_SESSION)
        cursor.execute(KEEP_ALIVE)
    connection.commit()


def _server_said(error: LibraryError) -> str:
    return str(getattr(error.__cause__, "orig", None) or error).splitlines()[0]
