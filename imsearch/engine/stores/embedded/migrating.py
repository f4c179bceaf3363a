"""Bringing the catalog of an older version of the program up to date.  Only imported when there is something to do."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, event

from imsearch.engine.stores.embedded.sqlite import connect, translated
from imsearch.engine.stores.sql.schema import HEAD

MIGRATIONS = Path(str(files("imsearch.engine.stores.sql") / "migrations"))


def migrate(catalog: Path, found: str, *, scripts: Path = MIGRATIONS, head: str = HEAD) -> str:
    """Back the catalog up, then apply the migrations after `found`, all of them or none; returns a note for the user.

    The caller holds the right to write.
    """
    engine = connect(catalog, write=True)
    # Rebuilding a table, as SQLite's migrations do, must not count as removing what refers to it.
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = OFF"))
    try:
        with translated(catalog):
            backup = _back_up(engine, catalog, found)
            config = Config()
            config.set_main_option("script_location", str(scripts).replace("%", "%%"))
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, head)
    finally:
        engine.dispose()
    return f"The catalog was brought from version {found} to {head}; a copy of the old one is {backup}."


def _back_up(engine: Engine, catalog: Path, found: str) -> Path:
    """Copy the catalog, with what is still in its log, into the library's backups."""
    folder = catalog.parent / "backups"
    folder.mkdir(exist_ok=True)
    copy = folder / f"catalog-{found}-{datetime.now():%Y%m%d-%H%M%S}.sqlite3"
    source: Any = engine.raw_connection()
    target = sqlite3.connect(copy)
    try:
        source.driver_connection.backup(target)
    except sqlite3.Error:
        target.close()
        with suppress(OSError):
            copy.unlink()  # half a copy is none, and a full disk would stay full
        raise
    finally:
        target.close()
        source.close()
    return copy
