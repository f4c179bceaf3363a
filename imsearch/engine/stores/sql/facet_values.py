"""Values of images that facets count, read from the catalog: tags, dates, cameras, formats, sources, folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Column, ColumnElement, Connection, select, type_coerce
from sqlalchemy.types import NullType

from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.querying import Pairs
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import heard
from imsearch.engine.stores.sql.read_tags import sources as annotators_of
from imsearch.engine.stores.sql.read_tags import tags_of
from imsearch.engine.stores.sql.sources import shown_by
from imsearch.keys import Facet
from imsearch.records import USER

Found: TypeAlias = dict[str, list[tuple[int, str]]]

_SEPARATOR = os.fsencode(os.sep)
_MOMENT = "taken_at"
_TAGS, _SOURCES, _FOLDERS = "tags", "sources", "folders"


def read_pairs(connection: Connection, facets: Sequence[Facet], ids: Sequence[int] | None) -> dict[str, Pairs]:
    """See `imsearch.engine.stores.querying.CatalogQuerying.facet_values`."""
    corrected: set[int] = set()
    found: Found = {name: [] for name in (_TAGS, _SOURCES, _FOLDERS)}
    facts: Found = {facet.name: [] for facet in facets if not _is_gathered(facet)}
    names = _mapping(connection, s.tags.c.id, s.tags.c.name)
    names |= {tag: names[other] for tag, other in _mapping(connection, *s.aliases.c).items()}
    sources = _mapping(connection, s.annotators.c.id, s.annotators.c.name)
    for piece in [None] if ids is None else pieces(ids):
        live = _read_files(connection, piece, found)
        _read_facts(connection, piece, live, [facet for facet in facets if facet.name in facts], facts)
        corrected |= _read_shown(connection, piece, live, names, sources, found)
    _read_corrected(connection, sorted(corrected), found)
    return {
        facet.name: _columns(facts[facet.name] if facet.name in facts else _begun(found[facet.of[0]], facet.prefix))
        for facet in facets
    }


def _is_gathered(facet: Facet) -> bool:
    """Return True for a facet of something that a picture has several of."""
    return facet.of[0] in (_TAGS, _SOURCES, _FOLDERS)


def _begun(pairs: list[tuple[int, str]], prefix: str) -> list[tuple[int, str]]:
    return [pair for pair in pairs if pair[1].startswith(prefix)] if prefix else pairs


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
        found[_FOLDERS].append((image, name))
    return {image for image, _ in rows}


def _read_facts(
    connection: Connection, piece: Sequence[int] | None, live: set[int], facets: Sequence[Facet], found: Found
) -> None:
    fields = list(dict.fromkeys(field for facet in facets for field in facet.of))
    rows = select(s.images.c.id, *map(_plain, fields)).where(_among(s.images.c.id, piece))
    columns = list(zip(*connection.execute(rows).all(), strict=True))
    if not columns:
        return
    images, facts = columns[0], dict(zip(fields, columns[1:], strict=True))
    if _MOMENT in facts:  # not every database writes them as text
        facts[_MOMENT] = tuple(None if moment is None else str(moment) for moment in facts[_MOMENT])
    for facet in facets:
        made = _values(facet, [facts[field] for field in facet.of])
        found[facet.name] += [
            (image, value) for image, value in zip(images, made, strict=True) if value and image in live
        ]


def _plain(field: str) -> ColumnElement[Any]:
    # Moments are taken as the database writes them: making a hundred thousand of them anew takes its time.
    column = s.images.c[field]
    return type_coerce(column, NullType()) if field == _MOMENT else column


def _values(facet: Facet, facts: Sequence[Sequence[Any]]) -> Iterable[str | None]:
    """The value of each image; None or "" where it has none."""
    make = facet.value
    if make is None:
        return facts[0]
    if len(facts) == 1:
        return (None if fact is None else make(fact) for fact in facts[0])
    return (None if None in row else make(*row) for row in zip(*facts, strict=True))


def _read_shown(
    connection: Connection,
    piece: Sequence[int] | None,
    live: set[int],
    names: Mapping[int, str],
    sources: Mapping[int, str],
    found: Found,
) -> set[int]:
    """Read the tags that annotators show of images without corrections; returns the images with corrections."""
    user, said = s.corrections.c, s.annotation_tags.c
    corrected = connection.execute(select(user.image_id).where(_among(user.image_id, piece)).distinct())
    settled = live.intersection(corrected.scalars().all())
    shown = select(said.image_id, said.tag_id, said.annotator_id)
    shown = shown.where(said.shown, _among(said.image_id, piece), heard(said.annotator_id))
    plain = live - settled if settled else live
    last: tuple[int, int] = (0, 0)
    for image, tag, annotator in connection.execute(shown).all():
        if image in plain:
            found[_TAGS].append((image, names[tag]))
            if last != (image, annotator):
                found[_SOURCES].append((image, sources[annotator]))
                last = image, annotator
    return settled


def _read_corrected(connection: Connection, ids: Sequence[int], found: Found) -> None:
    """Read the tags that are shown of images with corrections, which are settled tag by tag."""
    if not ids:
        return
    for image, tags in tags_of(connection, ids).items():
        found[_TAGS] += [(image, tag.name) for tag in tags if tag.shown]
    sources = (USER, *annotators_of(connection))
    for source, piece in ((source, piece) for source in sources for piece in pieces(ids)):
        shown = select(s.images.c.id).where(s.images.c.id.in_(piece), shown_by(source))
        found[_SOURCES] += [(image, source) for image in connection.execute(shown).scalars()]


def _among(column: ColumnElement[int], piece: Sequence[int] | None) -> ColumnElement[bool]:
    return column.is_not(None) if piece is None else column.in_(piece)


def _columns(pairs: Sequence[tuple[int, str]]) -> Pairs:
    return np.fromiter((image for image, _ in pairs), np.int64, len(pairs)), [value for _, value in pairs]
