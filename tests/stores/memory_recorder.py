"""A catalog in memory that is written: what `CatalogRecording` says, in its simplest form."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from imsearch.engine.stores.batch import FileSeen, Reading
from imsearch.engine.stores.limits import Limits
from imsearch.errors import ImsearchError
from imsearch.records import DEFINED, Annotation, Failure
from imsearch.specs import AnnotatorSpec
from tests.stores.memory_revision import MemoryDefining, MemoryRevision
from tests.stores.memory_tables import Filed, Known, Speaker, Tables


class MemoryRecorder:
    """Writes tables.  tail: tags kept for an image and annotator."""

    def __init__(self, tables: Tables, tail: int = 64) -> None:
        self._tables, self._tail = tables, tail

    def use_annotators(self, specs: Sequence[AnnotatorSpec]) -> list[str]:
        tables, names = self._tables, {spec.name for spec in specs}
        forgotten = {number: each for number, each in tables.speakers.items() if each.forgotten}
        again = {number for number, each in forgotten.items() if each.name in names}
        gone = forgotten.keys() - again
        changed = {image for image, speaker in tables.looked if speaker in again}
        for number in again:
            tables.speakers[number].forgotten = False
        tables.drop(gone.__contains__)
        removed = sorted({tables.speakers.pop(number).name for number in gone})
        tables.failures = {key: each for key, each in tables.failures.items() if key[1] not in removed}
        for spec in specs:
            changed |= self._register(spec)
        tables.mark_changed(changed)
        return removed

    def _register(self, spec: AnnotatorSpec) -> set[int]:
        """Make this version the current one of its name; returns the images on which it shows others than before."""
        tables = self._tables
        for each in tables.speakers.values():
            each.current = each.current and each.name != spec.name
        which = (number for number, each in tables.speakers.items() if (each.name, each.version) == _key(spec))
        number = next(which, max(tables.speakers, default=0) + 1)
        known = tables.speakers.get(number)
        tables.speakers[number] = Speaker(*_key(spec), spec.vector_length, Limits.of(spec), spec=spec)
        if known is None or known.limits is None:
            return set()
        changed, names, limits = set(), tables.spelled(), Limits.of(spec)
        for (image, speaker), said in tables.said.items():
            for tag, (probability, shown) in said.items():
                now = probability >= limits.threshold(names[tag])
                if speaker == number and now != shown:
                    said[tag] = probability, now
                    changed.add(image)
        return changed

    def record(self, readings: Sequence[Reading], failures: Sequence[Failure]) -> None:
        tables = self._tables
        with tables.transaction():
            ids = {each.sha256: image for image, each in tables.images.items()}
            for reading in readings:
                if reading.sha256 not in ids and reading.facts is not None:
                    ids[reading.sha256] = max(tables.images, default=0) + 1
                    new = Known(reading.sha256, reading.file.size, reading.facts)
                    tables.images[ids[reading.sha256]] = new
            if missing := {each.sha256 for each in readings} - ids.keys():
                raise ValueError(f"bytes the catalog does not know come without facts: {sorted(missing)}")
            touched = [reading.file.path for reading in readings]
            touched += [failure.path for failure in failures if not failure.annotator]
            changed = self._remove(touched)
            for reading in readings:
                image = ids[reading.sha256]
                changed.add(image)
                tables.files[reading.file.path] = Filed(image, reading.file, tables.generation + 1)
                if reading.facts is not None:
                    tables.images[image] = tables.images[image]._replace(facts=reading.facts)
                for name, annotation in reading.annotations.items():
                    self._annotate(image, name, annotation)
            self._fail(readings, failures)
            tables.mark_changed(changed)

    def _annotate(self, image: int, name: str, annotation: Annotation) -> None:
        tables, speaker = self._tables, self._tables.current(name)
        assert speaker is not None
        spec = tables.speakers[speaker].spec
        assert spec is not None
        tables.drop(lambda number: tables.speakers[number].name == name, {image})
        tables.looked[image, speaker] = tables.generation + 1
        marked = sorted(spec.marked(annotation.tags), key=lambda tag: (not tag.shown, -tag.probability, tag.name))
        kept = marked[: max(self._tail, sum(tag.shown for tag in marked))]
        tables.said[image, speaker] = {
            tables.tag_id(tag.name): (tag.probability, tag.shown) for tag in kept if tag.probability > 0
        }
        if annotation.vector is not None:
            tables.vectors[image, speaker] = annotation.vector.astype(np.float16)

    def _fail(self, readings: Sequence[Reading], failures: Sequence[Failure]) -> None:
        """Replace what failed on these files; annotators that were not asked keep their failures."""
        tables = self._tables
        now = {(failure.path, failure.annotator): failure for failure in failures}
        asked = {""} | {name for _, name in now}
        for reading in readings:
            path = reading.file.path
            asked |= reading.annotations.keys() | reading.failures.keys()
            now |= {(path, name): Failure(path, reason, name) for name, reason in reading.failures.items()}
        paths = {reading.file.path for reading in readings} | {path for path, _ in now}
        kept = {key: each for key, each in tables.failures.items() if key[0] not in paths or key[1] not in asked}
        tables.failures = kept | now

    def _remove(self, paths: Iterable[Path]) -> set[int]:
        """Remove files, and what lies beside images that have none left; returns the images they held."""
        tables = self._tables
        lost = {tables.files.pop(path).image for path in paths if path in tables.files}
        for image in lost:
            if not tables.own(image):
                for file in tables.beside(image):
                    del tables.files[file.seen.path]
        return lost

    def forget(self, paths: Iterable[bytes]) -> int:
        tables, gone = self._tables, [Path(os.fsdecode(path)) for path in paths]
        count = sum(path in tables.files for path in gone) + sum((path, "") in tables.failures for path in gone)
        tables.failures = {key: each for key, each in tables.failures.items() if key[0] not in gone}
        tables.mark_changed(self._remove(gone))
        return count

    def stamp(self, files: Iterable[tuple[str, int, int]]) -> None:
        for path, beside, ctime_ns in files:
            file = self._tables.files[Path(path)]
            seen = FileSeen(file.seen.path, file.seen.size, file.seen.mtime_ns, beside, ctime_ns)
            self._tables.files[Path(path)] = file._replace(seen=seen)

    def locate(self, images: Iterable[int]) -> None:
        self._tables.mark_changed(images)  # no gazetteer is asked here

    def join(self, pairs: Sequence[tuple[FileSeen, Path]], gone: Iterable[bytes]) -> None:
        tables, changed = self._tables, set()
        for raw, partner in pairs:
            file, before = tables.files.get(partner), tables.files.get(raw.path)
            size = tables.images[file.image].size if file else raw.size
            if file is None or file.seen.size != size or raw.size == size:
                continue
            if before is None or (before.image, before.seen) != (file.image, raw):
                tables.files[raw.path] = Filed(file.image, raw, tables.generation + 1)
                changed |= {file.image, *([before.image] if before else [])}
        for path in map(Path, map(os.fsdecode, gone)):
            if path in tables.files:
                changed.add(tables.files.pop(path).image)
        tables.mark_changed(changed)

    def remember_folders(self, paths: Sequence[Path]) -> None:
        self._tables.folders = dict.fromkeys(paths) | self._tables.folders

    def complete_folders(self, paths: Iterable[Path]) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        self._tables.folders |= {path: now for path in paths if path in self._tables.folders}

    def drop_folders(self, paths: Iterable[Path]) -> None:
        gone = set(paths)
        self._tables.folders = {path: at for path, at in self._tables.folders.items() if path not in gone}

    def forget_annotator(self, name: str) -> int:
        return self._set_forgotten(name, True)

    def restore_annotator(self, name: str) -> int:
        return self._set_forgotten(name, False)

    def _set_forgotten(self, name: str, now: bool) -> int:
        tables = self._tables
        ids = {number for number, each in tables.speakers.items() if each.name == name and each.forgotten != now}
        if not ids or name == DEFINED:
            raise ImsearchError(f"{name!r} is none of whom this can be said.")
        for number in ids:
            tables.speakers[number].forgotten = now
        images = {image for image, speaker in tables.looked if speaker in ids}
        tables.mark_changed(images, always=True)
        return len(images)

    @contextmanager
    def revising(self) -> Iterator[MemoryRevision]:
        with self._tables.transaction():
            yield MemoryRevision(self._tables)

    @contextmanager
    def defining(self) -> Iterator[MemoryDefining]:
        with self._tables.transaction():
            yield MemoryDefining(self._tables)


def _key(spec: AnnotatorSpec) -> tuple[str, str]:
    return spec.name, spec.version
