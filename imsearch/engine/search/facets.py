"""Facets: the most frequent tags, years, cameras, ... of many images, with counts.

All values of the library are read once and kept as arrays, so that counting over any result is a matter of milliseconds
afterwards.  When the catalog changes, only the images that changed are read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.derived import State

Counts = tuple[tuple[str, int], ...]
MOST = 10
"""Values of each kind where nobody says how many."""
FEW = 1000
"""So many images are looked up one by one, when the values of all are not at hand."""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The values of one kind: image and number of the value of each pair that there is, each once.

    numbers, names: the values; both only ever grow, and may know more than the pairs do.
    """

    images: NDArray[np.int64]
    values: NDArray[np.int64]
    numbers: dict[str, int]
    names: list[str]

    @classmethod
    def empty(cls) -> Values:
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), {}, [])

    def replaced(self, changed: NDArray[np.bool_], images: NDArray[np.int64], values: Sequence[str]) -> Values:
        """Without the pairs of the images that are marked, and with these."""
        numbers = np.fromiter(map(self._number, values), np.int64, len(values))
        new = np.sort((images << 32) | numbers)
        new = new[np.diff(new, prepend=-1) != 0]
        kept = ~_marked(changed, self.images)
        return Values(
            np.concatenate([self.images[kept], new >> 32]),
            np.concatenate([self.values[kept], new & 0xFFFFFFFF]),
            self.numbers,
            self.names,
        )

    def _number(self, value: str) -> int:
        number = self.numbers.get(value)
        if number is None:
            number = len(self.names)
            self.names.append(value)  # before its number is known: readers go from numbers to names
            self.numbers[value] = number
        return number

    def counts(self, inside: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """On how many of the images that are marked, or of all, each value is."""
        values = self.values if inside is None else self.values[_marked(inside, self.images)]
        return np.bincount(values, minlength=1)

    def latest(self, inside: NDArray[np.bool_], most: int) -> Counts:
        """Return the last values by name among the images that are marked, and how many images have each."""
        counts = self.counts(inside)
        told = [(self.names[place], int(counts[place])) for place in np.flatnonzero(counts).tolist()]
        return tuple(sorted(told, reverse=True)[:most])

    def top(self, inside: NDArray[np.bool_], most: int) -> Counts:
        """The most frequent among the images that are marked; equal ones by name."""
        counts = self.counts(inside)
        places = np.flatnonzero(counts)
        if len(places) > most:
            least = np.partition(counts[places], -most)[-most]
            places = places[counts[places] >= least]
        told = [(self.names[place], int(counts[place])) for place in places.tolist()]
        return tuple(sorted(told, key=lambda pair: (-pair[1], pair[0]))[:most])


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The values of all images that have files, in one state of the catalog, by kind."""

    state: State
    kinds: Mapping[str, Values]

    def top(self, kind: str, most: int) -> list[tuple[str, int]]:
        """The most frequent values of a kind; equal ones by name."""
        return nsmallest(most, self.counted(kind).items(), key=lambda pair: (-pair[1], pair[0]))

    def counted(self, kind: str) -> dict[str, int]:
        """Each value of a kind that an image has, and how many have it."""
        values = self.kinds[kind]
        counts = values.counts()
        return {values.names[place]: int(counts[place]) for place in np.flatnonzero(counts).tolist()}


class Facets:
    """Counts over the images of one catalog.  Several threads may use one.

    keys: those of the query language, which say what is counted.
    """

    def __init__(self, catalog: CatalogReading, keys: Keys = KEYS) -> None:
        self._catalog = catalog
        self._told = keys.told_facets
        self._facets = tuple(facet for _, facet in keys.facets.values())
        self._table: Table | None = None
        self._lock = Lock()

    def of(self, ids: NDArray[np.int64], most: int = MOST) -> dict[str, Counts]:
        """The most frequent values among these images, by kind; kinds without any are left out.

        most: of each kind, 1 or more; years come newest first instead.  A tag counts where it is shown, a camera or an
        annotator by its name, a folder where a copy lies directly in it.
        """
        if not len(ids):
            return {}
        if self._table is None and len(ids) <= FEW:
            known = self.reread(Table(("", 0), {}), ids.tolist(), ("", 0)).kinds
        else:
            known = self.table().kinds
        inside = np.zeros(int(ids.max()) + 1, np.bool_)
        inside[ids] = True
        counted = {}
        for facet in self._told:
            values = known[facet.name]
            counted[facet.name] = values.latest(inside, most) if facet.latest_first else values.top(inside, most)
        return {kind: top for kind, top in counted.items() if top}

    def table(self) -> Table:
        """The values of all images now."""
        with self._lock:
            self._table = self._newest(self._table)
            return self._table

    def _newest(self, known: Table | None) -> Table:
        state = self._catalog.state()
        if known is not None and known.state == state:
            return known
        if known is None or known.state[0] != state[0] or known.state[1] > state[1]:
            return self.reread(Table(state, {}), None, state)
        changed = self._catalog.changed_since(known.state[1])
        return self.reread(known, changed, state)

    def reread(self, table: Table, changed: Sequence[int] | None, state: State) -> Table:
        """Return the table with the values of these images, or of all, read again."""
        pairs = self._catalog.facet_values(self._facets, changed)
        marked = np.zeros(max(changed, default=0) + 1 if changed is not None else 1, np.bool_)
        if changed:
            marked[np.asarray(changed)] = True
        kinds = {
            kind: table.kinds.get(kind, Values.empty()).replaced(marked, images, values)
            for kind, (images, values) in pairs.items()
        }
        return Table(state, kinds)


def _marked(marks: NDArray[np.bool_], images: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return a mask of the images that are marked; the largest ids may lie beyond the marks."""
    found: NDArray[np.bool_] = marks[np.minimum(images, len(marks) - 1)] & (images < len(marks))
    return found
