"""The values of an indexed column."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, func, select


def distinct(connection: Connection, column: Column[Any]) -> list[Any]:
    """The values of an indexed column, in order, without reading a row for each image.

    A loose index scan: each step looks up the next larger value (https://wiki.postgresql.org/wiki/Loose_indexscan).
    """
    steps = select(func.min(column).label("value")).cte("steps", recursive=True)
    larger = select(func.min(column)).where(column > steps.c.value).correlate(steps).scalar_subquery()
    steps = steps.union_all(select(larger).where(steps.c.value.is_not(None)))
    return list(connection.execute(select(steps.c.value).where(steps.c.value.is_not(None))).scalars())
