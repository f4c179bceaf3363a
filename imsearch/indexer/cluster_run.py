"""A run whose files are read and annotated by the workers of a cluster; everything else is as in a local one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from imsearch.errors import ImsearchError
from imsearch.indexer.annotator_pool import DEFAULT_BATCH, Crew
from imsearch.indexer.cluster import Cluster
from imsearch.indexer.cluster_worker import CHANGES, Parcel
from imsearch.indexer.item import Item
from imsearch.indexer.profile import CLUSTER
from imsearch.indexer.read import UNOPENED, ordered, read_bytes
from imsearch.indexer.resolve import CHUNK, Resolver
from imsearch.indexer.run import Run
from imsearch.indexer.shares import Batch
from imsearch.pictures.metadata.beside import beside
from imsearch.pictures.metadata.sidecars import LARGEST

BATCH_BYTES = 16 << 20
"""Maximum bytes of files in a batch, beyond the one that is always let through."""


class ClusterRun(Run):
    """Takes the arguments of a `Run`, and the cluster."""

    source = CLUSTER

    def __init__(self, *arguments: Any, cluster: Cluster, ship_bytes: bool = False) -> None:
        """ship_bytes: files are read here and sent, for workers that cannot open them."""
        super().__init__(*arguments)
        self._cluster, self._ship_bytes = cluster, ship_bytes
        self.crew = ClusterCrew(self.crew, cluster, self._stop)
        cluster.note, cluster.doing = self._waiting.put, self.crew.doing

    def _decoded(self, pool: ThreadPoolExecutor) -> Iterator[Item]:
        resolver = Resolver(self._plan, self._engine.catalog, self.crew)
        steps = self._cluster
        if self._ship_bytes:
            read: Iterator[Batch] = map(Batch, self._batches(self._read_here(pool)))
        else:
            read = steps.stream("read", map(Batch, self._batches(self._items())), _is_to_be_read, self._stop)
        for batch in steps.stream("annotate", self._resolved(resolver, read), _is_to_be_annotated, self._stop):
            yield from resolver.settle(batch.items)

    def _read_here(self, pool: ThreadPoolExecutor) -> Iterator[Item]:
        read_one = self.crew.noted(partial(read_bytes, decoding=self._decoding))
        return ordered(pool, read_one, self._items(), lambda: CHUNK + 2 * self._workers, lambda item: item.size)

    def _batches(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        batch: list[Item] = []
        size = 0
        for item in items:
            if batch and (len(batch) >= self.crew.batch_size or size + item.size > BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(item)
            size += item.size
        if batch:
            yield batch

    def _resolved(self, resolver: Resolver, batches: Iterable[Batch]) -> Iterator[Batch]:
        for batch in batches:
            refuse_unseen(batch)
            batch.items = list(resolver.resolve(batch.items))
            if self._ship_bytes:
                batch.parcels = [parcel and self._cluster.put(parcel) for parcel in map(_parcel, batch.items)]
            yield batch


class ClusterCrew(Crew):
    """The annotators of a run, which workers of a cluster build and call."""

    def __init__(self, crew: Crew, cluster: Cluster, stop: Event) -> None:
        """crew: the one of a local run, with the same annotators and options."""
        super().__init__(tuple(crew._specs.values()), batch_size=crew._batch_size, note=crew._note)
        self._cluster, self._stop = cluster, stop
        self._built: set[str] = set()

    @property
    def batch_size(self) -> int:
        return self._batch_size or self._cluster.batch_size or DEFAULT_BATCH

    def has(self, name: str) -> bool:
        if name not in self._built and name not in self.broken:
            with self._building(name):
                why = self._cluster.needs(name, self._stop)
            if why:
                self.broken[name] = why
                self._note(f"the annotator {name} cannot be used: {why}")
            else:
                self._built.add(name)
        return name in self._built


def _is_to_be_read(item: Item) -> bool:
    return not item.reason


def _is_to_be_annotated(item: Item) -> bool:
    return not item.reason and (item.decode or (item.reread and bool(item.sha256)))


def refuse_unseen(batch: Batch) -> None:
    """Raise ImsearchError for a file that this machine can open and a worker cannot.

    For example below a mount point where a disk is mounted only here: all its pictures would be recorded as failed.
    """
    if batch.home is None or batch.home.greeting is None:
        return
    for item in batch.items:
        if item.reason.startswith(UNOPENED) and _can_be_read(item.path):
            raise ImsearchError(
                f"The worker on {batch.home.greeting.machine} cannot open {item.path}, which this machine can "
                f"({item.reason.removeprefix(UNOPENED)}). Mount it there at the same path, or send the pictures with "
                "--ship-bytes; what was finished is kept."
            )


def _can_be_read(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError:
        return False
    return True


def _parcel(item: Item) -> Parcel | None:
    """Return the bytes of a file that a worker needs, dropped from the item; None if it needs none."""
    data, item.data = item.data, b""
    if not _is_to_be_annotated(item):
        return None
    try:
        if not data and item.size:  # large ones are not kept in memory
            data = item.path.read_bytes()
            if hashlib.sha256(data).hexdigest() != item.sha256:
                item.fail(CHANGES)
                return None
        return Parcel(data, tuple(_beside(item.path)) if item.beside else ())
    except OSError as error:
        item.fail(f"{UNOPENED}{error.strerror or error}")
        return None


def _beside(path: Path) -> Iterator[tuple[str, bytes]]:
    for name in beside(os.fspath(path.parent), path.name):
        file = path.parent / name
        if file.is_file() and file.stat().st_size <= LARGEST:
            yield name, file.read_bytes()
