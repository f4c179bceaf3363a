"""Reading which tags there are, by which names they go, and whether they are in use."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, exists, or_, select

from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import HEARD, heard
from imsearch.engine.stores.tag_names import Judgement, TagNames


def tag_names(connection: Connection) -> TagNames:
    """All tags of a library."""
    ids = {name: tag for tag, name in connection.execute(select(s.tags.c.id, s.tags.c.name))}
    pairs = connection.execute(select(s.aliases.c.tag_id, s.aliases.c.name_id))
    return TagNames(ids, {tag: name for tag, name in pairs})  # noqa: C416 - rows are no pairs to mypy


def is_given(connection: Connection, tag: int) -> bool:
    """Return True if the user has added the tag of this id to some image."""
    user = s.corrections.c
    added = select(user.tag_id).where(user.tag_id == tag, user.verdict > 0).limit(1)
    return connection.execute(added).scalar() is not None


def is_in_use(connection: Connection, tags: Sequence[int]) -> bool:
    """Return True if an annotator or the user has given some image a tag under one of these ids."""
    said = exists().where(s.annotation_tags.c.tag_id.in_(tags), heard(s.annotation_tags.c.annotator_id))
    user = exists().where(s.corrections.c.tag_id.in_(tags))
    return bool(connection.execute(select(or_(said, user))).scalar())


def judgement(connection: Connection) -> Judgement:
    """Read it."""
    judged = connection.execute(select(s.corrections.c.image_id, s.corrections.c.tag_id))
    current = select(s.annotators.c.id, s.annotators.c.name).where(s.annotators.c.current, HEARD)
    return Judgement(
        tag_names(connection),
        frozenset((image, tag) for image, tag in judged),
        {annotator: name for annotator, name in connection.execute(current)},  # noqa: C416 - rows
    )
