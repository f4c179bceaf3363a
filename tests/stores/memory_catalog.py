"""A catalog in memory that is read: what `CatalogReading` says, in its simplest form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.batch import FileSeen, KnownFile, KnownImage
from imsearch.engine.stores.derived import State
from imsearch.engine.stores.holdings import Holdings
from imsearch.engine.stores.living import preferred
from imsearch.engine.stores.querying import Pairs
from imsearch.engine.stores.remembered import Remembered
from imsearch.keys import Facet, Predicate
from imsearch.keys import predicate as predicates
from imsearch.keys.predicate import Number
from imsearch.records import Failure, Folder, Image
from tests.stores import memory_querying as querying
from tests.stores.memory_tables import Tables
from tests.stores.memory_tags import MemoryTags

T = TypeVar("T")


class MemoryCatalog(MemoryTags):
    """Reads tables; everything is looked through each time."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self._memory = Remembered(self.state)

    def state(self) -> State:
        return "memory", self._tables.generation

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        return self._memory.get(key, make)

    def changed_since(self, generation: int) -> list[int]:
        return sorted(image for image, changed in self._tables.changes.items() if changed > generation)

    def holdings(self) -> Holdings:
        tables = self._tables
        held = len(tables.live()), len(tables.files), len(self.failures()), len(tables.verdicts), tables.generation
        return Holdings(*held, "memory")

    def damages(self) -> list[str]:
        return []

    # -- what queries ask

    def select(self, predicate: Predicate) -> NDArray[np.int64]:
        return querying.selected(self._tables, predicate)

    def distinct(self, field: predicates.Text) -> list[str]:
        found = (querying.fact(self._tables, image, field) for image in self._tables.images)
        return sorted({value for value in found if value is not None})

    def numbers(self, field: Number, ids: NDArray[np.int64]) -> dict[int, Any]:
        found = {image: querying.fact(self._tables, image, field) for image in ids.tolist()}
        return {image: value for image, value in found.items() if value is not None}

    def file_names(self, ids: NDArray[np.int64]) -> dict[int, str]:
        return {image: self._tables.beside(image)[0].seen.path.name.casefold() for image in self.live(ids.tolist())}

    def facet_values(self, facets: Sequence[Facet], ids: Sequence[int] | None = None) -> dict[str, Pairs]:
        return querying.facet_values(self._tables, lambda image: self._showing(image, ""), facets, ids)

    def said_by(
        self, source: str, tags: Iterable[str], images: NDArray[np.int64]
    ) -> Mapping[str, Mapping[int, tuple[float, bool]]]:
        return querying.said_by(self._tables, source, tags)

    # -- files

    def known_files(self, folder: Path) -> dict[str, KnownFile]:
        known = {}
        for (path, annotator), failure in self._tables.failures.items():
            if not annotator and path.is_relative_to(folder):
                size, mtime_ns, ctime_ns = failure.state or (0, 0, 0)
                known[str(path)] = KnownFile(None, size, mtime_ns, 0, ctime_ns, failure.reason if failure.state else "")
        for path, file in self._tables.files.items():
            if path.is_relative_to(folder):
                seen = file.seen
                known[str(path)] = KnownFile(file.image, seen.size, seen.mtime_ns, seen.beside, seen.ctime_ns)
        return known

    def images_by_path(self, paths: Iterable[Path]) -> dict[Path, int]:
        files = self._tables.files
        return {path: files[path.absolute()].image for path in paths if path.absolute() in files}

    def paths_of(self, ids: Iterable[int]) -> dict[int, list[Path]]:
        found = {image: sorted(file.seen.path for file in self._tables.beside(image)) for image in ids}
        return {image: paths for image, paths in found.items() if paths}

    def live(self, ids: Iterable[int]) -> set[int]:
        return self._tables.live().intersection(ids)

    def files_of(self, ids: Iterable[int]) -> dict[int, list[FileSeen]]:
        found = {image: [_bare(file.seen) for file in self._tables.beside(image)] for image in ids}
        return {image: files for image, files in found.items() if files}

    def known_image(self, image: int) -> KnownImage | None:
        if image not in self._tables.images or not (own := self._tables.own(image)):
            return None
        sha256, size, facts = self._tables.images[image]
        files = tuple(FileSeen(file.seen.path, size, file.seen.mtime_ns, ctime_ns=file.seen.ctime_ns) for file in own)
        return KnownImage(sha256, facts.width, facts.height, facts.format, size, files)

    def companions(self, paths: Iterable[str]) -> set[str]:
        tables = self._tables
        files = {path: tables.files[Path(path)] for path in paths if Path(path) in tables.files}
        return {path for path, file in files.items() if file.seen.size != tables.images[file.image].size}

    def images_with_copies(self) -> list[int]:
        return sorted(image for image in self._tables.images if len(self._tables.own(image)) > 1)

    def failures(self, folder: Path | None = None) -> tuple[Failure, ...]:
        forgotten = {each.name for each in self._tables.speakers.values() if each.forgotten}
        failed = [
            Failure(path, failure.reason, annotator)
            for (path, annotator), failure in self._tables.failures.items()
            if annotator not in forgotten and (folder is None or path.is_relative_to(folder))
        ]
        return tuple(sorted(failed, key=lambda failure: (bytes(failure.path), failure.annotator)))

    def folders(self) -> list[Folder]:
        return [Folder(path, indexed_at) for path, indexed_at in sorted(self._tables.folders.items())]

    # -- images

    def image(self, path_or_id: Path | int) -> Image | None:
        image = path_or_id if isinstance(path_or_id, int) else self.images_by_path([path_or_id]).get(path_or_id)
        return None if image is None else self.images([image]).get(image)

    def images(self, ids: Iterable[int]) -> dict[int, Image]:
        found = {}
        for image in ids:
            known = self._tables.images.get(image)
            if known is not None and (own := self._tables.own(image)):
                files = tuple(preferred([_bare(file.seen) for file in own], known.size))
                others = tuple(file.seen.path for file in self._tables.beside(image) if file not in own)
                sha256, size, facts = known
                what = sha256, facts.width, facts.height, facts.format, size, files, facts.taken_at
                found[image] = Image(image, *what, dict(facts.metadata), facts.facts, others)
        return found

    def images_by_sha256(self, hashes: Iterable[str]) -> dict[str, int]:
        known = {each.sha256: image for image, each in self._tables.images.items()}
        return {sha256: known[sha256] for sha256 in hashes if sha256 in known}

    def hashes(self, ids: Iterable[int]) -> dict[int, str]:
        return {image: self._tables.images[image].sha256 for image in ids if image in self._tables.images}

    def perceptual_hashes(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        ids = sorted(self._tables.live())
        hashes = [(self._tables.images[image].facts.phash or 0) % 2**64 for image in ids]
        return np.array(ids, np.int64), np.array(hashes, np.uint64)

    def lacking(self, annotators: Sequence[str]) -> dict[int, tuple[str, ...]]:
        lacks: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
        for name in annotators:
            for image in self._tables.images:
                if (image, self._tables.current(name)) not in self._tables.looked:
                    lacks[image] += (name,)
        return dict(lacks)

    def read_before(self, version: int) -> set[int]:
        return {image for image, known in self._tables.images.items() if known.facts.version < version}

    def unlocated(self) -> list[int]:
        return []  # no gazetteer is asked here


def _bare(seen: FileSeen) -> FileSeen:
    return FileSeen(seen.path, seen.size, seen.mtime_ns)
