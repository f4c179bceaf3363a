"""What one source said: an annotator, whatever the others say, or the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, exists, select, union

from imsearch.engine import schema as s
from imsearch.engine.catalog_base import CatalogBase, pieces
from imsearch.engine.text_index import Postings
from imsearch.records import USER

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray


class Sources:
    """Asks the catalog, which keeps apart what the text index has put together.

    merged: the text index's postings of a tag.  The images in them are all that any source can have said it of, which
    spares a search through all that was ever said.
    """

    def __init__(self, catalog: CatalogBase, merged: Callable[[str], Postings]) -> None:
        self._catalog = catalog
        self._merged = merged

    def names(self) -> tuple[str, ...]:
        """All there are, the user first."""
        with self._catalog.reading() as connection:
            annotators = connection.execute(select(s.annotators.c.name).distinct().order_by(s.annotators.c.name))
            return USER, *annotators.scalars()

    def postings(self, source: str, tag: str) -> Postings:
        """The images of which it said this very tag; those where the user rejected it are marked so."""
        merged = self._merged(tag)
        said: dict[int, tuple[float, bool]] = {}
        with self._catalog.reading() as connection:
            ids = _meant_by(connection, tag)
            if source == USER:
                user = s.corrections.c
                added = select(user.image_id).where(user.tag_id.in_(ids), user.verdict > 0)
                said = dict.fromkeys(connection.execute(added).scalars(), (1.0, True))
            else:
                self._by_annotator(connection, source, ids, merged.images, said)
        images = np.fromiter(said, np.int64, len(said))
        return Postings(
            images,
            np.fromiter((probability for probability, _ in said.values()), np.float32, len(said)),
            np.fromiter((shown for _, shown in said.values()), np.bool_, len(said)),
            np.isin(images, merged.images[merged.rejected]),
        )

    def shown_by(self, source: str) -> ColumnElement[bool]:
        """The condition on `images.id` that this source gave it a tag that is shown; an empty name means any."""
        said, user = s.annotation_tags.c, s.corrections.c
        if source == USER:
            return exists().where(user.image_id == s.images.c.id, user.verdict > 0)
        rejected = exists().where(user.image_id == said.image_id, user.tag_id == said.tag_id, user.verdict < 0)
        shown = exists().where(said.image_id == s.images.c.id, said.shown, ~rejected)
        if not source:
            return shown | self.shown_by(USER)
        return shown.where(said.annotator_id.in_(_versions(source)))

    @staticmethod
    def _by_annotator(
        connection: Connection,
        source: str,
        tags: list[int],
        images: NDArray[int64],
        said: dict[int, tuple[float, bool]],
    ) -> None:
        table = s.annotation_tags.c
        versions = list(connection.execute(_versions(source)).scalars())
        rows = select(table.image_id, table.probability, table.shown)
        rows = rows.where(table.annotator_id.in_(versions), table.tag_id.in_(tags))
        for piece in pieces(images.tolist()):
            for image, probability, shown in connection.execute(rows.where(table.image_id.in_(piece))):
                # Two tags may have become one by a new name.
                other = said.get(image, (0.0, False))
                said[image] = max(other[0], probability), other[1] or shown


def _versions(source: str) -> Select[tuple[int]]:
    return select(s.annotators.c.id).where(s.annotators.c.name == source)


def _meant_by(connection: Connection, tag: str) -> list[int]:
    """The ids of the tags that go by this name, renamed ones too."""
    named = select(s.tags.c.id).where(s.tags.c.name == tag)
    renamed = select(s.aliases.c.tag_id)
    own = named.where(s.tags.c.id.not_in(renamed))
    others = renamed.where(s.aliases.c.name_id.in_(named))
    return list(connection.execute(union(own, others)).scalars())
