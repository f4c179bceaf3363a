"""The annotators of a library: which it holds, and forgetting those that are not wanted any more.

One that is forgotten is not heard from that moment on: what it said is left out wherever tags, vectors or sources are
read.  Its rows stay until the next run, so that it can be taken back; that run removes them, or restores the annotator
when it uses it.  What the user said of its tags is the user's, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from imsearch.engine.stores.sql import schema as s
from imsearch.errors import ImsearchError
from imsearch.records import DEFINED, USER

if TYPE_CHECKING:
    from imsearch.engine.stores.sql.catalog_base import CatalogBase
    from imsearch.engine.stores.sql.recorder import Recorder

_A = s.annotators.c
HEARD = _A.forgotten_at.is_(None)
"""The condition on `annotators` that its tags and vectors count."""


def heard(annotator_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition on what an annotator said that it is heard."""
    return annotator_id.not_in(select(_A.id).where(_A.forgotten_at.is_not(None)))


def failure_heard(name: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition on a failure that it is of a file, or of an annotator that is heard."""
    return name.not_in(select(_A.name).where(_A.forgotten_at.is_not(None)))


@dataclass(frozen=True, slots=True)
class AnnotatorStatus:
    """One version of an annotator and what it did.

    current: the version that was used last.  images: those it has annotated.  tags: those it shows on some image.
    vector_length: None where it makes no vectors.  forgotten: the user does not want it any more, and it is gone with
    the next run.
    """

    name: str
    version: str
    current: bool
    images: int
    tags: int
    vector_length: int | None
    forgotten: bool

    def state(self, installed: bool) -> str:
        """A word or two on what is special about it, or nothing."""
        if self.forgotten:
            return "forgotten"
        return "not installed" if not installed else "" if self.current else "replaced"


def annotators(catalog: CatalogBase) -> tuple[AnnotatorStatus, ...]:
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


def forget(recorder: Recorder, name: str) -> int:
    """Let an annotator be heard no more, in all its versions; returns how many pictures that concerns.

    Raises ImsearchError for a name that the library does not hold.
    """
    if name == DEFINED:
        raise ImsearchError('What you defined is no annotator\'s. "imsearch tags undefine" forgets one definition.')
    with recorder.writing() as connection:
        ids = _ids(connection, name, forgotten=False)
        if not ids:
            raise ImsearchError(_unknown(connection, name))
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        connection.execute(update(s.annotators).where(_A.id.in_(ids)).values(forgotten_at=now))
        images = _annotated(connection, ids)
        recorder.mark_changed(connection, images, always=True)
    return len(images)


def restore(recorder: Recorder, name: str) -> int:
    """Hear a forgotten annotator again; returns how many pictures that concerns.

    Raises ImsearchError where there is nothing to take back, or a run has removed it since.
    """
    with recorder.writing() as connection:
        images = hear_again(connection, [name])
        if images is None:
            known = _ids(connection, name, forgotten=False)
            raise ImsearchError(
                f"{name} is not forgotten." if known else f"{_unknown(connection, name)} A run has removed it, maybe."
            )
        recorder.mark_changed(connection, images, always=True)
    return len(images)


def hear_again(connection: Connection, names: Iterable[str]) -> set[int] | None:
    """Take back that these were forgotten; returns the images they annotated, or None when none was forgotten."""
    ids = [each for name in names for each in _ids(connection, name, forgotten=True)]
    if not ids:
        return None
    connection.execute(update(s.annotators).where(_A.id.in_(ids)).values(forgotten_at=None))
    return _annotated(connection, ids)


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


def _ids(connection: Connection, name: str, *, forgotten: bool) -> Sequence[int]:
    state = _A.forgotten_at.is_not(None) if forgotten else HEARD
    return connection.execute(select(_A.id).where(_A.name == name, state)).scalars().all()


def _annotated(connection: Connection, ids: Sequence[int]) -> set[int]:
    seen = s.annotations.c
    return set(connection.execute(select(seen.image_id).where(seen.annotator_id.in_(ids))).scalars())


def _unknown(connection: Connection, name: str) -> str:
    names = connection.execute(select(_A.name).where(HEARD).distinct().order_by(_A.name)).scalars().all()
    if name == USER:
        return 'Your own tags are no annotator\'s. "imsearch tag" takes them back.'
    return f"The library holds no annotator {name!r}, but: {', '.join(names) or 'none'}."
