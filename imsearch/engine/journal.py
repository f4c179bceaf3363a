"""The journal of the user's changes: written with each of them, read for the history and to undo the last one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, union, update

from imsearch.engine import schema as s
from imsearch.engine.catalog_base import CatalogBase
from imsearch.engine.changes import Change


class Edit(NamedTuple):
    """One row: a verdict that changed, or, where there is no image, the name that a tag goes by."""

    image_id: int | None
    tag_id: int
    before: int | None
    after: int | None


def write(connection: Connection, action: str, edits: Iterable[Edit]) -> None:
    """Note what one command changed."""
    last = connection.execute(select(func.max(s.edits.c.batch))).scalar() or 0
    common = {
        "batch": last + 1,
        "action": action,
        "made_at": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        "undone": False,
    }
    connection.execute(insert(s.edits), [{**common, **edit._asdict()} for edit in edits])


def last(connection: Connection) -> tuple[int, list[Edit]] | None:
    """The newest batch that was not undone, its number and its edits; None when there is none."""
    table = s.edits.c
    batch = connection.execute(select(func.max(table.batch)).where(~table.undone)).scalar()
    if batch is None:
        return None
    rows = select(table.image_id, table.tag_id, table.before, table.after).where(table.batch == batch)
    return batch, [Edit(*row) for row in connection.execute(rows)]


def mark_undone(connection: Connection, batch: int) -> None:
    """From now on the batch counts as undone."""
    connection.execute(update(s.edits).where(s.edits.c.batch == batch).values(undone=True))


def carriers(connection: Connection, tag_ids: Iterable[int]) -> list[int]:
    """The images of which annotators or the user said something under one of these ids, in order."""
    ids = list(tag_ids)
    said, user = s.annotation_tags.c, s.corrections.c
    either = union(select(said.image_id).where(said.tag_id.in_(ids)), select(user.image_id).where(user.tag_id.in_(ids)))
    return sorted(connection.execute(either).scalars())


def history(catalog: CatalogBase, limit: int | None = None) -> list[Change]:
    """The changes of the user, the newest first.

    A renaming concerns the images that hold the tags now; the number may differ from when it was made.
    """
    table = s.edits.c
    batches = (
        select(
            table.batch,
            table.made_at,
            table.action,
            table.undone,
            func.count(table.image_id.distinct()).label("images"),
        )
        .group_by(table.batch, table.made_at, table.action, table.undone)
        .order_by(table.batch.desc())
        .limit(limit)
    )
    with catalog.reading() as connection:
        return [_change(connection, row) for row in connection.execute(batches).all()]


def _change(connection: Connection, row: Row[Any]) -> Change:
    table = s.edits.c
    edits = (
        select(s.tags.c.name, table.tag_id, table.image_id, table.before, table.after)
        .join_from(s.edits, s.tags, table.tag_id == s.tags.c.id)
        .where(table.batch == row.batch)
        .order_by(table.id)
    )
    if row.images:
        names = connection.execute(edits.with_only_columns(s.tags.c.name).distinct().order_by(s.tags.c.name)).scalars()
        renamed, name, images = tuple(names), None, row.images
    else:
        found = connection.execute(edits).all()
        # Those that had been renamed to one of the others before came along; the command did not name them.
        own = {each.tag_id for each in found}
        renamed = tuple(each.name for each in found if each.before not in own)
        after = found[0].after
        name = (
            found[0].name
            if after is None
            else connection.execute(select(s.tags.c.name).where(s.tags.c.id == after)).scalar_one()
        )
        images = len(carriers(connection, own))
    made_at = row.made_at.replace(tzinfo=UTC)
    return Change(row.batch, made_at, row.action, renamed, name, images, bool(row.undone))
