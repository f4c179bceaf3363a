"""What writes to a catalog in memory: what `CatalogRecording` and `Journal` say, in its simplest form."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from imsearch.engine.stores.batch import FileSeen, Reading
from imsearch.engine.stores.definitions import SHOWN, Phrase
from imsearch.engine.stores.journal import Edit
from imsearch.engine.stores.journal import Known as Heard
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.tag_names import TagNames
from imsearch.engine.stores.tagging import Word
from imsearch.errors import ImsearchError
from imsearch.records import DEFINED, Annotation, Failure
from imsearch.specs import AnnotatorSpec
from tests.stores.memory_tables import Entry, Filed, Known, Speaker, Tables


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


class MemoryRevision:
    """One transaction of verdicts and names."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def tag_names(self) -> TagNames:
        return TagNames(dict(self._tables.tags), dict(self._tables.aliases))

    def tag_ids(self, names: Iterable[str]) -> Mapping[str, int]:
        return {name: self._tables.tag_id(name) for name in sorted(names)}

    def unknown(self, images: Iterable[int]) -> set[int]:
        return set(images) - self._tables.images.keys()

    def known(self, images: Iterable[int], tags: Mapping[int, str]) -> Heard:
        known = Heard()
        for image in images:
            for tag_id, tag in sorted(self._tables.said_of(image), key=lambda said: said[1].probability):
                if tag_id in tags:
                    known.said[image, tags[tag_id]] = tag.source
            for word in self._tables.words_of(image):
                if word.tag_id in tags:
                    name = tags[word.tag_id]
                    known.words[image, name].append(Word(word.tag_id, word.name_id, name, word.verdict))
        return known

    def is_given(self, tag: int) -> bool:
        return any(verdict > 0 for (_, other), verdict in self._tables.verdicts.items() if other == tag)

    def is_in_use(self, tags: Sequence[int]) -> bool:
        heard = self._tables.heard()
        said = any(speaker in heard and set(tags) & each.keys() for (_, speaker), each in self._tables.said.items())
        return said or any(tag in tags for _, tag in self._tables.verdicts)

    def carriers(self, tags: Iterable[int]) -> list[int]:
        return self._tables.carriers(tags)

    def set_verdicts(self, edits: Iterable[Edit]) -> None:
        for edit in edits:
            assert edit.image_id is not None
            self._tables.verdicts.pop((edit.image_id, edit.tag_id), None)
            if edit.after is not None:
                self._tables.verdicts[edit.image_id, edit.tag_id] = edit.after

    def set_names(self, edits: Iterable[Edit]) -> None:
        for edit in edits:
            self._tables.aliases.pop(edit.tag_id, None)
            if edit.after is not None:
                self._tables.aliases[edit.tag_id] = edit.after

    def mark_changed(self, images: Iterable[int]) -> None:
        self._tables.mark_changed(images)

    def note(self, action: str, edits: Iterable[Edit]) -> int:
        self._tables.entries.append(Entry(action, datetime.now(UTC).replace(microsecond=0), list(edits)))
        return len(self._tables.entries)

    def last(self) -> tuple[int, list[Edit]] | None:
        left = [(number, entry.edits) for number, entry in enumerate(self._tables.entries, 1) if not entry.undone]
        return left[-1] if left else None

    def is_undone(self, number: int) -> bool | None:
        entries = self._tables.entries
        return entries[number - 1].undone if 0 < number <= len(entries) else None

    def mark_undone(self, number: int) -> None:
        self._tables.entries[number - 1].undone = True


class MemoryDefining:
    """One transaction of defined tags."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def tag(self, name: str) -> int:
        return self._tables.tag_id(name)

    def defined(self, name: str) -> int | None:
        names = self._tables.spelled()
        return next((tag for tag in self._tables.phrases if name in (names[tag], names[self._tables.named(tag)])), None)

    def put(self, phrase: Phrase) -> None:
        self._tables.phrases[phrase.tag] = phrase._replace(generation=self._tables.generation)

    def judged(self, tag: int) -> None:
        self.put(self._tables.phrases[tag])

    def remove(self, tag: int) -> None:
        del self._tables.phrases[tag]
        if not self._tables.phrases:
            del self._tables.speakers[self._speaker()]

    def shown(self, tag: int) -> int:
        return sum(
            said[tag][1] for (_, own), said in self._tables.said.items() if own == self._speaker() and tag in said
        )

    def write(self, tag: int, likely: Sequence[tuple[int, float]], among: Iterable[int] | None = None) -> set[int]:
        tables, own = self._tables, self._speaker()
        had = {image for (image, speaker), said in tables.said.items() if speaker == own and tag in said}
        gone = had if among is None else had.intersection(among)
        for image in gone:
            del tables.said[image, own][tag]
        for image, probability in likely:
            tables.said.setdefault((image, own), {})[tag] = probability, probability >= SHOWN
        return gone.union(image for image, _ in likely)

    def mark_changed(self, images: Iterable[int], *, always: bool = False) -> None:
        self._tables.mark_changed(images, always)

    def _speaker(self) -> int:
        """The annotator that definitions speak as, made if it is new."""
        found = self._tables.current(DEFINED)
        if found is None:
            found = max(self._tables.speakers, default=0) + 1
            self._tables.speakers[found] = Speaker(DEFINED, "1", None, Limits(SHOWN, {}))
        return found


def _key(spec: AnnotatorSpec) -> tuple[str, str]:
    return spec.name, spec.version
