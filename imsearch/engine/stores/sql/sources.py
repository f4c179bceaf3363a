"""Tags of one source: an annotator, whatever the others say, or the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, exists, func, literal, select

from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.aliases import named
from imsearch.engine.stores.sql.annotators import HEARD, heard
from imsearch.engine.stores.sql.catalog import Catalog
from imsearch.engine.words.postings import Postings
from imsearch.records import USER

_MANY = 20_000
"""More images than these are not looked up one by one: all that was ever said is read once instead."""


class Sources:
    """Asks the catalog, which keeps apart what the text index has put together.

    merged: the text index's postings of a tag.  The images in them are all that any source can have said it of, which
    spares a search through all that was ever said.
    """

    def __init__(self, catalog: Catalog, merged: Callable[[str], Postings]) -> None:
        self._catalog = catalog
        self._merged = merged

    def names(self) -> tuple[str, ...]:
        """All there are, the user first."""
        with self._catalog.reading() as connection:
            annotators = select(s.annotators.c.name).where(HEARD).distinct().order_by(s.annotators.c.name)
            return USER, *connection.execute(annotators).scalars()

    def postings(self, source: str, tags: Iterable[str]) -> Callable[[str], Postings]:
        """Looks up the images of which it said one of these tags, and those where the user rejected it.

        Here is all the work; what is returned only hands it out.
        """
        with self._catalog.reading() as connection:
            names = _names_of(connection, tags)
            said: dict[str, dict[int, tuple[float, bool]]] = {name: {} for name in names.values()}
            for image, tag, probability, shown in self._rows(connection, source, names):
                # Two tags may have become one by a new name.
                other = said[names[tag]].get(image, (0.0, False))
                said[names[tag]][image] = max(other[0], probability), other[1] or shown
        return lambda tag: self._arrays(tag, said.get(tag, {}))

    def _rows(self, connection: Connection, source: str, names: Mapping[int, str]) -> Iterator[Any]:
        """Image, tag, probability, shown."""
        user, table = s.corrections.c, s.annotation_tags.c
        if source == USER:
            added = select(user.image_id, user.tag_id, literal(1.0), literal(True))
            yield from connection.execute(added.where(user.tag_id.in_(names), user.verdict > 0))
            return
        versions = list(connection.execute(_versions(source)).scalars())
        rows = select(table.image_id, table.tag_id, table.probability, table.shown)
        rows = rows.where(table.annotator_id.in_(versions), table.tag_id.in_(names), ~_rejected())
        found = [self._merged(name).images for name in set(names.values())]
        images = np.unique(np.concatenate([np.empty(0, np.int64), *found]))
        if len(images) > _MANY:
            yield from connection.execute(rows).all()
            return
        for piece in pieces(images.tolist()):
            yield from connection.execute(rows.where(table.image_id.in_(piece))).all()

    def _arrays(self, tag: str, said: Mapping[int, tuple[float, bool]]) -> Postings:
        merged = self._merged(tag)
        rejected = merged.images[merged.rejected].tolist()
        known = {**said, **dict.fromkeys(rejected, (0.0, False))}
        images = np.fromiter(known, np.int64, len(known))
        return Postings(
            images,
            np.fromiter((probability for probability, _ in known.values()), np.float32, len(known)),
            np.fromiter((shown for _, shown in known.values()), np.bool_, len(known)),
            np.isin(images, rejected),
        )


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
