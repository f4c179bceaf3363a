"""Counting what a catalog holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from imsearch.engine.stores.holdings import Holdings
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import failure_heard


def holdings(connection: Connection) -> Holdings:
    """Count."""

    def count(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> int:
        return int(connection.execute(select(func.count(column)).where(*conditions)).scalar_one())

    return Holdings(
        images=count(s.files.c.image_id.distinct()),
        files=count(s.files.c.path),
        failures=count(s.failures.c.path, failure_heard(s.failures.c.annotator)),
        corrections=count(s.corrections.c.image_id),
        generation=connection.execute(select(s.library.c.generation)).scalar_one(),
        schema=s.HEAD,
    )
