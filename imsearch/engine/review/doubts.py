"""Tags of annotators, held in memory to find the doubtful ones; updated incrementally.

Reading all of a large library takes seconds, so callers may set a time limit: the answer is from what was read until
then, and the next call goes on.  Tags far from their thresholds are not kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.limits import Limits

MOST = 9.0
"""Odds that differ from the threshold's by more than this factor are not doubtful: below .1 and above .9 for one of
.5."""
_KEPT = 4 * MOST
"""Tags farther from their threshold are dropped; thresholds move a little when pictures are added."""
_AT_ONCE = 500
"""Images that are read between two checks of the time limit."""
_LEAST = 1e-4
_COLUMNS = np.dtype([("image", "i8"), ("key", "i4"), ("probability", "f8"), ("shown", "?")])

Rows = NDArray[np.void]


class Heard(NamedTuple):
    """The tags read so far.

    version: changes whenever this does.  rows: of `_COLUMNS`, by image; a key is an index into the other arrays: the
    ids of annotator and tag, the threshold (above 1: never shown), True if it is known rather than guessed from the
    shown tags, and True if the annotator has shown the tag on any picture.
    """

    version: int
    rows: Rows
    annotators: NDArray[np.int64]
    tags: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    known: NDArray[np.bool_]
    shown: NDArray[np.bool_]


class Said:
    """Reads the annotators' tags of the images of a catalog.  Several threads may use one instance."""

    def __init__(self, catalog: CatalogReading) -> None:
        self._catalog = catalog
        self._lock = Lock()
        self._version = 0
        self._limits: dict[int, Limits] = {}
        self._forget("")

    def _forget(self, library: str) -> None:
        self._library, self._generation = library, 0
        self._waiting: NDArray[np.int64] = np.empty(0, np.int64)
        self._rows: list[Rows] = []
        self._tidy = False
        self._pairs: dict[tuple[int, int], int] = {}
        # By key; the stored threshold, NaN where none is stored.
        self._stored: NDArray[np.float64] = np.empty(0)
        # By key; above: the lowest probability that was shown, below: the highest that was not.
        self._annotators: NDArray[np.int64] = np.empty(0, np.int64)
        self._tags: NDArray[np.int64] = np.empty(0, np.int64)
        self._above: NDArray[np.float64] = np.empty(0)
        self._below: NDArray[np.float64] = np.empty(0)

    def read(self, patience: float | None = None) -> Heard:
        """Return the tags that may be doubtful.

        patience: time limit in seconds; the images with the highest ids are read first.
        """
        until = None if patience is None else time.monotonic() + patience
        with self._lock:
            self._catch_up()
            while len(self._waiting):
                self._take(self._waiting[-_AT_ONCE:])
                self._waiting = self._waiting[:-_AT_ONCE]
                if until is not None and time.monotonic() >= until:
                    break
            return Heard(
                self._version,
                self._joined(),
                self._annotators,
                self._tags,
                self._thresholds(),
                np.isfinite(self._stored),
                np.isfinite(self._above),
            )

    def _catch_up(self) -> None:
        """Find the images that must be read, and drop the tags known for them if they have changed."""
        library, generation = self._catalog.state()
        limits = self._catalog.limits()
        if library != self._library or limits != self._limits:
            self._forget(library)
            self._limits = limits
            self._version += 1
        if generation == self._generation:
            return
        changed = np.array(self._catalog.changed_since(self._generation), np.int64)
        first, self._generation = not self._generation, generation
        if first or len(changed) > _AT_ONCE or not self._is_as_before(changed):
            self._drop(changed)
            self._waiting = np.union1d(self._waiting, changed)

    def _is_as_before(self, images: NDArray[np.int64]) -> bool:
        """Return True if the annotators' tags of them are unchanged; the user's corrections change images, too."""
        images = np.setdiff1d(images, self._waiting)
        known = self._joined()
        return np.array_equal(known[np.isin(known["image"], images)], self._near(self._fetch(images)))

    def _drop(self, images: NDArray[np.int64]) -> None:
        if len(images):
            known = self._joined()
            self._rows = [known[~np.isin(known["image"], images)]]
        self._version += 1

    def _take(self, images: NDArray[np.int64]) -> None:
        rows = self._fetch(images)
        shown, key = rows["shown"], rows["key"]
        np.minimum.at(self._above, key[shown], rows["probability"][shown])
        np.maximum.at(self._below, key[~shown], rows["probability"][~shown])
        self._rows.append(rows)
        self._tidy = False
        self._version += 1

    def _fetch(self, images: NDArray[np.int64]) -> Rows:
        """Return the annotators' tags of these images, in order."""
        plain = self._catalog.said_of(images.tolist())
        rows = np.empty(len(plain), _COLUMNS)
        rows["image"], rows["probability"], rows["shown"] = plain[:, 0], plain[:, 3], plain[:, 4]
        rows["key"] = self._keys(plain[:, 1].astype(np.int64), plain[:, 2].astype(np.int64))
        return rows[np.lexsort((rows["key"], rows["image"]))]

    def _keys(self, annotators: NDArray[np.int64], tags: NDArray[np.int64]) -> NDArray[np.int64]:
        pairs, where = np.unique(annotators << 32 | tags, return_inverse=True)
        both = [(pair >> 32, pair & 0xFFFFFFFF) for pair in pairs.tolist()]
        new = [pair for pair in both if pair not in self._pairs]
        if new:
            self._pairs.update(zip(new, range(len(self._pairs), len(self._pairs) + len(new)), strict=True))
            self._annotators = np.append(self._annotators, [annotator for annotator, _ in new])
            self._tags = np.append(self._tags, [tag for _, tag in new])
            self._stored = np.append(self._stored, self._stored_thresholds(new))
            self._above = np.append(self._above, np.full(len(new), np.inf))
            self._below = np.append(self._below, np.full(len(new), -np.inf))
        return np.array([self._pairs[pair] for pair in both], np.int64)[where]

    def _stored_thresholds(self, pairs: Sequence[tuple[int, int]]) -> list[float]:
        """Return the thresholds of annotators and tags, by their ids; NaN where the catalog has none."""
        names = self._catalog.spelled({tag for _, tag in pairs})
        limits = [(self._limits.get(annotator), names[tag]) for annotator, tag in pairs]
        return [np.nan if each is None else each.threshold(name) for each, name in limits]

    def _joined(self) -> Rows:
        """Return one array, sorted by image; once everything is read, only of tags that may be doubtful."""
        if not self._tidy:
            joined = np.concatenate([np.empty(0, _COLUMNS), *self._rows])
            joined = joined[np.argsort(joined["image"], kind="stable")]
            self._rows = [joined if len(self._waiting) else self._near(joined)]
            self._tidy = True
        return self._rows[0]

    def _near(self, rows: Rows) -> Rows:
        return rows[doubt(rows["probability"], self._thresholds()[rows["key"]]) <= _KEPT]

    def _thresholds(self) -> NDArray[np.float64]:
        """Return the threshold of each annotator for each tag: as stored, or else estimated from its tags; about .5
        otherwise."""
        above, below = self._above, self._below
        never, always = np.isinf(above), np.isinf(below)
        with np.errstate(invalid="ignore"):
            middle = (above + below) / 2
        between = np.where(never, np.maximum(below, 0.5), np.where(always, np.minimum(above, 0.5), middle))
        return np.where(np.isfinite(self._stored), self._stored, between)


def doubt(probability: NDArray[np.float64], threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the factor between the odds and those of the threshold: 1 or more."""
    quotient = _odds(probability) / _odds(threshold)
    return np.asarray(np.maximum(quotient, 1 / quotient))


def _odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.asarray(inside / (1 - inside))


def by_name(names: NDArray[np.int64], doubts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return indexes sorted by name and doubt; sorting one sum is faster than sorting by two keys.  doubts: at most
    `MOST`."""
    return np.argsort(names * (2 * MOST) + doubts, kind="stable")


def in_turn(names: NDArray[np.int64], doubts: NDArray[np.float64], order: NDArray[np.int64]) -> Iterator[int]:
    """Return indexes in the order of questions: the most doubtful of every name, the worst first, then the second ones
    ...

    order: the result of `by_name`.
    """
    starts = np.flatnonzero(np.diff(names[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    for turn in range(int((ends - starts).max(initial=0))):
        at = order[(starts + turn)[starts + turn < ends]]
        yield from at[np.lexsort((names[at], at, doubts[at]))].tolist()
