"""Looking at a database before it is used: is it ours, may it become ours, is it of this version of the program."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, insert, select, text

from imsearch.engine.stores.postgres.address import Address
from imsearch.engine.stores.postgres.words import translated
from imsearch.engine.stores.sql import schema as s
from imsearch.errors import LibraryError, WriteRefused

OLDEST = 14
"""The oldest major version of PostgreSQL that is taken; older ones get no repairs any more."""
_LOOKED_UP = """
SELECT current_setting('server_version_num')::int, current_setting('server_version'),
       pg_encoding_to_char(encoding), to_regnamespace('imsearch') IS NULL OR has_schema_privilege('imsearch', 'USAGE'),
       (SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'imsearch' AND c.relname IN ('library', 'alembic_version', 'images')),
       (SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'imsearch')
FROM pg_database WHERE datname = current_database()
"""
_WRITABLE = """
SELECT pg_is_in_recovery() OR (SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only') = 'on',
       to_regclass('imsearch.library') IS NULL OR has_table_privilege(to_regclass('imsearch.library'), 'UPDATE')
"""
_OTHERS = """
SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'imsearch')
  AND NOT EXISTS (SELECT FROM pg_depend AS d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1 LIMIT 3
"""
"""Tables that belong to no extension."""


def check(connection: Connection, address: Address) -> bool:
    """Return True if the database holds a library; raises `LibraryError` for what can never hold one."""
    number, version, encoding, allowed, own, all_ = connection.execute(text(_LOOKED_UP)).one()
    if number < OLDEST * 10_000:
        raise LibraryError(
            f"The server at {address.server} is PostgreSQL {version}, and imsearch needs {OLDEST} or newer. "
            "Nothing was changed."
        )
    if encoding != "UTF8":
        made = address.command("createdb --encoding=UTF8 --template=template0", address.named("user"), "NAME")
        raise LibraryError(
            f"The database of {address.place} stores text as {encoding}, and imsearch needs UTF8. Make one with: {made}"
        )
    if not allowed:
        raise LibraryError(
            f"You may not read the library {address.place}. Let its owner grant it to you: see docs/postgresql.md."
        )
    if own < 3 and all_:
        raise LibraryError(
            f"{address.place} is not a library: its schema imsearch holds something else. Choose another database "
            "with --library. Nothing was changed."
        )
    return bool(own == 3)


def check_writable(connection: Connection, address: Address) -> None:
    """Raise `WriteRefused` where the server or its settings take no changes, or not of this user."""
    only_read, allowed = connection.execute(text(_WRITABLE)).one()
    if only_read or not allowed:
        why = "the server is a replica, or set to be read only" if only_read else "you may only read it"
        raise WriteRefused(
            f"The library {address.place} can only be read here: {why}. Give the address of a server, and the name of "
            "a user, with which it can be written. What was stored before is kept."
        )


def create(engine: Engine, address: Address) -> None:
    """Make the tables, all or none; the caller holds the lock for a run."""
    with translated(address), engine.begin() as connection:
        others = connection.execute(text(_OTHERS)).scalars().all()
        if others:
            made = address.command("createdb", address.named("user"), "imsearch")
            raise LibraryError(
                f"{address.place} is not a library: it holds other tables ({', '.join(others)}). Make a database for "
                f"imsearch alone, for example with: {made}"
            )
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS imsearch"))
        s.metadata.create_all(connection)
        s.version_table.create(connection)
        connection.execute(insert(s.version_table).values(version_num=s.HEAD))
        connection.execute(insert(s.library).values(id=1, uid=uuid4().hex, generation=0))


def version(connection: Connection, address: Address) -> str:
    """The migration the catalog is at."""
    found: Any = connection.execute(select(s.version_table.c.version_num)).scalar()
    if found is None:
        raise LibraryError(
            f"The library {address.place} is damaged: it does not say its version. Restore it from a backup. "
            "Nothing was changed."
        )
    return str(found)
