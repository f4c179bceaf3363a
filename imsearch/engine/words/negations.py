"""Words that exclude what follows: "without people", "no cars", "not at night", "nobody".  Pure."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from imsearch.engine.query.tree import Node, Not, Word
from imsearch.engine.words.coloured import is_colour
from imsearch.engine.words.fact_words import FactWords

_LONGEST = 3
"""Maximum words of a phrase such as "no one"."""


class _Vocabulary(Protocol):
    def normalize(self, text: str) -> str:
        """Return a text in the spelling of tags."""

    def is_filler(self, word: Word) -> bool:
        """Return True for a filler word."""

    def phrase_at(self, items: tuple[Node, ...], position: int) -> int:
        """Return how many words from there on are one tag or one word of the lexicon."""


class Excluded(NamedTuple):
    """An exclusion: the number of items from `start` on; `instead` replaces them unless it is None."""

    start: int
    length: int
    instead: Node | None = None


class Negations:
    """Finds exclusions in a group of adjacent words."""

    def __init__(self, words: FactWords, vocabulary: _Vocabulary) -> None:
        self._words = words
        self._vocabulary = vocabulary

    def at(self, items: tuple[Node, ...], place: int) -> Excluded | None:
        """Return what a word at this index excludes; None if it excludes nothing."""
        for length in range(_LONGEST, 0, -1):
            texts = [self._plain(item) for item in items[place : place + length]]
            nobody = self._words.nobody.get(" ".join(text or "" for text in texts))
            if nobody is not None:
                return Excluded(place, len(texts), Word(nobody))
        if not self._excludes(items[place]) or self._vocabulary.phrase_at(items, place) > 1:
            return None
        start = place + 1
        while start < len(items) and self._is_filler(items[start]):
            start += 1
        if start >= len(items) or isinstance(items[start], Not):
            return None
        return Excluded(start, self._length(items, start))

    def _excludes(self, node: Node) -> bool:
        """Match "without", and the rest of "not at night": the grammar takes "at" alone as the exclusion."""
        if isinstance(node, Not):
            return self._is_filler(node.item)
        return self._plain(node) in self._words.without

    def _length(self, items: tuple[Node, ...], start: int) -> int:
        """Return the length of one thing: a word or several that form a unit, with the colours before it."""
        end = start
        while end + 1 < len(items) and is_colour(self._plain(items[end]) or "") and self._plain(items[end + 1]):
            end += 1
        return end - start + (self._vocabulary.phrase_at(items, end) if self._plain(items[end]) is not None else 1)

    def _plain(self, node: Node) -> str | None:
        bare = isinstance(node, Word) and not (node.exact or node.quoted or node.match)
        return self._vocabulary.normalize(node.text) if bare and isinstance(node, Word) else None

    def _is_filler(self, node: Node) -> bool:
        return isinstance(node, Word) and self._vocabulary.is_filler(node)
