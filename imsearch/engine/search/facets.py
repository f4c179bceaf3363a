"""Facets: the most frequent tags, years, cameras, ... of many images, with counts.

All values of the library are read once and kept as arrays, in a file, too, so that counting over any result is a matter
of milliseconds afterwards.  When the catalog changes, only the images that changed are read again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from imsearch import __version__
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.columns import read_columns, write_columns
from imsearch.engine.stores.derived import State

Counts = tuple[tuple[str, int], ...]
MOST = 10
"""Values of each kind where nobody says how many."""
FEW = 1000
"""So many images are looked up one by one, when the values of all are not at hand."""
MANY = 5000
"""From so many images on, the values are kept in a file."""
FILE_NAME = "facets.columns"
ANNOTATOR = "annotator"
"""The facet of who said any shown tag."""
MOMENT: Final = "taken_at"
NO_MOMENT = np.iinfo(np.int64).min + 1
"""In place of an unknown moment; its negative is a number, too."""
_NO_MOMENTS = np.empty(0, np.int64)
_PIECE = 20_000
_SPARSE = 8
"""Fewer than one in so many images are counted one by one."""
_MUCH = 20
"""The file is written anew when one in so many images has changed."""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The values of one kind, by image.

    starts: (images + 1,), where the values of each image begin, by id.  values: (pairs,), the numbers of the values,
    each once an image, in order.  names: by number; they only ever grow, and may be more than there are pairs of.
    """

    starts: NDArray[np.int64]
    values: NDArray[np.unsignedinteger[Any]]
    names: list[str]

    @classmethod
    def empty(cls) -> Values:
        return cls(np.zeros(1, np.int64), np.empty(0, np.uint16), [])

    def replaced(self, changed: NDArray[np.bool_], images: NDArray[np.int64], values: Sequence[str]) -> Values:
        """Without the values of the images that are marked, and with these, which are of such images only."""
        numbers = {name: number for number, name in enumerate(self.names)}
        names = self.names.copy()
        for value in values:
            if value not in numbers:
                numbers[value] = len(names)
                names.append(value)
        pairs = np.unique((images << 32) | np.fromiter(map(numbers.__getitem__, values), np.int64, len(values)))
        images, new = pairs >> 32, pairs & 0xFFFFFFFF
        size = max(len(self.starts) - 1, int(images[-1]) + 1 if len(images) else 0)
        lengths = np.zeros(size, np.int64)
        lengths[: len(self.starts) - 1] = np.diff(self.starts)
        gone = np.zeros(size, np.bool_)
        gone[: len(changed)] = changed[:size]
        kept = self.values[~np.repeat(gone, lengths)]
        lengths[gone] = 0
        places = np.cumsum(lengths)[images] if len(images) else images
        lengths += np.bincount(images, minlength=size)
        kind = np.uint16 if len(names) <= 1 << 16 else np.uint32
        return Values(
            np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
            np.insert(kept.astype(kind, copy=False), places, new.astype(kind)),
            names,
        )

    def counts(self, inside: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """On how many of the images that are marked, or of all, each value is."""
        if inside is None:
            return np.bincount(self.values, minlength=1)
        inside = inside[: len(self.starts) - 1]
        if np.count_nonzero(inside) * _SPARSE < len(inside):
            ids = np.flatnonzero(inside)
            starts, lengths = self.starts[ids], self.starts[ids + 1] - self.starts[ids]
            before = np.cumsum(lengths) - lengths
            return np.bincount(self.values[np.repeat(starts - before, lengths) + np.arange(lengths.sum())], minlength=1)
        held = self.values[: self.starts[len(inside)]]
        return np.bincount(held[np.repeat(inside, np.diff(self.starts[: len(inside) + 1]))], minlength=1)

    def having(self, name: str = "") -> NDArray[np.int64]:
        """Return the ids of the images that have a value, or any at all."""
        lengths = np.diff(self.starts)
        if not name:
            return np.flatnonzero(lengths)
        if name not in self.names:
            return np.empty(0, np.int64)
        found: NDArray[np.int64] = np.repeat(np.arange(len(lengths)), lengths)[self.values == self.names.index(name)]
        return found

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
    """The values of all images that have files, in one state of the catalog, by kind.

    moments: int64 (images,), by id, microseconds from 1970 to when each was taken, by the camera's clock; `NO_MOMENT`
    where that is not known.
    """

    state: State
    kinds: Mapping[str, Values]
    moments: NDArray[np.int64]

    @property
    def size(self) -> int:
        """The greatest id of an image, plus one."""
        return max((len(values.starts) for values in self.kinds.values()), default=1) - 1

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

    keys: those of the query language, which say what is counted.  folder: where the values of a large library are kept
    for other processes, if anywhere.
    """

    def __init__(self, catalog: CatalogReading, keys: Keys = KEYS, folder: Path | None = None) -> None:
        self._catalog = catalog
        self._folder = folder
        self._stored: State | None = None
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
            known = self.reread(Table(("", 0), {}, _NO_MOMENTS), np.sort(ids).tolist(), ("", 0)).kinds
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
            self._table = self._newest(self._table or self._kept())
            return self._table

    def known(self) -> Table | None:
        """The values of all images now, if most of them have been read before; None where it would take long."""
        with self._lock:
            before = self._table or self._kept()
            if before is None:
                return None
            state = self._catalog.state()
            if before.state != state and (
                before.state[0] != state[0]
                or before.state[1] > state[1]
                or len(self._catalog.changed_since(before.state[1])) > FEW
            ):
                return None
            self._table = self._newest(before)
            return self._table

    def keep(self) -> None:
        """Bring the file up to date, so that nobody needs to read the values of all images again."""
        self._write(self.table())

    def _newest(self, known: Table | None) -> Table:
        state = self._catalog.state()
        if known is not None and known.state == state:
            return known
        if known is None or known.state[0] != state[0] or known.state[1] > state[1]:
            table = self.reread(Table(state, {}, _NO_MOMENTS), None, state)
            self._write(table)
            return table
        changed = self._catalog.changed_since(known.state[1])
        table = self.reread(known, changed, state)
        if len(changed) * _MUCH > table.size:
            self._write(table)
        return table

    def reread(self, table: Table, changed: Sequence[int] | None, state: State) -> Table:
        """Return the table with the values of these images, or of all, read again."""
        every = changed if changed is not None else self._catalog.changed_since(0)
        marked = np.zeros(max(every, default=0) + 1, np.bool_)
        marked[np.asarray(every, np.int64)] = True
        found: dict[str, tuple[list[NDArray[np.int64]], list[str]]] = {}
        for start in range(0, max(1, len(every)), _PIECE):  # all at once would be a gigabyte of a million images
            for kind, (images, values) in self._catalog.facet_values(
                self._facets, every[start : start + _PIECE]
            ).items():
                known = found.setdefault(kind, ([], []))
                known[0].append(images)
                known[1].extend(map(sys.intern, values))
        kinds = {
            kind: table.kinds.get(kind, Values.empty()).replaced(marked, np.concatenate(images), values)
            for kind, (images, values) in found.items()
        }
        return Table(state, kinds, self._moments(table.moments, every, marked))

    def _moments(self, known: NDArray[np.int64], ids: Sequence[int], marked: NDArray[np.bool_]) -> NDArray[np.int64]:
        moments = np.full(max(len(known), len(marked)), NO_MOMENT)
        moments[: len(known)] = known
        moments[: len(marked)][marked] = NO_MOMENT
        taken = self._catalog.numbers(MOMENT, np.asarray(ids, np.int64))
        images = np.fromiter(taken, np.int64, len(taken))
        values = np.array(list(taken.values()), "datetime64[us]").astype(np.int64)
        inside = images < len(moments)
        moments[images[inside]] = values[inside]
        return moments

    # -- the file

    def _label(self) -> str:
        """Tells what the file depends on besides the catalog."""
        return " ".join((__version__, *(facet.name for facet in self._facets)))

    def _kept(self) -> Table | None:
        found = None if self._folder is None else read_columns(self._folder / FILE_NAME, self._label())
        if found is None:
            return None
        state, arrays, texts = found
        kinds = {
            name: Values(arrays[f"{name} starts"], arrays[f"{name} values"], names) for name, names in texts.items()
        }
        self._stored = state
        return Table(state, kinds, arrays[MOMENT])

    def _write(self, table: Table) -> None:
        if self._folder is None or self._stored == table.state or table.size < MANY:
            return
        arrays: dict[str, NDArray[Any]] = {MOMENT: table.moments}
        for name, values in table.kinds.items():
            arrays |= {f"{name} starts": values.starts, f"{name} values": values.values}
        with suppress(OSError):  # the next process makes its own table, as this one has
            texts = {name: values.names for name, values in table.kinds.items()}
            write_columns(self._folder / FILE_NAME, table.state, self._label(), arrays, texts)
            self._stored = table.state
