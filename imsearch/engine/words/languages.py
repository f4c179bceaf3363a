"""Queries in other languages: their words of questions become English ones, early, so that all that follows works.

"hund am strand" becomes the words dog and beach, "zwei rote autos ohne menschen" two, red, car, without and person.
What was typed stays beside each word (`Word.said`): it may be written of a picture, and is what the user is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

from imsearch.engine.query.tree import And, Node, Not, Or, Required, Word
from imsearch.engine.words.resolved import Term
from imsearch.engine.words.text_words import Written, nowhere

Kind: TypeAlias = Literal["", "thing", "filler", "without", "and", "or", "number", "colour", "month", "time"]
"""What a piece of a query is; "" for what no table knows, conditions included."""
_BESIDE = ("filler", "and")
"""What may stand between a thing and its colour, and says nothing."""


class Role(Protocol):
    """A word's part in a question."""

    @property
    def kind(self) -> str:
        """As in `Kind`."""

    @property
    def english(self) -> str:
        """The English words for it."""


class Language(Protocol):
    """What the engine needs of `imsearch.languages.language.Language`; words are given normalized."""

    @property
    def longest(self) -> int:
        """The number of words of the longest phrase."""

    @property
    def compounds(self) -> bool:
        """Whether words are put together without a space."""

    @property
    def colours_after(self) -> bool:
        """Whether colours stand behind the thing they belong to."""

    def senses(self, text: str, loose: bool = True) -> tuple[str, ...]:
        """The English names that a word or phrase stands for."""

    def question_word(self, text: str) -> Role | None:
        """The role of a word or phrase in questions."""

    def pieces(self, text: str) -> list[str]:
        """The words of a text that is written without spaces."""

    def parts(self, text: str) -> tuple[str, str] | None:
        """The two words of a compound."""


class English(Protocol):
    """What is needed of `imsearch.lexicon.Lexicon`."""

    def normalize(self, text: str) -> str:
        """As words are compared."""

    def canonical(self, text: str) -> str | None:
        """The name of an English word."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a query.  `nodes` are what stands for it, `coloured` what does beside a thing, where that differs."""

    kind: Kind
    nodes: tuple[Node, ...]
    coloured: tuple[Node, ...] = ()
    after: bool = False


class Translator:
    """Translates the trees of queries for one library.

    is_known: whether the library has a tag of this name; such words stay as they are.
    """

    def __init__(self, languages: Sequence[Language], english: English, is_known: Callable[[str], bool]) -> None:
        self._languages = languages
        self._english = english
        self._is_known = is_known

    def translate(self, node: Node, written: Written = nowhere) -> Node:
        """A query with English words in place of those of the languages.

        written: whether somebody wrote a word of any picture; a text without spaces that was is also looked for whole.
        """
        if isinstance(node, Word):
            return self._run((node,), written)
        if isinstance(node, Not | Required):
            return type(node)(self.translate(node.item, written))
        if isinstance(node, And):
            return self._run(node.items, written)
        if isinstance(node, Or):
            return Or(tuple(self.translate(item, written) for item in node.items))
        return node

    def _run(self, items: tuple[Node, ...], written: Written) -> Node:
        """Words side by side; those that only link others are left out, unless they are all there is."""
        items = tuple(word for item in items for word in self._separated(item, written))
        pieces = _with_colours_before(list(self._pieces(items, written)))
        groups: list[list[Node]] = [[]]
        for piece in pieces:
            if piece.kind == "or":
                groups.append([])
            elif piece.kind not in _BESIDE:
                groups[-1] += piece.nodes
        found = [_one_or_all(group) for group in groups if group]
        if not found:
            return _one_or_all(items)
        return found[0] if len(found) == 1 else Or(tuple(found))

    def _separated(self, item: Node, written: Written) -> list[Node]:
        """The words of a text that is written without spaces or with an apostrophe."""
        text = self._plain(item)
        if text is None or self._is_known(text):
            return [item]
        for language in self._languages:
            pieces = language.pieces(text)
            if pieces != [text] and any(self._knows(piece) for piece in pieces):
                words: list[Node] = [Word(piece) for piece in pieces]
                return [Or((item, self._run(tuple(words), written)))] if written(text) else words
        return [item]

    def _pieces(self, items: tuple[Node, ...], written: Written) -> Iterator[_Piece]:
        """The parts of a query, the longest phrases first."""
        longest = max(language.longest for language in self._languages)
        place = 0
        while place < len(items):
            if self._plain(items[place]) is None:
                item = items[place]
                yield _Piece("", (item if isinstance(item, Word) else self.translate(item, written),))
                place += 1
                continue
            run = [text for each in items[place : place + longest] if (text := self._plain(each)) is not None]
            contiguous = next((n for n, each in enumerate(items[place:]) if self._plain(each) is None), len(items))
            run = run[:contiguous]
            for length in range(len(run), 0, -1):
                piece = self._piece(" ".join(run[:length]), items[place : place + length], written)
                if piece is not None:
                    yield piece
                    place += length
                    break

    def _piece(self, text: str, items: tuple[Node, ...], written: Written) -> _Piece | None:
        """What a phrase is; None for several words that are none."""
        if self._is_known(text):
            return _Piece("thing", items)
        english = len(items) == 1 and self._english.canonical(text) is not None
        for language in self._languages:
            role = language.question_word(text)
            senses = language.senses(text, loose=not english)
            if role is not None and (role.kind in ("filler", "without", "and", "or") or not senses):
                return self._question(text, items, role, english, language)
            if senses:
                thing = items if english else (Word(senses[0], said=text),)
                # "rose" is a colour beside a thing, and a flower by itself.
                colour = (Word(role.english, said=text),) if role is not None and role.kind == "colour" else ()
                if role is not None and not colour:
                    words = tuple(Word(word, said=text) for word in role.english.split())
                    both = thing if role.english in senses else (Or((_one_or_all(thing), _one_or_all(words))),)
                    return _Piece(_kind(role), both)
                return _Piece("colour" if colour else "thing", thing, colour, language.colours_after)
        if len(items) > 1:
            return None
        return _Piece("thing", items) if english else self._compound(text, items, written)

    def _question(self, text: str, items: tuple[Node, ...], role: Role, english: bool, language: Language) -> _Piece:
        kind = _kind(role)
        words: tuple[Node, ...] = tuple(Word(word, said=text) for word in role.english.split())
        if kind == "colour" and english:
            return _Piece(kind, items, words, language.colours_after)
        if english and kind in ("number", "month", "time") and len(words) == 1:
            return _Piece(kind, (Or((*items, *words)),))
        return _Piece(kind, words, after=language.colours_after)

    def _compound(self, text: str, items: tuple[Node, ...], written: Written) -> _Piece:
        """A word that nothing knows, by its parts: "gartenstuhl" is a garden and a chair."""
        parts = next((found for each in self._languages if each.compounds and (found := each.parts(text))), ())
        pieces = [self._piece(part, (Word(part),), written) for part in parts]
        nodes = [node for piece in pieces if piece is not None and piece.kind not in _BESIDE for node in piece.nodes]
        if not nodes:
            return _Piece("", items)
        together = _one_or_all(nodes)
        return _Piece("thing", (Or((*items, together)) if written(text) else together,))

    def _knows(self, text: str) -> bool:
        return any(each.senses(text) or each.question_word(text) is not None for each in self._languages)

    def _plain(self, item: Node) -> str | None:
        """The normalized text of a word in any spelling; None for anything else."""
        plain = isinstance(item, Word) and not (item.exact or item.quoted or item.match or ":" in item.text)
        return self._english.normalize(item.text) if isinstance(item, Word) and plain else None


def with_typed(
    word: Word, term: Term | None, answer: Callable[[Word, Written], Term | None], written: Written
) -> Term | None:
    """What answers a translated word, and the word that was typed: its other senses, and where it was written.

    answer: the tags and written words that answer a word.
    """
    typed = answer(Word(word.said, quoted=True), written)
    if typed is None or term is None:
        return replace(term, word=word.said) if term is not None else typed
    names = tuple(dict.fromkeys((*term.names, *typed.names)))
    members = {**term.members, **typed.members}
    members = {tag: share for tag, share in members.items() if tag not in names}
    return Term(word.said, names, members, tuple(dict.fromkeys((*term.texts, *typed.texts))))


def _kind(role: Role) -> Kind:
    return role.kind  # type: ignore[return-value]


def _with_colours_before(pieces: list[_Piece]) -> list[_Piece]:
    """Put colours before their things, as English has them: "voiture rouge", "auto, das rot ist".

    Behind a thing a colour belongs to it where the language has it so, or where no other thing follows.
    """
    ordered: list[_Piece] = []
    place = 0
    while place < len(pieces):
        thing = pieces[place]
        end, colours = _colours(pieces, place + 1)
        taken = bool(ordered) and ordered[-1].kind == "colour"
        follows = end < len(pieces) and pieces[end].kind == "thing"
        near = pieces[place + 1].kind == "colour" if place + 1 < len(pieces) else False
        if thing.kind == "thing" and colours and not taken and (not follows or (colours[0].after and near)):
            ordered += (*map(_as_colour, colours), thing)
            place = end
            continue
        beside = thing.kind == "colour" and place + 1 < len(pieces) and pieces[place + 1].kind in ("thing", "colour")
        ordered.append(_as_colour(thing) if beside else thing)
        place += 1
    return ordered


def _colours(pieces: list[_Piece], place: int) -> tuple[int, list[_Piece]]:
    """The colours from a place on, past what may stand between, and the place behind the last of them."""
    end, found = place, []
    while place < len(pieces) and pieces[place].kind in ("colour", *_BESIDE):
        if pieces[place].kind == "colour":
            found.append(pieces[place])
            end = place + 1
        place += 1
    return end, found


def _as_colour(piece: _Piece) -> _Piece:
    return replace(piece, nodes=piece.coloured or piece.nodes)


def _one_or_all(nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else And(tuple(nodes))
