"""Tags of one source: an annotator, whatever the others say, or the user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, literal, select

from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.aliases import named
from imsearch.engine.stores.sql.annotators import HEARD, heard
from imsearch.records import USER

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

_MANY = 20_000
"""More images than these are not looked up one by one: all that was ever said is read once instead."""


def said_by(
    connection: Connection, source: str, tags: Iterable[str], images: NDArray[int64]
) -> dict[str, dict[int, tuple[float, bool]]]:
    """See `imsearch.engine.stores.catalog.CatalogReading.said_by`."""
    names = _names_of(connection, tags)
    said: dict[str, dict[int, tuple[float, bool]]] = {name: {} for name in names.values()}
    for image, tag, probability, shown in _rows(connection, source, names, images):
        # Two tags may have become one by a new name.
        other = said[names[tag]].get(image, (0.0, False))
        said[names[tag]][image] = max(other[0], probability), other[1] or shown
    return said


def _rows(connection: Connection, source: str, names: Mapping[int, str], images: NDArray[int64]) -> Iterator[Any]:
    """Image, tag, probability, shown."""
    user, table = s.corrections.c, s.annotation_tags.c
    if source == USER:
        added = select(user.image_id, user.tag_id, literal(1.0), literal(True))
        yield from connection.execute(added.where(user.tag_id.in_(names), user.verdict > 0))
        return
    versions = list(connection.execute(_versions(source)).scalars())
    rows = select(table.image_id, table.tag_id, table.probability, table.shown)
    rows = rows.where(table.annotator_id.in_(versions), table.tag_id.in_(names), ~_rejected())
    if len(images) > _MANY:
        yield from connection.execute(rows).all()
        return
    for piece in pieces(images.tolist()):
        yield from connection.execute(rows.where(table.image_id.in_(piece))).all()


def shown_by(source: str) -> ColumnElement[bool]:
    """The condition on `images.id` that this source gave it a tag that is shown; an empty name means any."""
    said, user = s.annotation_tags.c, s.corrections.c
    if source == USER:
        return exists().where(user.image_id == s.images.c.id, user.verdict > 0)
    shown = exists().where(said.image_id == s.images.c.id, said.shown, heard(said.annotator_id), ~_rejected())
    if not source:
        return shown | shown_by(USER)
    return shown.where(said.annotator_id.in_(_versions(source)))


def _rejected() -> ColumnElement[bool]:
    """The condition on what an annotator said that the user rejected this very tag."""
    said, user = s.annotation_tags.c, s.corrections.c
    return exists().where(
        user.image_id == said.image_id, user.tag_id.in_((said.tag_id, named(said.tag_id))), user.verdict < 0
    )


def _versions(source: str) -> Select[tuple[int]]:
    return select(s.annotators.c.id).where(s.annotators.c.name == source, HEARD)


def _names_of(connection: Connection, tags: Iterable[str]) -> dict[int, str]:
    """The tags that go by these names, renamed ones too: id to name."""
    written, meant = s.tags.alias(), s.tags.alias()
    names = (
        select(written.c.id, meant.c.name)
        .join_from(written, s.aliases, s.aliases.c.tag_id == written.c.id, isouter=True)
        .join(meant, meant.c.id == func.coalesce(s.aliases.c.name_id, written.c.id))
    )
    found: dict[int, str] = {}
    for piece in pieces(tags):
        found.update((tag, name) for tag, name in connection.execute(names.where(meant.c.name.in_(piece))))
    return found
