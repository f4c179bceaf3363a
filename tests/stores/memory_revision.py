"""Revising a catalog in memory: the transactions of `Journal`, in their simplest form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from imsearch.engine.stores.definitions import SHOWN, Phrase
from imsearch.engine.stores.journal import Edit
from imsearch.engine.stores.journal import Known as Heard
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.tag_names import TagNames
from imsearch.engine.stores.tagging import Word
from imsearch.records import DEFINED
from tests.stores.memory_tables import Entry, Speaker, Tables


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
