"""Writing down in which city, region and country images were taken, from the coordinates that the catalog holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, select, update

from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.database import Readable

if TYPE_CHECKING:
    from imsearch.engine.words.gazetteer import Gazetteer

VERSION = 1
"""Of what coordinates are taken for; images that a lower one located are located again by the next run."""
_I = s.images.c
_HERE = _I.latitude.is_not(None) & _I.longitude.is_not(None)
PIECE = 5000
"""Images in one transaction, so that others need not wait for long."""


class Locator:
    """Fills in places.  The gazetteer is read when the first coordinates come."""

    @cached_property
    def _gazetteer(self) -> Gazetteer:
        from imsearch.engine.words.gazetteer import Gazetteer  # most processes record no coordinates

        return Gazetteer()

    def locate(self, connection: Connection, images: Iterable[int]) -> None:
        """Write the places of these images, those without coordinates left out; inside a recorder's transaction."""
        for piece in pieces(sorted(images)):
            rows = connection.execute(select(_I.id, _I.latitude, _I.longitude).where(_I.id.in_(piece), _HERE)).all()
            self._write(connection, [(row.id, row.latitude, row.longitude) for row in rows])

    def _write(self, connection: Connection, rows: Sequence[tuple[int, float, float]]) -> None:
        if not rows:
            return
        found = self._gazetteer.locate([(latitude, longitude) for _, latitude, longitude in rows])
        values = [
            {"key": image, "to_city": at.city or None, "to_region": at.region or None, "to_country": at.country or None}
            for (image, _, _), at in zip(rows, found, strict=True)
        ]
        connection.execute(_LOCATED, values)


_LOCATED = (
    update(s.images)
    .where(_I.id == bindparam("key"))
    .values(
        city=bindparam("to_city"),
        region=bindparam("to_region"),
        country=bindparam("to_country"),
        located=VERSION,
    )
)


def unlocated(catalog: Readable) -> list[int]:
    """The images with coordinates whose place no version of the gazetteer, or an older one, has told."""
    with catalog.reading() as connection:
        return list(connection.execute(select(_I.id).where(_HERE, _I.located < VERSION)).scalars())
