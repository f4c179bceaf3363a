"""The order of results that a query asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from imsearch.engine.query.tree import Sort
from imsearch.engine.search.facets import FEW, MOMENT, NO_MOMENT, Table
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.words.postings import Postings
from imsearch.keys import Order, Poles

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

NEWEST = Sort("date", reverse=True)
"""The order where nothing ranks."""
_LEAST, _MOST = 0.001, 0.999
"""Probabilities beyond these count as these: an annotator leaves out what is less likely, and the user is sure."""


def ordered(
    catalog: CatalogReading,
    ids: NDArray[int64],
    scores: NDArray[float32],
    order: Order,
    postings: Callable[[str], Postings],
    table: Callable[[], Table | None] = lambda: None,
    *,
    reverse: bool,
) -> tuple[NDArray[int64], NDArray[float32]]:
    """The results, which come best first, in this order; equal ones stay as they are, those without the fact go last.

    Up from the earliest, the smallest, the most unpleasant, the calmest and "a"; scores and the reverse of all others
    go down.  postings: the images that have a tag.  table: see `imsearch.engine.search.facets.Facets.known`.
    """
    if order.by == "score":
        return (ids[::-1], scores[::-1]) if reverse else (ids, scores)
    if order.by == MOMENT and len(ids) > FEW and (found := table()) is not None:
        return _by_moment(ids, scores, found.moments, reverse=reverse)
    values: Mapping[int, Any]
    if isinstance(order.by, Poles):
        values = _felt(postings, order.by)
    else:
        values = catalog.file_names(ids) if order.by == "name" else catalog.numbers(order.by, ids)
    images = ids.tolist()
    known = [place for place, image in enumerate(images) if image in values]
    known.sort(key=lambda place: values[images[place]], reverse=reverse)
    lacking = [place for place, image in enumerate(images) if image not in values]
    places = np.array(known + lacking, np.intp)
    return ids[places], scores[places]


def _by_moment(
    ids: NDArray[int64], scores: NDArray[float32], moments: NDArray[int64], *, reverse: bool
) -> tuple[NDArray[int64], NDArray[float32]]:
    """The results in order of when they were taken.  moments: microseconds by image, `NO_MOMENT` for unknown ones."""
    taken = np.full(len(ids), NO_MOMENT)
    inside = ids < len(moments)
    taken[inside] = moments[ids[inside]]
    lacking = taken == NO_MOMENT
    order = np.argsort(-taken if reverse else taken, kind="stable")
    places = np.concatenate([order[~lacking[order]], np.flatnonzero(lacking)])
    return ids[places], scores[places]


def _felt(postings: Callable[[str], Postings], poles: Poles) -> dict[int, float]:
    """The log-odds of the upper tag less those of the lower, of each image that has one of them.

    Where both come from one rating, as from the annotator `emotion`, that is the rating but for its unit.
    """
    felt: dict[int, float] = {}
    unknown = float(np.log(_LEAST / (1 - _LEAST)))
    for tag, sign in ((poles.low, -1), (poles.high, 1)):
        said = postings(tag)
        probabilities = np.clip(np.where(said.rejected, 0, said.probabilities).astype(float), _LEAST, _MOST)
        odds = np.log(probabilities / (1 - probabilities)) - unknown
        for image, value in zip(said.images.tolist(), (sign * odds).tolist(), strict=True):
            felt[image] = felt.get(image, 0.0) + value
    return felt
