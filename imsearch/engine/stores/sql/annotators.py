"""The annotators of a library: which it holds, and forgetting those that are not wanted any more.

One that is forgotten is not heard from that moment on: what it said is left out wherever tags, vectors or sources are
read.  Its rows stay until the next run, so that it can be taken back; that run removes them, or restores the annotator
when it uses it.  What the user said of its tags is the user's, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from imsearch.engine.stores.annotator_status import AnnotatorStatus as AnnotatorStatus  # for who shows them
from imsearch.engine.stores.sql import schema as s
from imsearch.records import DEFINED

if TYPE_CHECKING:
    from imsearch.engine.stores.sql.database import Readable

_A = s.annotators.c
HEARD = _A.forgotten_at.is_(None)
"""The condition on `annotators` that its tags and vectors count."""


def heard(annotator_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition on what an annotator said that it is heard."""
    return annotator_id.not_in(select(_A.id).where(_A.forgotten_at.is_not(None)))


def failure_heard(name: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition on a failure that it is of a file, or of an annotator that is heard."""
    return name.not_in(select(_A.name).where(_A.forgotten_at.is_not(None)))


def annotators(catalog: Readable) -> tuple[AnnotatorStatus, ...]:
    """All that a library holds, forgotten ones too, by name; the versions of one in the order they came.

    Not among them is who says what the user defined by phrases, since that is none.
    """
    said, seen = s.annotation_tags.c, s.annotations.c
    rows = select(_A.id, _A.name, _A.version, _A.current, _A.vector_length, _A.forgotten_at).order_by(_A.name, _A.id)
    rows = rows.where(_A.name != DEFINED)
    images = select(seen.annotator_id, func.count()).group_by(seen.annotator_id)
    tags = select(said.annotator_id, func.count(said.tag_id.distinct())).where(said.shown).group_by(said.annotator_id)
    with catalog.reading() as connection:
        seen_by = {annotator: number for annotator, number in connection.execute(images)}  # noqa: C416 - rows
        shown_by = {annotator: number for annotator, number in connection.execute(tags)}  # noqa: C416 - rows
        return tuple(
            AnnotatorStatus(
                row.name,
                row.version,
                row.current,
                seen_by.get(row.id, 0),
                shown_by.get(row.id, 0),
                row.vector_length,
                row.forgotten_at is not None,
            )
            for row in connection.execute(rows)
        )


def hear_again(connection: Connection, names: Iterable[str]) -> set[int] | None:
    """Take back that these were forgotten; returns the images they annotated, or None when none was forgotten."""
    ids = [each for name in names for each in ids_of(connection, name, forgotten=True)]
    if not ids:
        return None
    connection.execute(update(s.annotators).where(_A.id.in_(ids)).values(forgotten_at=None))
    return annotated_by(connection, ids)


def remove_forgotten(connection: Connection) -> list[str]:
    """Remove all that forgotten annotators said, for good; returns their names."""
    found = connection.execute(select(_A.id, _A.name).where(_A.forgotten_at.is_not(None))).all()
    ids, names = [row.id for row in found], sorted({row.name for row in found})
    if ids:
        for table in (s.annotation_tags, s.vectors, s.annotations):
            connection.execute(delete(table).where(table.c.annotator_id.in_(ids)))
        connection.execute(delete(s.failures).where(s.failures.c.annotator.in_(names)))
        connection.execute(delete(s.annotators).where(_A.id.in_(ids)))
    return names


def ids_of(connection: Connection, name: str, *, forgotten: bool) -> Sequence[int]:
    """The ids of all versions of an annotator, if it is forgotten or not."""
    state = _A.forgotten_at.is_not(None) if forgotten else HEARD
    return connection.execute(select(_A.id).where(_A.name == name, state)).scalars().all()


def annotated_by(connection: Connection, ids: Sequence[int]) -> set[int]:
    """The images that these annotators have seen."""
    seen = s.annotations.c
    return set(connection.execute(select(seen.image_id).where(seen.annotator_id.in_(ids))).scalars())
