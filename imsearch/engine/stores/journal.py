"""One change of what the user says of tags: what a catalog must be able to do for it.

`imsearch.engine.stores.sql.revision` implements it; corrections and renaming decide what is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from imsearch.engine.stores.tag_names import TagNames
from imsearch.engine.stores.tagging import Word, settle

Pair: TypeAlias = tuple[int, str]
"""An image and the name of a tag."""


class Edit(NamedTuple):
    """One row: a verdict that changed, or, where there is no image, the id of the name that a tag goes by."""

    image_id: int | None
    tag_id: int
    before: int | None
    after: int | None

    def back(self) -> Edit:
        """The edit that reverts it."""
        return Edit(self.image_id, self.tag_id, self.after, self.before)


@dataclass(slots=True)
class Known:
    """The state of some tags on some images: the user's verdicts, and the likeliest annotator of each."""

    words: defaultdict[Pair, list[Word]] = field(default_factory=lambda: defaultdict(list))
    said: dict[Pair, str] = field(default_factory=dict)

    def added(self, pair: Pair) -> bool:
        """Return True if the tag is present because the user added it."""
        return settle((), self.words.get(pair, ()))[1].get(pair[1], 0) > 0


class Revision(Protocol):
    """One transaction of the user's: all of it is written, or nothing; others' wait until it has ended."""

    def tag_names(self) -> TagNames:
        """All tags, as they are when this is called."""

    def tag_ids(self, names: Iterable[str]) -> Mapping[str, int]:
        """The ids of these tags and maybe others, by name; new ones are written first."""

    def unknown(self, images: Iterable[int]) -> set[int]:
        """Those of these numbers that are no image of the catalog."""

    def known(self, images: Iterable[int], tags: Mapping[int, str]) -> Known:
        """Return the state of these images under these ids; tags: their current names."""

    def is_given(self, tag: int) -> bool:
        """Return True if the user has added the tag of this id to some image."""

    def is_in_use(self, tags: Sequence[int]) -> bool:
        """Return True if an active annotator or the user has given some image a tag under one of these ids."""

    def carriers(self, tags: Iterable[int]) -> list[int]:
        """The images of which annotators or the user said something under one of these ids, in order."""

    def set_verdicts(self, edits: Iterable[Edit]) -> None:
        """Write what comes after each edit of a verdict, in place of what is there."""

    def set_names(self, edits: Iterable[Edit]) -> None:
        """Write the names that come after each edit of a name, in place of those that are there."""

    def mark_changed(self, images: Iterable[int]) -> None:
        """Let the indexes follow what this transaction did to these images."""

    def note(self, action: str, edits: Iterable[Edit]) -> int:
        """Note in the journal what one command changed; returns its number.  edits: at least one."""

    def last(self) -> tuple[int, list[Edit]] | None:
        """The newest entry of the journal that was not undone, its number and edits; None when there is none."""

    def is_undone(self, number: int) -> bool | None:
        """Return True if the entry of this number was undone; None if there is none."""

    def mark_undone(self, number: int) -> None:
        """From now on the entry counts as undone."""
