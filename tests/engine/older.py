"""Catalogs set back to an older version, whose migrations can then run again."""

from __future__ import annotations

import sqlite3


def back_to_0006(connection: sqlite3.Connection) -> None:
    """Take away what version 0007 brought: tags that are defined by phrases."""
    connection.execute("DROP TABLE definitions")
    connection.execute("UPDATE alembic_version SET version_num = '0006'")


def back_to_0005(connection: sqlite3.Connection) -> None:
    """Take away what came after version 0005: the names of places, too."""
    back_to_0006(connection)
    for column in ("city", "region", "country"):
        connection.execute(f"DROP INDEX ix_images_{column}")
        connection.execute(f"ALTER TABLE images DROP COLUMN {column}")
    connection.execute("ALTER TABLE images DROP COLUMN located")
    connection.execute("UPDATE alembic_version SET version_num = '0005'")
