"""The tags that annotators are most in doubt about: where one answer of the user tells the most.

An annotator is in doubt where a probability lies near the threshold from which on it shows the tag.  The catalog does
not know thresholds, but what it holds tells them: they lie between the likeliest tag that is not shown and the
unlikeliest that is.  Near means a small quotient of odds, so that .02 is as far from .01 as .98 is from .99.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select

from imsearch.engine import schema as s
from imsearch.engine.aliases import named
from imsearch.engine.catalog import Catalog
from imsearch.engine.catalog_base import pieces
from imsearch.engine.changes import Doubt
from imsearch.engine.renaming import Tags
from imsearch.engine.words import Lexicon

MOST = 9.0
"""Odds that differ from the threshold's by more than this factor are no doubt: below .1 and above .9 for one of .5."""
_LEAST = 1e-4


def review(catalog: Catalog, lexicon: Lexicon, word: str = "", limit: int = 20) -> list[Doubt]:
    """The most doubtful tags of the library, or of one tag, that the user has not judged yet.

    The most doubtful picture of every tag comes first, then the second ones, and so on.  Raises `ImsearchError` for a
    tag that the library does not have.
    """
    with catalog.reading() as connection:
        tags = Tags(connection)
        ids = tags.ids_of(tags.existing(lexicon, lexicon.normalize(word))) if word else None
        doubts: list[Doubt] = []
        for piece in pieces(connection.execute(_doubtful(ids)), max(limit, 20)):
            doubts += _confirmed(catalog, [tuple(row) for row in piece])
            if len(doubts) >= limit:
                break
    return doubts[:limit]


def _confirmed(catalog: Catalog, rows: list[tuple[Any, ...]]) -> Iterator[Doubt]:
    """Those that are in doubt all things considered: another annotator may be sure of them."""
    ids = {image for image, *_ in rows}
    images, tags, verdicts = catalog.images(ids), catalog.tags_of(ids), catalog.verdicts_of(ids)
    for image, name, source, probability, threshold in rows:
        tag = next((tag for tag in tags[image] if tag.name == name), None)
        judged = name in verdicts.get(image, {})
        if tag and image in images and not judged and (tag.source, tag.probability) == (source, probability):
            yield Doubt(images[image], tag, threshold)


def _doubtful(ids: list[int] | None) -> Select[Any]:
    """Image, name, annotator, probability and threshold of doubtful tags, in order."""
    said, user, marks = s.annotation_tags.c, s.corrections.c, _thresholds(ids).subquery()
    quotient = _odds(said.probability) / _odds(marks.c.threshold)
    doubt = case((quotient < 1, 1 / quotient), else_=quotient)
    judged = exists().where(user.image_id == said.image_id, user.tag_id.in_((said.tag_id, named(said.tag_id))))
    near = (
        select(said.image_id, named(said.tag_id).label("name_id"), said.annotator_id, said.probability)
        .add_columns(marks.c.threshold, doubt.label("doubt"))
        .join_from(
            s.annotation_tags,
            marks,
            and_(marks.c.annotator_id == said.annotator_id, marks.c.tag_id == said.tag_id),
        )
        .where(doubt <= MOST, ~judged, exists().where(s.files.c.image_id == said.image_id))
        .subquery()
    )
    place = func.row_number().over(partition_by=near.c.name_id, order_by=(near.c.doubt, near.c.image_id))
    return (
        select(near.c.image_id, s.tags.c.name, s.annotators.c.name, near.c.probability, near.c.threshold)
        .join_from(near, s.tags, s.tags.c.id == near.c.name_id)
        .join(s.annotators, s.annotators.c.id == near.c.annotator_id)
        .order_by(place, near.c.doubt, near.c.image_id, s.tags.c.name)
    )


def _thresholds(ids: list[int] | None) -> Select[Any]:
    """Where the current annotators begin to show each of their tags, as far as it can be told; about .5 otherwise."""
    said = s.annotation_tags.c
    shown, hidden = func.min(case((said.shown, said.probability))), func.max(case((~said.shown, said.probability)))
    threshold = case(
        (shown.is_(None), case((hidden > 0.5, hidden), else_=0.5)),
        (hidden.is_(None), case((shown < 0.5, shown), else_=0.5)),
        else_=(shown + hidden) / 2,
    )
    found = (
        select(said.annotator_id, said.tag_id, threshold.label("threshold"))
        .join_from(s.annotation_tags, s.annotators)
        .where(s.annotators.c.current)
        .group_by(said.annotator_id, said.tag_id)
    )
    return found if ids is None else found.where(said.tag_id.in_(ids))


def _odds(probability: ColumnElement[Any]) -> ColumnElement[Any]:
    inside = case((probability < _LEAST, _LEAST), (probability > 1 - _LEAST, 1 - _LEAST), else_=probability)
    return inside / (1 - inside)
