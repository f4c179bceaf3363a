"""The journal of the user's changes: written with each of them, read for the history and to undo the last one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, union, update

from imsearch.engine.stores.changes import Change
from imsearch.engine.stores.journal import Edit
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.database import Readable


def write(connection: Connection, action: str, edits: Iterable[Edit]) -> int:
    """Note what one command changed; returns its number."""
    last = connection.execute(select(func.max(s.edits.c.batch))).scalar() or 0
    common = {
        "batch": last + 1,
        "action": action,
        "made_at": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        "undone": False,
    }
    connection.execute(insert(s.edits), [{**common, **edit._asdict()} for edit in edits])
    return int(last) + 1


def last(connection: Connection) -> tuple[int, list[Edit]] | None:
    """The newest batch that was not undone, its number and its edits; None when there is none."""
    table = s.edits.c
    batch = connection.execute(select(func.max(table.batch)).where(~table.undone)).scalar()
    if batch is None:
        return None
    rows = select(table.image_id, table.tag_id, table.before, table.after).where(table.batch == batch)
    return batch, [Edit(*row) for row in connection.execute(rows)]


def is_undone(connection: Connection, batch: int) -> bool | None:
    """Return True if the batch of this number was undone; None if there is none."""
    found = connection.execute(select(s.edits.c.undone).where(s.edits.c.batch == batch).limit(1)).scalar()
    return None if found is None else bool(found)


def mark_undone(connection: Connection, batch: int) -> None:
    """From now on the batch counts as undone."""
    connection.execute(update(s.edits).where(s.edits.c.batch == batch).values(undone=True))


def carriers(connection: Connection, tag_ids: Iterable[int]) -> list[int]:
    """The images of which annotators or the user said something under one of these ids, in order."""
    ids = list(tag_ids)
    said, user = s.annotation_tags.c, s.corrections.c
    either = union(select(said.image_id).where(said.tag_id.in_(ids)), select(user.image_id).where(user.tag_id.in_(ids)))
    return sorted(connection.execute(either).scalars())


def history(catalog: Readable, limit: int | None = None, number: int | None = None) -> list[Change]:
    """The changes of the user, the newest first, or the one of this number.

    A renaming concerns the images that hold the tags now; how many may differ from when it was made.
    """
    table = s.edits.c
    columns = (table.batch, table.made_at, table.action, table.undone)
    batches = (
        select(*columns, func.count(table.image_id.distinct()).label("images"))
        .group_by(*columns)
        .order_by(table.batch.desc())
        .limit(limit)
    )
    if number is not None:
        batches = batches.where(table.batch == number)
    with catalog.reading() as connection:
        return [_change(connection, row) for row in connection.execute(batches).all()]


def _change(connection: Connection, row: Row[Any]) -> Change:
    table = s.edits.c
    # In the order in which the command named them.
    tags = (
        select(
            table.tag_id, s.tags.c.name, func.min(table.before).label("before"), func.min(table.after).label("after")
        )
        .join_from(s.edits, s.tags, table.tag_id == s.tags.c.id)
        .where(table.batch == row.batch)
        .group_by(table.tag_id, s.tags.c.name)
        .order_by(func.min(table.id))
    )
    found = connection.execute(tags).all()
    name, images = None, row.images
    if not images:
        own = {each.tag_id for each in found}
        name = _name_after(connection, found[0])
        images = len(carriers(connection, own))
        # Those that had gone by the name of one of the others came along; the command did not name them.
        found = [each for each in found if each.before not in own]
    made_at = row.made_at.replace(tzinfo=UTC)
    return Change(row.batch, made_at, row.action, tuple(each.name for each in found), name, images, bool(row.undone))


def _name_after(connection: Connection, renamed: Any) -> str:
    """Return the new name of a tag; its own name if it got that back."""
    new = renamed.tag_id if renamed.after is None else renamed.after
    return str(connection.execute(select(s.tags.c.name).where(s.tags.c.id == new)).scalar_one())
