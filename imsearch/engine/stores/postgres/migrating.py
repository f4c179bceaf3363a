"""Bringing the tables of an older version of the program up to date.  Only imported when there is something to do."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from imsearch.engine.stores.sql.schema import HEAD

MIGRATIONS = Path(str(files("imsearch.engine.stores.sql") / "migrations"))


def migrate(engine: Engine, found: str, *, scripts: Path = MIGRATIONS, head: str = HEAD) -> str:
    """Apply the migrations after `found`, all of them or none; returns a note for the user.

    The caller holds the lock for a run.  PostgreSQL takes back changed tables, too, when a transaction fails.
    """
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, head)
    return (
        f"The library was brought from version {found} to {head}. Older versions of imsearch cannot open it any more."
    )
