"""All that a catalog in memory holds, and what reading and writing it have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.batch import FileSeen, ImageFacts
from imsearch.engine.stores.definitions import Phrase
from imsearch.engine.stores.journal import Edit
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.tagging import Said, Word
from imsearch.records import Failure, Tag
from imsearch.specs import AnnotatorSpec


class Known(NamedTuple):
    """An image: the hash and number of its bytes, and what was read."""

    sha256: str
    size: int
    facts: ImageFacts


class Filed(NamedTuple):
    """A file: whose bytes it holds, or beside which it lies, and the generation that recorded it."""

    image: int
    seen: FileSeen
    generation: int


@dataclass
class Speaker:
    """One version of an annotator."""

    name: str
    version: str
    length: int | None
    limits: Limits | None
    current: bool = True
    forgotten: bool = False
    spec: AnnotatorSpec | None = None


@dataclass
class Entry:
    """One entry of the journal."""

    action: str
    made_at: datetime
    edits: list[Edit]
    undone: bool = False


@dataclass
class Tables:
    """By ids; `said`, `vectors` and `looked` by image and annotator, `verdicts` by image and tag."""

    generation: int = 0
    images: dict[int, Known] = field(default_factory=dict)
    files: dict[Path, Filed] = field(default_factory=dict)
    changes: dict[int, int] = field(default_factory=dict)
    failures: dict[tuple[Path, str], Failure] = field(default_factory=dict)
    speakers: dict[int, Speaker] = field(default_factory=dict)
    looked: dict[tuple[int, int], int] = field(default_factory=dict)
    said: dict[tuple[int, int], dict[int, tuple[float, bool]]] = field(default_factory=dict)
    vectors: dict[tuple[int, int], NDArray[np.float16]] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    aliases: dict[int, int] = field(default_factory=dict)
    verdicts: dict[tuple[int, int], int] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    phrases: dict[int, Phrase] = field(default_factory=dict)
    folders: dict[Path, datetime | None] = field(default_factory=dict)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Nothing of what the block writes is kept when it raises."""
        before = deepcopy(vars(self))
        try:
            yield
        except BaseException:
            vars(self).update(before)
            raise

    def own(self, image: int) -> list[Filed]:
        """The files that hold an image's bytes, the last recorded first."""
        return [file for file in self.beside(image) if file.seen.size == self.images[image].size]

    def beside(self, image: int) -> list[Filed]:
        """All files of an image."""
        files = [file for file in self.files.values() if file.image == image]
        return sorted(files, key=lambda file: (-file.generation, bytes(file.seen.path)))

    def live(self) -> set[int]:
        """The images that have a file."""
        return {file.image for file in self.files.values()}

    def named(self, tag: int) -> int:
        """The id of the name that a tag goes by."""
        return self.aliases.get(tag, tag)

    def spelled(self) -> dict[int, str]:
        """The tags by their ids."""
        return {tag: name for name, tag in self.tags.items()}

    def heard(self) -> dict[int, Speaker]:
        """The annotators that are not forgotten, by id."""
        return {number: each for number, each in self.speakers.items() if not each.forgotten}

    def current(self, name: str) -> int | None:
        """The version of an annotator that was used last, if it is heard."""
        return next((number for number, each in self.heard().items() if each.name == name and each.current), None)

    def said_of(self, image: int) -> list[Said]:
        """What annotators that are heard say of an image."""
        names, heard = self.spelled(), self.heard()
        return [
            (tag, Tag(names[self.named(tag)], probability, heard[speaker].name, shown))
            for (other, speaker), said in self.said.items()
            if other == image and speaker in heard
            for tag, (probability, shown) in said.items()
        ]

    def words_of(self, image: int) -> list[Word]:
        """What the user said of an image."""
        names = self.spelled()
        return [
            Word(tag, self.named(tag), names[self.named(tag)], verdict)
            for (other, tag), verdict in self.verdicts.items()
            if other == image
        ]

    def carriers(self, tags: Iterable[int]) -> list[int]:
        """The images of which anybody said something under one of these ids."""
        wanted = set(tags)
        said = {image for (image, _), said in self.said.items() if wanted & said.keys()}
        return sorted(said | {image for image, tag in self.verdicts if tag in wanted})

    def tag_id(self, name: str) -> int:
        """The id of a tag, which is made if it is new."""
        return self.tags.setdefault(name, len(self.tags) + 1)

    def mark_changed(self, images: Iterable[int], always: bool = False) -> None:
        """Begin a generation in which these images changed, if any did."""
        changed = set(images)
        if changed or always:
            self.generation += 1
            self.changes.update(dict.fromkeys(changed, self.generation))

    def drop(self, speakers: Callable[[int], bool], images: set[int] | None = None) -> None:
        """Remove what these annotators said, of these images or of all."""
        for table in (self.said, self.vectors, self.looked):
            for image, speaker in [key for key in table if speakers(key[1]) and (images is None or key[0] in images)]:
                table.pop((image, speaker))
