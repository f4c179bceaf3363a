"""All tags of a library and which goes by which name, since the user renames and merges them.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class TagNames:
    """The tags of one state of a catalog.

    aliases: the ids of tags that go by another name, and the ids of those names; what a tag goes by never goes by
    another name itself.
    """

    def __init__(self, ids: Mapping[str, int], aliases: Mapping[int, int]) -> None:
        """ids: of all tags, by name."""
        self.aliases = aliases
        self._ids = ids
        self._names = {tag: name for name, tag in ids.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._ids

    def id(self, name: str) -> int:
        """The id of a tag that the library has, whatever it goes by; raises KeyError for others."""
        return self._ids[name]

    def spelled(self, tag: int) -> str:
        """The tag of this id."""
        return self._names[tag]

    def is_alias(self, name: str) -> bool:
        """Return True if this tag has another name."""
        return self._ids.get(name) in self.aliases

    def name(self, name: str) -> str:
        """Return the current name of this tag; itself if it was never renamed."""
        tag = self._ids.get(name)
        return name if tag is None else self._names[self.aliases.get(tag, tag)]

    def ids_of(self, name: str) -> list[int]:
        """The ids of all that goes by this name."""
        own = self._ids.get(name)
        return [] if own is None else [own, *(tag for tag, other in self.aliases.items() if other == own)]

    def near(self, name: str) -> list[str]:
        """The tags that are spelled like this, three at most."""
        from difflib import get_close_matches

        return get_close_matches(name, (each for each in self._ids if not self.is_alias(each)), n=3)


class Judgement(NamedTuple):
    """The data of one state of a catalog needed to find doubtful tags.

    judged: pairs of an image and the id of a tag that the user said something of.  annotators: the names of those
    whose tags count, by their ids.
    """

    tags: TagNames
    judged: frozenset[tuple[int, int]]
    annotators: Mapping[int, str]
