"""What the catalog says of images that can be counted: tags, dates, cameras, formats, sources, folders."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, Connection, select, type_coerce
from sqlalchemy.types import NullType

from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import heard
from imsearch.engine.stores.sql.catalog import Catalog
from imsearch.engine.stores.sql.catalog_base import pieces
from imsearch.engine.stores.sql.sources import shown_by
from imsearch.records import USER

Pairs: TypeAlias = tuple[NDArray[np.int64], Sequence[str]]
"""Images, shape (n,), and a value of each; an image may come several times, also with the same value."""

_EMOTION = "emotion:"
_SEPARATOR = os.fsencode(os.sep)


def read_pairs(catalog: Catalog, ids: Sequence[int] | None = None) -> dict[str, Pairs]:
    """The values of all images that have files, or of those of these that have, by kind.

    Kinds: "tag" (shown ones), "emotion" (those of this namespace), "year", "month" (2023-05), "camera", "lens", "city",
    "region", "country", "type" (in lower case), "annotator" (whose tags are shown; "user", too), "folder" (in which a
    copy lies).
    """
    corrected: set[int] = set()
    found: Found = {kind: [] for kind in ("tag", "annotator", "folder", *_FACTS)}
    with catalog.reading() as connection:
        names = _mapping(connection, s.tags.c.id, s.tags.c.name)
        names |= {tag: names[other] for tag, other in _mapping(connection, *s.aliases.c).items()}
        sources = _mapping(connection, s.annotators.c.id, s.annotators.c.name)
        for piece in [None] if ids is None else pieces(ids):
            live = _read_files(connection, piece, found)
            _read_facts(connection, piece, live, found)
            corrected |= _read_shown(connection, piece, live, names, sources, found)
    _read_corrected(catalog, sorted(corrected), found)
    found["emotion"] = [pair for pair in found["tag"] if pair[1].startswith(_EMOTION)]
    return {kind: _columns(pairs) for kind, pairs in found.items()}


Found: TypeAlias = dict[str, list[tuple[int, str]]]
_FACTS: Mapping[str, ColumnElement[Any]] = {
    # Moments are taken as the database writes them: making a hundred thousand of them anew takes its time.
    "year": type_coerce(s.images.c.taken_at, NullType()),
    "month": type_coerce(s.images.c.taken_at, NullType()),
    "camera": s.images.c.camera,
    "lens": s.images.c.lens,
    "type": s.images.c.format,
    **{name: s.images.c[name] for name in ("city", "region", "country")},
}


def _mapping(connection: Connection, key: Column[int], value: Column[Any]) -> dict[int, Any]:
    return {first: second for first, second in connection.execute(select(key, value)).all()}  # noqa: C416 - rows


def _read_files(connection: Connection, piece: Sequence[int] | None, found: Found) -> set[int]:
    """Returns the images that have files."""
    paths = select(s.files.c.image_id, s.files.c.path).where(_among(s.files.c.image_id, piece))
    rows = connection.execute(paths).all()
    folders: dict[bytes, str] = {}
    for image, path in rows:
        folder = path.rpartition(_SEPARATOR)[0]
        name = folders.get(folder)
        if name is None:
            name = folders[folder] = os.fsdecode(folder or _SEPARATOR)
        found["folder"].append((image, name))
    return {image for image, _ in rows}


def _read_facts(connection: Connection, piece: Sequence[int] | None, live: set[int], found: Found) -> None:
    names = ("camera", "lens", "city", "region", "country")
    columns = select(s.images.c.id, _FACTS["year"], s.images.c.format, *(_FACTS[name] for name in names))
    for image, moment, form, *values in connection.execute(columns.where(_among(s.images.c.id, piece))).all():
        if image not in live:
            continue
        if moment is not None:
            text = str(moment)
            found["year"].append((image, text[:4]))
            found["month"].append((image, text[:7]))
        if form:
            found["type"].append((image, form.lower()))
        for name, value in zip(names, values, strict=True):
            if value:
                found[name].append((image, value))


def _read_shown(
    connection: Connection,
    piece: Sequence[int] | None,
    live: set[int],
    names: Mapping[int, str],
    sources: Mapping[int, str],
    found: Found,
) -> set[int]:
    """What annotators show of images of which the user said nothing; returns the others."""
    user, said = s.corrections.c, s.annotation_tags.c
    corrected = connection.execute(select(user.image_id).where(_among(user.image_id, piece)).distinct())
    settled = live.intersection(corrected.scalars().all())
    shown = select(said.image_id, said.tag_id, said.annotator_id)
    shown = shown.where(said.shown, _among(said.image_id, piece), heard(said.annotator_id))
    plain = live - settled if settled else live
    last: tuple[int, int] = (0, 0)
    for image, tag, annotator in connection.execute(shown).all():
        if image in plain:
            found["tag"].append((image, names[tag]))
            if last != (image, annotator):
                found["annotator"].append((image, sources[annotator]))
                last = image, annotator
    return settled


def _read_corrected(catalog: Catalog, ids: Sequence[int], found: Found) -> None:
    """What is shown of images of which the user said something, which is settled tag by tag."""
    if not ids:
        return
    for image, tags in catalog.tags_of(ids).items():
        found["tag"] += [(image, tag.name) for tag in tags if tag.shown]
    sources = (USER, *catalog.sources())
    with catalog.reading() as connection:
        for source, piece in ((source, piece) for source in sources for piece in pieces(ids)):
            shown = select(s.images.c.id).where(s.images.c.id.in_(piece), shown_by(source))
            found["annotator"] += [(image, source) for image in connection.execute(shown).scalars()]


def _among(column: ColumnElement[int], piece: Sequence[int] | None) -> ColumnElement[bool]:
    return column.is_not(None) if piece is None else column.in_(piece)


def _columns(pairs: Sequence[tuple[int, str]]) -> Pairs:
    return np.fromiter((image for image, _ in pairs), np.int64, len(pairs)), [value for _, value in pairs]
