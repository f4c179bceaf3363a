"""A worker of a cluster: it reads and annotates files as the local pipeline does, in a process on some machine.

Nothing here depends on how it is called; `imsearch.indexer.ray` makes an actor of it.
"""

from __future__ import annotations

import os
import platform
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import imsearch
from imsearch.errors import ImsearchError
from imsearch.indexer.annotator_pool import Crew
from imsearch.indexer.item import Item
from imsearch.indexer.read import decode, read_bytes
from imsearch.pictures import decoders
from imsearch.pictures.tasks import LARGE_FILE

KEPT_BYTES = 96 << 20
"""Maximum bytes kept of files that were read and not annotated yet; beyond it, files are read again."""

CHANGES = "it changes while it is being read; index it again later"


@dataclass(frozen=True, slots=True)
class Job:
    """Settings of a run that a worker needs.

    annotators: as ``--annotator`` takes them.  readers: number of files read and decoded at once.  folders: those that
    must exist in its own file system.
    """

    annotators: tuple[str, ...]
    device: str
    batch_size: int | None
    readers: int
    decode_seconds: float
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Greeting:
    """Versions, machine and annotators of a worker.

    versions: of the annotators, by name.  problem: why there are none.  unseen: folders missing in its file system.
    batch_size: number of pictures per forward pass, 0 before an annotator is built.  broken: why others cannot be
    built, by name.
    """

    machine: str
    imsearch: str
    python: str
    versions: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    unseen: tuple[Path, ...] = ()
    batch_size: int = 0
    broken: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parcel:
    """The bytes of a file, and those of the files beside it that describe it, by name."""

    data: bytes = field(repr=False)
    beside: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)


class Worker:
    """Reads, decodes and annotates; several calls may run at once, so that these three overlap."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._notes: list[str] = []
        self._crew: Crew | None = None
        self._decoding = decoders.Decoders(job.readers, seconds=job.decode_seconds)
        self._pool = ThreadPoolExecutor(job.readers)
        self._kept: OrderedDict[Path, tuple[str, bytes]] = OrderedDict()
        self._lock, self._decodes = threading.Lock(), threading.Lock()
        self._annotates, self._finishes = threading.Lock(), threading.Lock()

    def greet(self, build: Sequence[str] = ()) -> Greeting:
        """Return the worker's versions and annotators; build: the annotators that are needed now."""
        greeting = Greeting(
            platform.node(),
            imsearch.__version__,
            ".".join(platform.python_version_tuple()[:2]),
            unseen=tuple(path for path in self._job.folders if not os.path.lexists(path)),
        )
        with self._annotates:
            try:
                crew = self._the_crew()
            except ImsearchError as error:
                return replace(greeting, problem=str(error))
            broken = {name: crew.broken[name] for name in build if not crew.has(name)}
        size = crew.batch_size if crew.ready else 0
        return replace(greeting, versions=self._versions, batch_size=size, broken=broken)

    def _the_crew(self) -> Crew:
        if self._crew is None:
            from imsearch.plugins.manager import make_manager

            specs = make_manager().choose(self._job.annotators)
            self._versions = {spec.name: spec.version for spec in specs}
            self._crew = Crew(specs, self._job.device, self._job.batch_size, self._notes.append)
        return self._crew

    def read(self, items: Sequence[Item]) -> list[Item]:
        """Read and hash files; their bytes stay here as long as there is room."""
        return [self._keep(item) for item in self._pool.map(partial(read_bytes, decoding=self._decoding), items)]

    def _keep(self, item: Item) -> Item:
        if item.data:
            with self._lock:
                self._kept[item.path] = item.sha256, item.data
                while len(self._kept) > 1 and sum(len(data) for _, data in self._kept.values()) > KEPT_BYTES:
                    self._kept.popitem(last=False)
            item.data = b""
        return item

    def annotate(self, items: Sequence[Item], *parcels: Parcel) -> tuple[list[Item], list[str]]:
        """Decode and annotate the files chosen by the run; also return notes for the user.

        parcels: the bytes of the files, if they were not read here.
        """
        crew = self._the_crew()
        with self._decodes, tempfile.TemporaryDirectory(prefix="imsearch-") as folder:
            look = partial(self._decode, crew, Path(folder))
            decoded = list(self._pool.map(look, range(len(items)), items, parcels or [None] * len(items)))
        with self._annotates:
            begun = crew.begin(decoded)
        with self._finishes:
            crew.finish(decoded, begun)
            notes = [self._notes.pop(0) for _ in range(len(self._notes))]  # others may come meanwhile
        return decoded, notes

    def _decode(self, crew: Crew, folder: Path, number: int, item: Item, parcel: Parcel | None) -> Item:
        if parcel is None:
            self._bring(item)
            return decode(item, crew.ready, self._decoding)
        item.data = parcel.data
        if not parcel.beside:
            return decode(item, crew.ready, self._decoding)
        own = item.path
        item.path = folder / str(number) / own.name  # sidecar files are looked for there
        lay_out(item.path.parent, parcel.beside)
        decode(item, crew.ready, self._decoding)
        item.path = own
        return item

    def _bring(self, item: Item) -> None:
        """Restore the bytes of a file, which were kept here or must be read once more."""
        with self._lock:
            sha256, data = self._kept.pop(item.path, ("", b""))
        if data and sha256 == item.sha256:
            item.data = data
            return
        if not 0 < item.size <= LARGE_FILE:
            return  # read where it is decoded
        again = read_bytes(replace(item), self._decoding)
        if again.reason or again.sha256 != item.sha256:
            item.fail(again.reason or CHANGES)
        item.data = again.data

    def close(self) -> None:
        """Close the annotators."""
        with self._annotates, self._finishes:
            if self._crew is not None:
                self._crew.close()
        self._decoding.close()


def lay_out(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files into a new folder."""
    folder.mkdir()
    for name, data in files:
        (folder / name).write_bytes(data)
