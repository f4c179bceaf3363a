"""Storing from where on annotators show tags; see `imsearch.engine.stores.limits`."""

from __future__ import annotations

from sqlalchemy import Connection, and_, bindparam, select, update

from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.sql import schema as s

_A, _S = s.annotators.c, s.annotation_tags.c
_AT_ONCE = 10_000
"""Rows that are fetched together."""


def stored_limits(connection: Connection) -> dict[int, Limits]:
    """The thresholds of annotators by their ids; without those that no run has used since thresholds are kept."""
    rows = connection.execute(select(_A.id, _A.threshold, _A.thresholds).where(_A.threshold.is_not(None)))
    return {annotator: Limits(common, own or {}) for annotator, common, own in rows}


def store_limits(connection: Connection, annotator: int, limits: Limits) -> set[int]:
    """Store the thresholds of an annotator; returns the images on which it shows other tags than before.

    A version should keep its thresholds.  Where it has not, what is stored of its tags is marked anew, so that shown
    and not shown mean the same on every picture.
    """
    before = stored_limits(connection).get(annotator)
    if before == limits:
        return set()
    values = {"threshold": limits.common, "thresholds": limits.own}
    connection.execute(update(s.annotators).where(_A.id == annotator).values(values))
    return set() if before is None else _mark_anew(connection, annotator, limits)


def _mark_anew(connection: Connection, annotator: int, limits: Limits) -> set[int]:
    """Read all that an annotator said, and turn round what is marked otherwise than these thresholds say."""
    names = {tag: name for tag, name in connection.execute(select(s.tags.c.id, s.tags.c.name))}  # noqa: C416 - rows
    least = {tag: limits.threshold(name) for tag, name in names.items()}
    said = select(_S.image_id, _S.tag_id, _S.probability, _S.shown).where(_S.annotator_id == annotator)
    other = [
        {"image": image, "tag": tag, "now": not shown}
        for image, tag, probability, shown in connection.execute(said.execution_options(yield_per=_AT_ONCE))
        if shown != (probability >= least[tag])
    ]
    if other:
        this = and_(_S.image_id == bindparam("image"), _S.annotator_id == annotator, _S.tag_id == bindparam("tag"))
        connection.execute(update(s.annotation_tags).where(this).values(shown=bindparam("now")), other)
    return {row["image"] for row in other}
