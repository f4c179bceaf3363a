"""Tags, annotators, vectors and corrections of a catalog in memory, each in its simplest form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.annotator_status import AnnotatorStatus
from imsearch.engine.stores.changes import Change
from imsearch.engine.stores.definitions import Definition, Phrase
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.tag_names import Judgement, TagNames
from imsearch.engine.stores.tagging import merge, settle
from imsearch.records import DEFINED, USER, Tag, Text
from tests.stores.memory_tables import Entry, Tables


class MemoryTags:
    """Reads what annotators and the user said."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

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
