"""Combine the tags of several annotators and the user's verdicts.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from imsearch.records import USER, Tag

Said: TypeAlias = tuple[int, Tag]
"""A tag of an annotator: under which id it was said, and the tag by the name it goes by now."""


class Word(NamedTuple):
    """A verdict of the user: under which id it was given, the id and the name that goes by now."""

    tag_id: int
    name_id: int
    name: str
    verdict: int


def settle(said: Sequence[Said], words: Sequence[Word]) -> tuple[list[Tag], dict[str, int]]:
    """Return the annotators' remaining tags of one image, and the verdicts, after renaming and merging.

    What the user says of a name itself decides.  Else the tag is there if the user added one of those that go by it.
    Else a rejection takes away what was said under the rejected tag; only when nothing else was said under the name
    does it reject the name: who rejected "puppy", and merges it into "dog", has not said that there is no dog.
    """
    if not words:
        return [tag for _, tag in said], {}
    verdicts = {word.name: word.verdict for word in words if word.tag_id == word.name_id}
    for word in words:
        if word.verdict > 0:
            verdicts.setdefault(word.name, word.verdict)
    rejected = {word.tag_id: word.name for word in words if word.verdict < 0 and word.name not in verdicts}
    left = [tag for tag_id, tag in said if tag_id not in rejected]
    others = {tag.name for tag in left}
    verdicts.update((name, -1) for name in rejected.values() if name not in others)
    return left, verdicts


def merge(said: Iterable[Tag], verdicts: Mapping[str, int]) -> tuple[Tag, ...]:
    """One tag for each name, the likeliest first.

    Where annotators agree on a name, the highest probability counts and one that shows it is enough to show it.  A
    verdict of the user (1 added, -1 rejected) overrides them all.
    """
    best: dict[str, Tag] = {name: Tag(name, 1.0, USER) for name, verdict in verdicts.items() if verdict > 0}
    for tag in said:
        if tag.name in verdicts:
            continue
        other = best.get(tag.name)
        if other is None:
            best[tag.name] = tag
        else:
            likelier = max(tag, other, key=lambda each: each.probability)
            best[tag.name] = Tag(tag.name, likelier.probability, likelier.source, tag.shown or other.shown)
    return tuple(sorted(best.values(), key=lambda tag: (-tag.probability, tag.name)))
