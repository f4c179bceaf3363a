"""The role of query words in the languages in use: things, colours, numbers, linking words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from imsearch.engine.query.tree import And, Node, Or, Word
from imsearch.engine.words.fillers import FILLERS
from imsearch.engine.words.text_words import Written

FILLER, WITHOUT, AND, OR = LINKING = "filler", "without", "and", "or"
COLOUR, THING = "colour", "thing"
"""Kinds of pieces; others are numbers, months, dates, places and facts.  "" is anything else, such as conditions."""
ENGLISH = -2
"""A query is English if words found only in English outnumber those found only in other languages by two."""


class Role(Protocol):
    """A word's role in a question."""

    @property
    def kind(self) -> str:
        """The kind of its `Piece`."""

    @property
    def english(self) -> str:
        """The equivalent English words."""


class Language(Protocol):
    """The part of `imsearch.languages.language.Language` in use here; words are passed normalized."""

    @property
    def code(self) -> str:
        """The ISO 639 code."""

    @property
    def name(self) -> str:
        """The language's own name for itself."""

    @property
    def longest(self) -> int:
        """The number of words in the longest phrase."""

    @property
    def compounds(self) -> bool:
        """True if the language forms compounds without a space."""

    @property
    def colours_after(self) -> bool:
        """True if colours follow the noun they qualify."""

    def senses(self, text: str, loose: bool = True) -> tuple[str, ...]:
        """Return the English names that a word or phrase stands for."""

    def question_word(self, text: str) -> Role | None:
        """Return the role of a word or phrase in questions."""

    def pieces(self, text: str) -> list[str]:
        """Split a text written without spaces into words."""

    def parts(self, text: str) -> tuple[str, str] | None:
        """Return the two words of a compound."""


class English(Protocol):
    """The part of `imsearch.languages.lexicon.Lexicon` in use here."""

    def normalize(self, text: str) -> str:
        """Return a word in the form used for comparison."""

    def canonical(self, text: str) -> str | None:
        """Return the name of an English word."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a query.

    nodes: its translation.  coloured: its translation beside a thing, if different: "rose" is a colour there, and a
    flower by itself.  after: True if colours follow things in its language.
    """

    kind: str
    nodes: tuple[Node, ...] = ()
    coloured: tuple[Node, ...] = ()
    after: bool = False


class Reader:
    """Reads the words of one query, all passed normalized.

    is_known: returns True for a tag of the library.  written: returns True for a word that was written of any picture.
    words: all plain words of the query, to detect an English one: `is_english` returns True for English words.
    """

    def __init__(
        self,
        languages: Sequence[Language],
        english: English,
        is_known: Callable[[str], bool],
        written: Written,
        words: Sequence[str],
    ) -> None:
        self._languages = languages
        self._english = english
        self._is_known = is_known
        self._written = written
        # A word of two languages, such as "boot" and "hat" in German, is read in the language of most other words.
        told = sum(map(self._tells, words))
        self._spoken, self._open, self.is_english = told > 0, told == 0, told <= ENGLISH

    def piece(self, text: str, items: tuple[Node, ...]) -> Piece | None:
        """Translate a word or phrase, of which `items` are the words; None for several words that are no phrase."""
        is_english = len(items) == 1 and self._may_be_english(text)
        kept = items if is_english and not self._spoken else ()
        both = (Word(text, said=text),) if kept and self._open else kept
        for language in self._languages:
            role, senses = language.question_word(text), language.senses(text, loose=not is_english)
            if role is not None and role.kind in LINKING:
                if not kept:
                    return Piece(role.kind, _words(role.english, text))
                continue
            thing = (both if senses else kept) or (_word(senses[0], text) if senses else ())
            if role is not None:
                return _asked(text, role, thing, role.english in senses, language.colours_after)
            if senses:
                return Piece(THING, thing)
        if is_english or self._is_known(text):
            return Piece(THING, items)
        return self._compound(text, items) if len(items) == 1 else None

    def _compound(self, text: str, items: tuple[Node, ...]) -> Piece:
        """Translate an unknown word by its parts: "gartenstuhl" is a garden and a chair."""
        parts = next((found for each in self._languages if each.compounds and (found := each.parts(text))), ())
        pieces = [self.piece(part, (Word(part),)) for part in parts]
        nodes = [node for piece in pieces if piece is not None and piece.kind not in LINKING for node in piece.nodes]
        if not nodes:
            return Piece("", items)
        together = one_or_all(nodes)
        return Piece(THING, (Or((*items, together)) if self._written(text) else together,))

    def _may_be_english(self, text: str) -> bool:
        return text in FILLERS or self._is_known(text) or self._english.canonical(text) is not None

    def _tells(self, text: str) -> int:
        """Return 1 for a word found only in these languages, -1 for one found only in English, 0 for others."""
        is_english = self._may_be_english(text)
        return int(means(self._languages, text, loose=not is_english)) - int(is_english)


def means(languages: Sequence[Language], text: str, loose: bool = True) -> bool:
    """Return True for a word or phrase of one of these languages.  loose: also match without accents."""
    return any(each.senses(text, loose) or each.question_word(text) is not None for each in languages)


def one_or_all(nodes: Sequence[Node]) -> Node:
    """Return these nodes side by side."""
    return nodes[0] if len(nodes) == 1 else And(tuple(nodes))


def _asked(text: str, role: Role, thing: tuple[Node, ...], same: bool, after: bool) -> Piece:
    """Return a colour, number or date; `thing` is the word's other meaning, `same` True if there is no difference."""
    asked = _words(role.english, text)
    if role.kind == COLOUR:
        return Piece(COLOUR, thing or asked, asked, after)
    if not thing or same:
        return Piece(role.kind, thing or asked)
    return Piece(role.kind, (Or((one_or_all(thing), one_or_all(asked))),))


def _words(english: str, said: str) -> tuple[Node, ...]:
    return tuple(node for word in english.split() for node in _word(word, said))


def _word(english: str, said: str) -> tuple[Node, ...]:
    return (Word(english, said="" if said == english else said),)
