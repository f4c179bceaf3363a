"""The tags that annotators are most in doubt about: where one answer of the user tells the most.

An annotator is in doubt where a probability lies near the threshold from which on it shows the tag.  The catalog does
not know thresholds, but what it holds tells them: they lie between the likeliest tag that is not shown and the
unlikeliest that is.  Near means a small quotient of odds, so that .02 is as far from .01 as .98 is from .99.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from imsearch.engine import schema as s
from imsearch.engine.catalog import Catalog
from imsearch.engine.catalog_base import pieces
from imsearch.engine.changes import Doubt
from imsearch.engine.renaming import Tags
from imsearch.engine.words import Lexicon

MOST = 9.0
"""Odds that differ from the threshold's by more than this factor are no doubt: below .1 and above .9 for one of .5."""
_LEAST = 1e-4
_ROWS = 50_000
_COLUMNS = np.dtype(
    [("image", "i8"), ("annotator", "i4"), ("tag", "i4"), ("probability", "f8"), ("shown", "?"), ("threshold", "f8")]
)


class _Candidate(NamedTuple):
    image: int
    name: str
    probability: float
    threshold: float


def review(catalog: Catalog, lexicon: Lexicon, word: str = "", limit: int = 20) -> list[Doubt]:
    """The most doubtful tags of the library, or of one tag, that the user has not judged yet.

    The most doubtful picture of every tag comes first, then the second ones, and so on.  Raises `ImsearchError` for a
    tag that the library does not have.
    """
    with catalog.reading() as connection:
        tags = Tags(connection)
        ids = tags.ids_of(tags.existing(lexicon, lexicon.normalize(word))) if word else None
        said = _said(connection, ids)
    candidates = _in_order(said, tags)
    return list(islice(_confirmed(catalog, candidates), limit))


def _confirmed(catalog: Catalog, candidates: Iterator[_Candidate]) -> Iterator[Doubt]:
    """Those in doubt all things considered: the user may have judged them, another annotator be sure of them."""
    for piece in pieces(candidates, 200):
        ids = {each.image for each in piece}
        images, tags, verdicts = catalog.images(ids), catalog.tags_of(ids), catalog.verdicts_of(ids)
        for each in piece:
            tag = next((tag for tag in tags[each.image] if tag.name == each.name), None)
            judged = each.name in verdicts.get(each.image, {})
            if tag and each.image in images and not judged and tag.probability == each.probability:
                yield Doubt(images[each.image], tag, each.threshold)


def _said(connection: Connection, ids: list[int] | None) -> NDArray[np.void]:
    """What the current annotators say, of these tags or all; a record array of `_COLUMNS`, thresholds not yet known."""
    table = s.annotation_tags.c
    columns = select(table.image_id, table.annotator_id, table.tag_id, table.probability, table.shown)
    rows = columns.join_from(s.annotation_tags, s.annotators).where(s.annotators.c.current)
    if ids is not None:
        rows = rows.where(table.tag_id.in_(ids))
    read = [np.array([(*row, 0.0) for row in piece], _COLUMNS) for piece in connection.execute(rows).partitions(_ROWS)]
    said: NDArray[np.void] = np.concatenate([np.empty(0, _COLUMNS), *read])
    said["threshold"] = _thresholds(said)
    return said


def _thresholds(said: NDArray[np.void]) -> NDArray[np.float64]:
    """From where on each annotator shows each tag, as far as its tags tell; about .5 otherwise."""
    _, key = np.unique(said["annotator"].astype(np.int64) << 32 | said["tag"], return_inverse=True)
    size, probability, shown = int(key.max(initial=-1)) + 1, said["probability"], said["shown"]
    above, below = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(above, key[shown], probability[shown])
    np.maximum.at(below, key[~shown], probability[~shown])
    never, always = np.isinf(above), np.isinf(below)
    between = np.where(never, np.maximum(below, 0.5), np.where(always, np.minimum(above, 0.5), (above + below) / 2))
    return np.asarray(between)[key]


def _in_order(said: NDArray[np.void], tags: Tags) -> Iterator[_Candidate]:
    """The doubtful ones: the first of every name, the most doubtful at the top, then the second ones ..."""
    quotient = _odds(said["probability"]) / _odds(said["threshold"])
    doubt = np.maximum(quotient, 1 / quotient)
    near = doubt <= MOST
    said, doubt = said[near], doubt[near]
    names = said["tag"].astype(np.int64)
    for tag, name in tags.aliases.items():
        names[names == tag] = name
    order = np.lexsort((said["image"], doubt, names))
    said, doubt, names = said[order], doubt[order], names[order]
    place = np.arange(len(names)) - np.searchsorted(names, names)
    for index in np.lexsort((names, said["image"], doubt, place)).tolist():
        row = said[index]
        yield _Candidate(
            int(row["image"]), tags.spelled(int(names[index])), float(row["probability"]), float(row["threshold"])
        )


def _odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.asarray(inside / (1 - inside))
