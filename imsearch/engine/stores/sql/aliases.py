"""The names that tags go by since the user renamed or merged them.

The table `aliases` is kept flat: what a tag goes by never goes by another name itself, so one look-up resolves it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select

from imsearch.engine.stores.sql import schema as s


def named(tag_id: ColumnElement[Any]) -> ColumnElement[int]:
    """An SQL expression: the id of the name that a tag goes by; its own where it was never renamed."""
    # Correlated explicitly: by itself it would be with the next statement around it only.
    name = select(s.aliases.c.name_id).where(s.aliases.c.tag_id == tag_id).correlate_except(s.aliases)
    return func.coalesce(name.scalar_subquery(), tag_id)
