"""Counts of things in queries: "two dogs", "3 people", "a group of children", "a man alone".

A number is not searched for by itself: it is the count of the thing that follows.  Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from imsearch.engine.words.fillers import FILLERS

MANY = 3
"""The minimum that "several" and "a group of" stand for."""
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SPELLED = {name: number for number, name in enumerate(_CARDINALS, 1)} | {
    **dict.fromkeys(("single", "lone"), 1),
    **dict.fromkeys(("several", "many", "numerous"), MANY),
}
_OF = {
    **dict.fromkeys(("couple", "pair", "duo"), 2),
    **dict.fromkeys(("trio", "group", "groups", "bunch", "lots", "dozens", "plenty"), MANY),
}
"""Words that are a number when "of" follows."""
_ALONE = "alone"
"""Follows a thing of which there is one; without a thing it means a person."""
_COUPLE = ("couple", "couples")
"""Two people, unless "of" follows."""
_PERSON = "person"
_LARGEST = 20
"""Numbers up to this one count things; larger ones are years and parts of names."""
_FARTHEST = 4
"""Maximum number of words after a number, or before "alone", that may name the thing: "two small brown dogs"."""

Names = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Counting:
    """A number found in some leading words: its value, the number of these words, and the things counted.

    value: models need not distinguish `MANY` and more.  things: names of what may be counted, and the kinds above each,
    the likeliest first.  word: the number as a tag may spell it.  thing: the meaning of the word by itself, as "couple"
    means people; else empty.
    """

    value: int
    length: int
    things: tuple[str, ...]
    word: str
    thing: str = ""


def find_number(before: Sequence[str], texts: Sequence[str | None], names: Names) -> Counting | None:
    """Return the number that the first words express, or None.

    before, texts: normalized words before a position, and from there on; None for an item that ends them.  names:
    returns the names a word stands for and the kinds above it; empty for an unknown one.
    """
    words = [text for text in takewhile(lambda text: text is not None, texts) if text is not None]
    if not words:
        return None
    if words[0] == _ALONE:
        things = tuple(name for word in before[: -_FARTHEST - 1 : -1] for name in names(word))
        return Counting(1, 1, (*things, _PERSON), words[0], "" if things else _PERSON)
    if words[0] in _COUPLE and words[1:2] != ["of"]:
        return Counting(2, 1, (_PERSON,), words[0], _PERSON)
    if words[0] in _OF and words[1:2] == ["of"]:
        return _of_things(_OF[words[0]], 2, words, names)
    value = _value(words[0], names)
    return None if value is None or words[1:2] == ["of"] else _of_things(value, 1, words, names)


def _value(word: str, names: Names) -> int | None:
    if word.isascii() and word.isdecimal():
        return int(word) if len(word) <= len(str(_LARGEST)) and 1 <= int(word) <= _LARGEST else None
    if word in _SPELLED:
        return _SPELLED[word]
    # A word of another language: "zwei" is the same as "two".
    meant = next((_SPELLED[name] for name in names(word)[:1] if name in _SPELLED), 1)
    return meant if meant > 1 else None


def _of_things(value: int, length: int, words: Sequence[str], names: Names) -> Counting | None:
    behind = list(takewhile(lambda word: word not in FILLERS, words[length:]))[:_FARTHEST]
    if not behind:
        return None
    word = _CARDINALS[value - 1] if words[0].isdecimal() and value <= len(_CARDINALS) else words[0]
    return Counting(value, length, tuple(name for word in behind for name in names(word)), word)
