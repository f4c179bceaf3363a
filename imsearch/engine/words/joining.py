"""Adjacent words of a query that form a unit: tags of several words, things and colours, numbers before things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from imsearch.engine.query.tree import And, Less, Node, Number, Or, Word
from imsearch.engine.words.coloured import find_coloured
from imsearch.engine.words.languages import together
from imsearch.engine.words.numbers import find_number


class Known(Protocol):
    """The part of `imsearch.engine.words.words.Words` in use here."""

    def plain(self, word: Node) -> str | None:
        """Return the normalized text of a word that may be joined with its neighbours."""

    def has_tag(self, name: str) -> bool:
        """Return True for a tag of the library."""

    def expand(self, text: str) -> tuple[str, ...]:
        """Return the tags and kinds that a word stands for."""

    def names_of(self, text: str) -> tuple[str, ...]:
        """Return the names a word stands for, and the kinds above each."""

    def is_tag(self, items: tuple[Node, ...], start: int, length: int) -> bool:
        """Return True if some adjacent words, as they stand, are a tag of the library."""

    def is_phrase(self, items: tuple[Node, ...], start: int, length: int) -> bool:
        """Return True if some adjacent words are one tag or one word of the lexicon."""

    def phrase_at(self, items: tuple[Node, ...], position: int) -> int:
        """Return how many words from this one on are one tag or one word of the lexicon; 1 for a single word."""


Joined = tuple[list[Node], int]
"""The replacement of some words, and their number."""


def joined(items: tuple[Node, ...], known: Known) -> list[Node]:
    """Join adjacent plain words that are one tag: traffic light -> "traffic light".

    A thing and its colour are joined, too, if the library has such a tag; pictures that show both some other way rank
    lower.  A number is attached to the thing that follows.
    """
    found: list[Node] = []
    position = 0
    ways: tuple[Callable[[tuple[Node, ...], int, Known], Joined | None], ...] = (_coloured, _counted)
    while position < len(items):
        nodes, length = next(filter(None, (way(items, position, known) for way in ways)), None) or _phrase(
            items, position, known
        )
        found += nodes
        position += length
    return found


def _coloured(items: tuple[Node, ...], position: int, known: Known) -> Joined | None:
    coloured = find_coloured(map(known.plain, items[position:]), known.has_tag, known.expand)
    if coloured is None:
        return None
    tags = tuple(Word(tag, quoted=True) for tag in coloured.tags)
    others = Less(And(items[position : position + coloured.length]))
    return [Or((And(tags) if len(tags) > 1 else tags[0], others))], coloured.length


def _counted(items: tuple[Node, ...], position: int, known: Known) -> Joined | None:
    counting = find_number(
        [text for item in items[:position] if (text := known.plain(item)) is not None],
        [known.plain(item) for item in items[position:]],
        known.names_of,
    )
    if counting is None or known.is_tag(items, position, counting.length + 1):
        return None
    run = items[position : position + counting.length + 1]
    spelled = " ".join(map(_text, run)) if known.is_phrase(items, position, len(run)) else counting.word
    number = Number(Word(spelled), counting.value, counting.things)
    return [number, *([Word(counting.thing)] if counting.thing else [])], counting.length


def _phrase(items: tuple[Node, ...], position: int, known: Known) -> Joined:
    length = known.phrase_at(items, position)
    run = items[position : position + length]
    return [together(run) if length > 1 else run[0]], length


def _text(word: Node) -> str:
    assert isinstance(word, Word)
    return word.text
