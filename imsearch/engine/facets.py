"""What a whole result has in common: its most frequent tags, years, cameras and folders, with counts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, extract, func, select

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
    tags: Counter[int] = Counter()
    years: Counter[str] = Counter()
    cameras: Counter[str] = Counter()
    folders: Counter[bytes] = Counter()
    separator = os.fsencode(os.sep)
    with catalog.reading() as connection:
        for piece in pieces(ids):
            _count_tags(connection, piece, tags)
            facts = select(extract("year", s.images.c.taken_at), s.images.c.camera).where(s.images.c.id.in_(piece))
            for year, camera in connection.execute(facts):
                years.update([str(year)] if year is not None else ())
                cameras.update([camera] if camera else ())
            paths = select(s.files.c.image_id, s.files.c.path).where(s.files.c.image_id.in_(piece))
            inside = {(image, path.rpartition(separator)[0]) for image, path in connection.execute(paths)}
            folders.update(folder for _, folder in inside)
        known = connection.execute(select(s.tags.c.id, s.tags.c.name))
        names = {tag: name for tag, name in known}  # noqa: C416 - rows are no pairs to mypy
    counts = {
        "tag": Counter({names[tag]: count for tag, count in tags.items() if count}),
        "year": years,
        "camera": cameras,
        "folder": Counter({os.fsdecode(folder): count for folder, count in folders.items()}),
    }
    return {kind: _top(counter, most) for kind, counter in counts.items() if counter}


def _count_tags(connection: Connection, ids: Sequence[int], tags: Counter[int]) -> None:
    """Count the shown tags of images; what the user added or rejected, the few there are, is put right afterwards."""
    said, user = s.annotation_tags.c, s.corrections.c
    shown = select(said.tag_id, func.count(said.image_id.distinct())).where(said.image_id.in_(ids), said.shown)
    for tag, count in connection.execute(shown.group_by(said.tag_id)):
        tags[tag] += count
    verdicts = select(user.image_id, user.tag_id, user.verdict).where(user.image_id.in_(ids))
    corrected = {(image, tag): verdict for image, tag, verdict in connection.execute(verdicts)}
    if corrected:
        images = {image for image, _ in corrected}
        there = select(said.image_id, said.tag_id).where(said.image_id.in_(images), said.shown).distinct()
        showing = {(image, tag) for image, tag in connection.execute(there)}
        for (image, tag), verdict in corrected.items():
            tags[tag] += (verdict > 0) - ((image, tag) in showing)


def _top(counter: Counter[str], most: int) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:most])
