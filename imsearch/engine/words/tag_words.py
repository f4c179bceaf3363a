"""Find tags by variant spellings, and by single words of them.

For tags unknown to the lexicon, or given by the user: the lexicon knows "sea lion" as an animal, so it is
not found by "sea".  A thing and its colour are known, too (`coloured`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from imsearch.engine.query.tree import Word
from imsearch.engine.words.coloured import is_coloured
from imsearch.engine.words.resolved import Term
from imsearch.engine.words.splitting import chunks, is_spaceless
from imsearch.engine.words.vocabulary import SEPARATOR
from imsearch.languages.letters import folded, unaccented

ALIKE = 0.95
"""Weight of a tag that differs only in punctuation and spaces: "long_hair" for ``long hair``, "why?" for ``why``."""
UNACCENTED = 0.9
"""Weight of one that differs only in accents: "zoë" for ``zoe``."""
PART = 0.5
"""Weight of one that contains the text: "birthday party 2019" for ``birthday``."""
_MOST_WORDS = 12
"""Maximum words of a tag that is found when typed without quotes."""


class Forms(Protocol):
    """The part of `imsearch.languages.lexicon.Lexicon` in use here."""

    def __contains__(self, name: str) -> bool:
        """Return True for the exact spelling of a tag or a kind."""

    def canonical(self, text: str) -> str | None:
        """Return the tag that a word stands for."""

    def normalize(self, text: str) -> str:
        """Return a text in the spelling of tags."""

    def forms(self, word: str) -> tuple[str, ...]:
        """Return the word and its possible base forms."""

    def inflections(self, word: str) -> tuple[str, ...]:
        """Return the word and its possible inflected forms."""


class TagWords:
    """An index of tags by their words."""

    def __init__(self, lexicon: Forms, tags: Iterable[str], given: Container[str] = ()) -> None:
        """tags: all of the library.  given: those that the user gave."""
        self._lexicon = lexicon
        self._alike: defaultdict[str, list[str]] = defaultdict(list)
        self._bare: defaultdict[str, list[str]] = defaultdict(list)
        self._words: dict[str, tuple[str, ...]] = {}
        self._holding: defaultdict[str, list[str]] = defaultdict(list)
        self._spaceless: dict[str, str] = {}
        self.longest = 0
        for tag in tags:
            if tag in given or not (tag in lexicon or is_coloured(tag, lexicon.canonical)):
                self._enter(tag)

    def _enter(self, tag: str) -> None:
        space, separator, value = tag.partition(SEPARATOR)
        names = (tag, value) if separator and space and value else (tag,)
        for words in map(words_in, names):
            joined = "".join(words)
            self._alike[joined].append(tag)
            for spelling in unaccented(joined):
                self._bare[spelling].append(tag)
        self.longest = min(_MOST_WORDS, max(self.longest, len(words)))
        if is_spaceless(joined):
            self._spaceless[tag] = joined
        if len(words) > 1:
            self._words[tag] = words
            for word in {spelling for each in words for spelling in (each, *unaccented(each))}:
                self._holding[word].append(tag)

    def alike(self, text: str) -> list[str]:
        """Return the tags that differ from a text only in punctuation, spaces and capitals."""
        joined = "".join(words_in(text))
        return self._alike.get(joined, []) if joined else []

    def widen(self, word: Word, term: Term | None) -> Term | None:
        """Return the term extended by tags with variant spellings, and by tags that contain the word.

        Exact tags, prefixes and fuzzy words are not extended.
        """
        if word.exact or word.match or not self._alike:
            return term
        text = self._lexicon.normalize(word.text)
        known = {} if term is None else {**term.members, **dict.fromkeys(term.names, 1.0)}
        found = {tag: share for tag, share in self._otherwise(text).items() if tag not in known}
        if not found:
            return term
        return Term(text, (), found) if term is None else replace(term, members={**term.members, **found})

    def _otherwise(self, text: str) -> dict[str, float]:
        space, separator, value = text.partition(SEPARATOR)
        if space and separator and value.strip():
            start = (self._lexicon.canonical(space) or space) + SEPARATOR
            return {tag: share for tag, share in self.found_by(value).items() if tag.startswith(start)}
        return self.found_by(text, (*self._lexicon.forms(text), *self._lexicon.inflections(text)))

    def found_by(self, text: str, forms: Iterable[str] = ()) -> dict[str, float]:
        """Return the tags that a text finds, and the weight of each.

        forms: other forms of the text, which a tag may contain in its place.
        """
        found: dict[str, float] = {}
        words = words_in(text)
        joined = "".join(words)
        if not joined:
            return found
        for tag in self._alike.get(joined, ()):
            found.setdefault(tag, ALIKE)
        for spelling in (joined, *unaccented(joined)):
            near = (*self._bare.get(spelling, ()), *(self._alike.get(spelling, ()) if spelling != joined else ()))
            for tag in near:
                found.setdefault(tag, UNACCENTED)
        for tag in (*self._with(words), *(tag for form in forms for tag in self._with(words_in(form)))):
            found.setdefault(tag, PART)
        if is_spaceless(joined):
            for tag, name in self._spaceless.items():
                if joined in name:
                    found.setdefault(tag, PART)
        return found

    def _with(self, words: tuple[str, ...]) -> Iterator[str]:
        """Yield the tags that contain these words consecutively."""
        for first in words[:1] and (words[0], *unaccented(words[0])):
            for tag in self._holding.get(first, ()):
                whole = self._words[tag]
                starts = range(len(whole) - len(words) + 1)
                if any(all(map(_same, words, whole[start : start + len(words)])) for start in starts):
                    yield tag


def words_in(text: str) -> tuple[str, ...]:
    """Return the words of a tag, normalized for comparison."""
    return tuple(folded(chunk) for chunk in chunks(text))


def _same(typed: str, word: str) -> bool:
    return typed == word or typed in unaccented(word) or word in unaccented(typed)
