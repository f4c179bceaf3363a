"""A catalog in memory that is read: what `CatalogReading` says, in its simplest form."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.annotator_status import AnnotatorStatus
from imsearch.engine.stores.batch import FileSeen, KnownFile, KnownImage
from imsearch.engine.stores.changes import Change
from imsearch.engine.stores.definitions import Definition, Phrase
from imsearch.engine.stores.derived import State
from imsearch.engine.stores.holdings import Holdings
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.living import preferred
from imsearch.engine.stores.querying import Pairs
from imsearch.engine.stores.remembered import Remembered
from imsearch.engine.stores.tag_names import Judgement, TagNames
from imsearch.engine.stores.tagging import merge, settle
from imsearch.keys import Facet, Predicate
from imsearch.keys import predicate as predicates
from imsearch.keys.predicate import Number
from imsearch.records import DEFINED, USER, Failure, Folder, Image, Tag, Text
from tests.stores import memory_querying as querying
from tests.stores.memory_tables import Entry, Tables

T = TypeVar("T")


class MemoryCatalog:
    """Reads tables; everything is looked through each time."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
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

    # -- tags and texts

    def tags_of(self, ids: Iterable[int], tail: Collection[str] | None = None) -> dict[int, tuple[Tag, ...]]:
        tables, found = self._tables, {}
        wanted = {tag for name, tag in tables.tags.items() if tail is not None and name in tail}
        for image in ids:
            said = [
                (tag_id, tag)
                for tag_id, tag in tables.said_of(image)
                if tail is None or tag.shown or tag_id in wanted or tables.named(tag_id) in wanted
            ]
            found[image] = merge(*settle(said, tables.words_of(image)))
        return found

    def verdicts_of(self, ids: Iterable[int]) -> dict[int, dict[str, int]]:
        words = {image: self._tables.words_of(image) for image in ids}
        return {image: settle(self._tables.said_of(image), each)[1] for image, each in words.items() if each}

    def with_verdicts(self) -> list[int]:
        return sorted({image for image, _ in self._tables.verdicts})

    def written(self, ids: Iterable[int]) -> dict[int, list[Text]]:
        known = {image: self._tables.images[image] for image in ids if image in self._tables.images}
        return {image: list(each.facts.texts) for image, each in known.items() if each.facts.texts}

    def texts_of(self, ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        return {image: [(text.source, text.text) for text in texts] for image, texts in self.written(ids).items()}

    def tag_names(self) -> list[str]:
        return [name for name, tag in self._tables.tags.items() if tag not in self._tables.aliases]

    def rejected_names(self) -> set[str]:
        return {self._tables.spelled()[tag] for (_, tag), verdict in self._tables.verdicts.items() if verdict < 0}

    def given_names(self) -> set[str]:
        return {self._tables.spelled()[tag] for (_, tag), verdict in self._tables.verdicts.items() if verdict > 0}

    def renamed(self) -> dict[str, str]:
        names = self._tables.spelled()
        return {names[tag]: names[name] for tag, name in self._tables.aliases.items()}

    def sources(self) -> list[str]:
        return sorted({each.name for each in self._tables.heard().values()})

    def tag_counts(self, prefix: str = "", source: str = "") -> list[tuple[str, int]]:
        counts = Counter(name for image in self._tables.live() for name in self._showing(image, source))
        found = [(name, count) for name, count in counts.items() if name.startswith(prefix)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _showing(self, image: int, source: str) -> set[str]:
        """The names that an image shows, or that this source shows there."""
        if not source:
            return {tag.name for tag in self.tags_of([image])[image] if tag.shown}
        if source == USER:
            return {name for name, verdict in self.verdicts_of([image]).get(image, {}).items() if verdict > 0}
        tables = self._tables
        against = {tag for (other, tag), verdict in tables.verdicts.items() if other == image and verdict < 0}
        return {
            tag.name
            for tag_id, tag in tables.said_of(image)
            if tag.source == source and tag.shown and not against & {tag_id, tables.named(tag_id)}
        }

    # -- annotators and their vectors

    def annotators(self) -> tuple[AnnotatorStatus, ...]:
        tables = self._tables
        found = []
        for number, each in sorted(tables.speakers.items(), key=lambda item: (item[1].name, item[0])):
            said = [tags for (_, speaker), tags in tables.said.items() if speaker == number]
            images = sum(speaker == number for _, speaker in tables.looked)
            shown = len({tag for tags in said for tag, (_, shown) in tags.items() if shown})
            told = each.name, each.version, each.current, images, shown, each.length, each.forgotten
            if each.name != DEFINED:
                found.append(AnnotatorStatus(*told))
        return tuple(found)

    def vector(self, image: int, annotator: str) -> NDArray[np.float32] | None:
        return self.vectors(annotator, [image]).get(image)

    def vectors(self, annotator: str, ids: Iterable[int]) -> dict[int, NDArray[np.float32]]:
        made = self._tables.vectors
        keys = {image: (image, self._tables.current(annotator)) for image in ids}
        return {image: made[key].astype(np.float32) for image, key in keys.items() if key in made}

    def annotated_since(self, annotator: str, generation: int, ids: Iterable[int]) -> set[int]:
        looked, current = self._tables.looked, self._tables.current(annotator)
        return {image for image in ids if current is not None and looked.get((image, current), 0) > generation}

    def count_vectors(self, annotator: str) -> int:
        return len(self.vectors(annotator, self._tables.images))

    def all_vectors(self, annotator: str) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        found = self.vectors(annotator, sorted(self._tables.live()))
        length = self.vector_spaces().get(annotator, ("", 0))[1]
        rows = np.array(list(found.values()), np.float16).reshape(len(found), length)
        return np.array(list(found), np.int64), rows

    def vector_spaces(self) -> dict[str, tuple[str, int]]:
        makers = [each for each in self._tables.heard().values() if each.current and each.length is not None]
        return {each.name: (each.version, each.length or 0) for each in makers}

    # -- what the user said

    def history(self, limit: int | None = None, number: int | None = None) -> list[Change]:
        entries = list(enumerate(self._tables.entries, 1))[::-1]
        return [self._change(at, entry) for at, entry in entries if number in (None, at)][:limit]

    def _change(self, number: int, entry: Entry) -> Change:
        names = self._tables.spelled()
        images = len({edit.image_id for edit in entry.edits if edit.image_id is not None})
        tags, name = list(dict.fromkeys(edit.tag_id for edit in entry.edits)), None
        if not images:
            first, own = entry.edits[0], set(tags)
            name = names[first.tag_id if first.after is None else first.after]
            images = len(self._tables.carriers(own))
            tags = [edit.tag_id for edit in entry.edits if edit.before not in own]
        told = tuple(names[tag] for tag in tags), name, images, entry.undone
        return Change(number, entry.made_at.astimezone(UTC), entry.action, *told)

    def definitions(self, tag: int | None = None) -> tuple[Definition, ...]:
        tables, names = self._tables, self._tables.spelled()
        own = tables.current(DEFINED)
        found = []
        for phrase in tables.phrases.values():
            said = [tables.said.get((image, own or 0), {}).get(phrase.tag) for image in tables.live()]
            shown = sum(each[1] for each in said if each)
            if tag in (None, phrase.tag):
                name = names[tables.named(phrase.tag)]
                perhaps = sum(each is not None for each in said) - shown
                found.append(Definition(name, phrase.text, phrase.space, shown, perhaps))
        return tuple(sorted(found, key=lambda each: each.name))

    def phrases(self) -> list[Phrase]:
        return list(self._tables.phrases.values())

    def judgement(self) -> Judgement:
        tables = self._tables
        current = {number: each.name for number, each in tables.heard().items() if each.current}
        return Judgement(TagNames(dict(tables.tags), dict(tables.aliases)), frozenset(tables.verdicts), current)

    def limits(self) -> dict[int, Limits]:
        return {number: each.limits for number, each in self._tables.speakers.items() if each.limits is not None}

    def said_of(self, images: Iterable[int]) -> NDArray[np.float64]:
        wanted, heard = set(images), self._tables.heard()
        rows = [
            (image, speaker, tag, probability, shown)
            for (image, speaker), said in self._tables.said.items()
            if image in wanted and speaker in heard
            for tag, (probability, shown) in said.items()
        ]
        return np.array(rows, np.float64).reshape(-1, 5)

    def spelled(self, tags: Iterable[int]) -> dict[int, str]:
        names = self._tables.spelled()
        return {tag: names[tag] for tag in tags}


def _bare(seen: FileSeen) -> FileSeen:
    return FileSeen(seen.path, seen.size, seen.mtime_ns)
