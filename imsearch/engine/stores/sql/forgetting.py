"""Forgetting annotators: theirs is left out at once, and removed by the next run; until then it can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import HEARD, annotated_by, hear_again, ids_of
from imsearch.engine.stores.sql.database import Marking
from imsearch.errors import ImsearchError
from imsearch.records import DEFINED, USER

_A = s.annotators.c


def forget(recorder: Marking, name: str) -> int:
    """Let an annotator be heard no more, in all its versions; returns how many pictures that concerns.

    Raises ImsearchError for a name that the library does not hold.
    """
    if name == DEFINED:
        raise ImsearchError('What you defined is no annotator\'s. "imsearch tags undefine" forgets one definition.')
    with recorder.writing() as connection:
        ids = ids_of(connection, name, forgotten=False)
        if not ids:
            raise ImsearchError(_unknown(connection, name))
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        connection.execute(update(s.annotators).where(_A.id.in_(ids)).values(forgotten_at=now))
        images = annotated_by(connection, ids)
        recorder.mark_changed(connection, images, always=True)
    return len(images)


def restore(recorder: Marking, name: str) -> int:
    """Hear a forgotten annotator again; returns how many pictures that concerns.

    Raises ImsearchError where there is nothing to take back, or a run has removed it since.
    """
    with recorder.writing() as connection:
        images = hear_again(connection, [name])
        if images is None:
            known = ids_of(connection, name, forgotten=False)
            raise ImsearchError(
                f"{name} is not forgotten." if known else f"{_unknown(connection, name)} A run has removed it, maybe."
            )
        recorder.mark_changed(connection, images, always=True)
    return len(images)


def _unknown(connection: Connection, name: str) -> str:
    names = connection.execute(select(_A.name).where(HEARD).distinct().order_by(_A.name)).scalars().all()
    if name == USER:
        return 'Your own tags are no annotator\'s. "imsearch tag" takes them back.'
    return f"The library holds no annotator {name!r}, but: {', '.join(names) or 'none'}."
