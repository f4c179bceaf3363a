"""What a whole result has in common: its most frequent tags, years, cameras and folders, with counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, exists, extract, func, select, union

from imsearch.engine import schema as s
from imsearch.engine.catalog import Catalog
from imsearch.engine.catalog_base import pieces

Facets = dict[str, tuple[tuple[str, int], ...]]
MOST = 10
"""Values of each kind."""


def facets(catalog: Catalog, ids: Sequence[int], most: int = MOST) -> Facets:
    """The most frequent values among these images, by kind: "tag", "year", "camera", "folder".

    A tag counts where it is shown.  Kinds without any value are left out.
    """
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in ("tag", "year", "camera", "folder")}
    with catalog.reading() as connection:
        for piece in pieces(ids):
            _count(connection, _tags(piece), counts["tag"])
            year = extract("year", s.images.c.taken_at)
            for kind, column in (("year", year), ("camera", s.images.c.camera)):
                values = select(column, func.count()).where(s.images.c.id.in_(piece), column.is_not(None))
                _count(connection, values.group_by(column), counts[kind])
    for paths in catalog.paths_of(ids).values():
        counts["folder"].update({str(path.parent) for path in paths})
    return {kind: _top(counter, most) for kind, counter in counts.items() if counter}


def _count(connection: Connection, values: Select[Any], counter: Counter[str]) -> None:
    for value, number in connection.execute(values):
        counter[str(value)] += number


def _tags(ids: Sequence[int]) -> Select[Any]:
    """The shown tags of images and the number of images that show each."""
    said, user = s.annotation_tags.c, s.corrections.c
    rejected = exists().where(user.image_id == said.image_id, user.tag_id == said.tag_id, user.verdict < 0)
    showing = union(
        select(said.tag_id, said.image_id).where(said.image_id.in_(ids), said.shown, ~rejected),
        select(user.tag_id, user.image_id).where(user.image_id.in_(ids), user.verdict > 0),
    ).subquery()
    joined = select(s.tags.c.name, func.count()).join_from(showing, s.tags, s.tags.c.id == showing.c.tag_id)
    return joined.group_by(s.tags.c.name)


def _top(counter: Counter[str], most: int) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:most])
