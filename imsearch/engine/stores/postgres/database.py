"""The catalog's PostgreSQL database, held open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.adapt import AdaptersMap
from psycopg.types.string import StrDumper
from sqlalchemy import Connection, Engine, create_engine, event, select, text

from imsearch.engine.stores.postgres.address import Address
from imsearch.engine.stores.postgres.words import removed, translated
from imsearch.engine.stores.sql import schema as s
from imsearch.errors import LibraryError

SCHEMA = "imsearch"
"""The schema of the tables, so that they are told from all others."""
_SESSION = (
    "SELECT set_config('search_path', 'imsearch', false), set_config('lock_timeout', '60s', false),"
    # A machine that vanishes must not keep others waiting: its connection ends within a minute.
    " set_config('tcp_keepalives_idle', '20', false), set_config('tcp_keepalives_interval', '10', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
_TURN = select(s.library.c.uid).with_for_update()
"""Writers take turns: generations are counted in the order in which transactions end, and what a transaction has read
is true until then."""
_POOLED = 5


class PostgresDatabase:
    """An open database; every connection sees the newest committed state, from any thread.

    Implements `imsearch.engine.stores.sql.database.Database`.
    """

    def __init__(self, address: Address, application: str, before_writing: Callable[[], None]) -> None:
        """Connects when it is first used.

        application: its name in the server's lists.  before_writing: is called before each transaction that writes.
        """
        self._address = address
        self._uid = ""
        self._before_writing = before_writing
        self.engine: Engine = create_engine(
            "postgresql+psycopg://",
            pool_size=_POOLED,
            max_overflow=-1,  # a web server has more threads than a pool has connections
            pool_pre_ping=True,  # the server may have been started anew
            isolation_level="READ COMMITTED",
        )

        @event.listens_for(self.engine, "do_connect")
        def connect(dialect: Any, record: Any, arguments: Any, options: dict[str, Any]) -> Any:
            return address.connect(application, **options)

        event.listen(self.engine, "connect", _prepare)
        self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose statements all see one state; the server's complaints become `LibraryError`."""
        with translated(self._address), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction; one at a time, whatever the process and the machine."""
        self._before_writing()
        with translated(self._address), self.engine.begin() as connection:
            self._check(connection.execute(_TURN).scalar())
            yield connection

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


class _StrDumper(StrDumper):
    """Text with a replacement for the one character that PostgreSQL does not store."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


def _prepare(connection: Any, _: object) -> None:
    adapters: AdaptersMap = connection.adapters
    adapters.register_dumper(str, _StrDumper)
    with connection.cursor() as cursor:
        cursor.execute(_SESSION)
    connection.commit()


def _server_said(error: LibraryError) -> str:
    return str(getattr(error.__cause__, "orig", None) or error).splitlines()[0]
