"""Counting on how many images each tag is shown."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, exists, func, select, union

from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.aliases import named
from imsearch.engine.stores.sql.annotators import heard
from imsearch.records import USER


def tag_counts(connection: Connection, prefix: str = "", source: str = "") -> list[tuple[str, int]]:
    """The shown tags that start with `prefix` and the number of images that show each, most frequent first.

    source: count only what this annotator says, or the user; what the user rejected counts for nobody.
    """
    counts = {**_plain_counts(connection, source), **_settled_counts(connection, source)}
    named_so = s.tags.c.name.istartswith(prefix, autoescape=True)
    names = connection.execute(select(s.tags.c.id, s.tags.c.name).where(named_so))
    found = [(name, counts[tag]) for tag, name in names if tag in counts]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _plain_counts(connection: Connection, source: str) -> dict[int, int]:
    """On how many images annotators show the tags that the user has never touched; the index of shown tags has them."""
    if source == USER:
        return {}
    said = s.annotation_tags.c
    counted = select(said.tag_id, func.count(said.image_id.distinct())).where(
        said.shown,
        said.image_id.in_(select(s.files.c.image_id)),
        said.tag_id.not_in(_touched()),
        heard(said.annotator_id),
    )
    if source:
        counted = counted.join(s.annotators).where(s.annotators.c.name == source)
    return {tag: count for tag, count in connection.execute(counted.group_by(said.tag_id))}  # noqa: C416 - as above


def _settled_counts(connection: Connection, source: str) -> dict[int, int]:
    """The same of the tags that the user corrected or renamed, which costs more for each."""
    if connection.execute(_touched().limit(1)).first() is None:
        return {}
    showing = _showing(source, touched=True).subquery()
    counted = select(showing.c.name_id, func.count()).where(showing.c.image_id.in_(select(s.files.c.image_id)))
    rows = connection.execute(counted.group_by(showing.c.name_id))
    return {tag: count for tag, count in rows}  # noqa: C416 - as above


def _touched() -> CompoundSelect[Any]:
    """The ids of the tags that the user said something of, and of those that go by another name or lend theirs."""
    return union(select(s.corrections.c.tag_id), select(s.aliases.c.tag_id), select(s.aliases.c.name_id))


def _showing(source: str, *, touched: bool = False) -> Select[Any] | CompoundSelect[Any]:
    """Each name that an image shows and the image, once; `imsearch.engine.stores.tagging.settle` in SQL.

    source: only what this annotator or the user says.  touched: only tags that the user touched.
    """
    said, user, other = s.annotation_tags.c, s.corrections.c, s.corrections.alias().c
    against = exists().where(
        other.image_id == said.image_id, other.tag_id.in_((said.tag_id, named(said.tag_id))), other.verdict < 0
    )
    by_annotators = select(named(said.tag_id).label("name_id"), said.image_id)
    by_annotators = by_annotators.where(said.shown, ~against, heard(said.annotator_id))
    if touched:
        by_annotators = by_annotators.where(said.tag_id.in_(_touched()))
    if source:
        by_annotators = by_annotators.join(s.annotators).where(s.annotators.c.name == source)
    overruled = exists().where(other.image_id == user.image_id, other.tag_id == named(user.tag_id), other.verdict < 0)
    by_user = select(named(user.tag_id).label("name_id"), user.image_id).where(user.verdict > 0, ~overruled)
    if source:
        return (by_user if source == USER else by_annotators).distinct()
    return union(by_annotators, by_user)
