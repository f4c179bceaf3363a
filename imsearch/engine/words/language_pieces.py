"""What the words of a query are in the languages in use: things, colours, numbers, words that only link others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from imsearch.engine.query.tree import And, Node, Or, Word
from imsearch.engine.words.fillers import FILLERS
from imsearch.engine.words.text_words import Written

FILLER, WITHOUT, AND, OR = LINKING = "filler", "without", "and", "or"
COLOUR, THING = "colour", "thing"
"""Kinds of pieces; others are numbers, months, times, places and facts.  "" is what no table knows, as conditions."""
ENGLISH = -2
"""A query is English where its words that only English has outnumber those that only other languages have by two."""


class Role(Protocol):
    """A word's part in a question."""

    @property
    def kind(self) -> str:
        """As of a `Piece`."""

    @property
    def english(self) -> str:
        """The English words for it."""


class Language(Protocol):
    """What the engine needs of `imsearch.languages.language.Language`; words are given normalized."""

    @property
    def code(self) -> str:
        """As ISO 639 has it."""

    @property
    def name(self) -> str:
        """The language by its own name."""

    @property
    def longest(self) -> int:
        """The number of words of the longest phrase."""

    @property
    def compounds(self) -> bool:
        """True where words are put together without a space."""

    @property
    def colours_after(self) -> bool:
        """True where colours stand behind the thing they belong to."""

    def senses(self, text: str, loose: bool = True) -> tuple[str, ...]:
        """The English names that a word or phrase stands for."""

    def question_word(self, text: str) -> Role | None:
        """The role of a word or phrase in questions."""

    def pieces(self, text: str) -> list[str]:
        """The words of a text that is written without spaces."""

    def parts(self, text: str) -> tuple[str, str] | None:
        """The two words of a compound."""


class English(Protocol):
    """What is needed of `imsearch.languages.lexicon.Lexicon`."""

    def normalize(self, text: str) -> str:
        """As words are compared."""

    def canonical(self, text: str) -> str | None:
        """The name of an English word."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a query.

    nodes: what stands for it.  coloured: what does beside a thing, where that differs: "rose" is a colour there, and a
    flower by itself.  after: whether colours of its language stand behind things.
    """

    kind: str
    nodes: tuple[Node, ...] = ()
    coloured: tuple[Node, ...] = ()
    after: bool = False


class Reader:
    """Reads the words of one query, all given normalized.

    is_known: whether the library has a tag of this name.  written: whether somebody wrote a word of any picture.
    words: all plain words of the query; they tell whether English is spoken: `is_english` says that it surely is.
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
        # A word of two languages, such as "boot" and "hat" in German, is taken for what most of the others are.
        told = sum(map(self._tells, words))
        self._spoken, self._open, self.is_english = told > 0, told == 0, told <= ENGLISH

    def piece(self, text: str, items: tuple[Node, ...]) -> Piece | None:
        """What a word or phrase is, of which `items` are the words; None for a phrase that is none."""
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
        """A word that nothing knows, by its parts: "gartenstuhl" is a garden and a chair."""
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
        """1 for a word that only these languages have, -1 for one that only English has, 0 for others."""
        is_english = self._may_be_english(text)
        return int(means(self._languages, text, loose=not is_english)) - int(is_english)


def means(languages: Sequence[Language], text: str, loose: bool = True) -> bool:
    """Return True for a word or phrase of one of these languages.  loose: whether accents may be missing."""
    return any(each.senses(text, loose) or each.question_word(text) is not None for each in languages)


def one_or_all(nodes: Sequence[Node]) -> Node:
    """These nodes side by side."""
    return nodes[0] if len(nodes) == 1 else And(tuple(nodes))


def _asked(text: str, role: Role, thing: tuple[Node, ...], same: bool, after: bool) -> Piece:
    """A colour, number or time; `thing` is what else the word stands for, `same` whether that is the same."""
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
