"""Translate queries from other languages to English, before all other processing.

"hund am strand" becomes the words dog and beach, "zwei rote autos ohne menschen" two, red, car, without and person.
The word as typed is kept (`Word.said`): it may be written of a picture, and is shown to the user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from imsearch.engine.query.tree import And, Node, Not, Or, Required, Word
from imsearch.engine.words.language_pieces import (
    AND,
    COLOUR,
    FILLER,
    OR,
    THING,
    English,
    Language,
    Piece,
    Reader,
    means,
    one_or_all,
)
from imsearch.engine.words.resolved import Term
from imsearch.engine.words.text_words import Written, nowhere

_BETWEEN = (FILLER, AND)
"""Roles allowed between a thing and its colour."""
_SAY_NOTHING = (*_BETWEEN, OR)


class Translator:
    """Translates the trees of queries for one library.

    is_known: returns True for a tag of the library.
    """

    def __init__(self, languages: Sequence[Language], english: English, is_known: Callable[[str], bool]) -> None:
        self._languages = languages
        self._english = english
        self._is_known = is_known

    def translate(self, node: Node, written: Written = nowhere) -> Node:
        """Return a query with English words in place of those of the languages in use.

        written: returns True for a word written of any picture; such a text without spaces is also looked up as a
        whole.
        """
        reader = self._reader(list(_leaves(node)), written)
        return node if reader.is_english else self._translate(node, written, reader)

    def reads(self, text: str) -> bool:
        """Return True for a normalized word of these languages, also with an elided article: "l'herbe"."""
        return means(self._languages, text) or ("'" in text and self._separated(text) != [text])

    def _translate(self, node: Node, written: Written, reader: Reader) -> Node:
        if isinstance(node, Word):
            return self._run((node,), written, reader)
        if isinstance(node, Not | Required):
            return type(node)(self._translate(node.item, written, reader))
        if isinstance(node, And):
            return self._run(node.items, written, reader)
        if isinstance(node, Or):
            return Or(tuple(self._translate(item, written, reader) for item in node.items))
        return node

    def _reader(self, words: Sequence[Word], written: Written) -> Reader:
        texts = [text for word in words if (text := self._plain(word)) is not None]
        pieces = [piece for text in texts for piece in self._separated(text)]
        return Reader(self._languages, self._english, self._is_known, written, pieces)

    def _run(self, items: tuple[Node, ...], written: Written, reader: Reader) -> Node:
        """Translate adjacent words; linking words are dropped, unless there is nothing else."""
        items = tuple(node for item in items for node in self._apart(item, written, reader))
        pieces = _with_colours_before(list(self._pieces(items, written, reader)))
        if all(piece.kind in _SAY_NOTHING for piece in pieces):
            return one_or_all(items)
        groups: list[list[Node]] = [[]]
        for piece in pieces:
            if piece.kind == OR:
                groups.append([])
            groups[-1] += piece.nodes if piece.kind not in (AND, OR) else ()
        found = [one_or_all(group) for group in groups if group]
        return found[0] if len(found) == 1 else Or(tuple(found))

    def _apart(self, item: Node, written: Written, reader: Reader) -> Sequence[Node]:
        """Split a text that is written without spaces or with an apostrophe."""
        text = self._plain(item)
        pieces = [] if text is None else self._separated(text)
        if text is None or pieces == [text]:
            return (item,)
        words = tuple(Word(piece) for piece in pieces)
        whole = Word(text, quoted=True)
        return (Or((whole, self._run(words, written, reader))),) if written(text) else words

    def _separated(self, text: str) -> list[str]:
        if not self._is_known(text):
            for language in self._languages:
                pieces = language.pieces(text)
                if any(means(self._languages, piece) for piece in pieces):
                    return pieces
        return [text]

    def _pieces(self, items: tuple[Node, ...], written: Written, reader: Reader) -> Iterator[Piece]:
        """Yield the parts of a query, the longest phrases first."""
        longest = max(language.longest for language in self._languages)
        place = 0
        while place < len(items):
            texts: list[str] = []
            for item in items[place : place + longest]:
                if (text := self._plain(item)) is None:
                    break
                texts.append(text)
            length, piece = len(texts), None
            while length and piece is None:
                phrase = " ".join(texts[:length]).replace("' ", "'")  # "chute d'eau", which was split
                piece = reader.piece(phrase, items[place : place + length])
                length -= piece is None
            if piece is None:
                item = items[place]
                node = self._quoted(item, reader) if isinstance(item, Word) else self._translate(item, written, reader)
                yield Piece("", (node,))
            else:
                yield piece
            place += max(1, length)

    def _quoted(self, word: Word, reader: Reader) -> Word:
        """Translate a quoted tag of several words: "rotes auto" is the tag red car, if the library has it."""
        text = self._english.normalize(word.text)
        if not word.quoted or word.exact or word.match or ":" in text or " " not in text or self._is_known(text):
            return word
        pieces = _with_colours_before(list(self._pieces(tuple(map(Word, text.split())), nowhere, reader)))
        nodes = [node for piece in pieces for node in piece.nodes]
        name = " ".join(node.text if isinstance(node, Word) else "" for node in nodes)
        return Word(name, quoted=True, said=text) if name != text and self._is_known(name) else word

    def _plain(self, item: Node) -> str | None:
        """Return the normalized text of a plain word in any spelling; None for anything else."""
        plain = isinstance(item, Word) and not (item.exact or item.quoted or item.match or ":" in item.text)
        return self._english.normalize(item.text) if isinstance(item, Word) and plain else None


def with_typed(
    word: Word, senses: Sequence[str], answer: Callable[[Word, Written], Term | None], written: Written
) -> Term | None:
    """Return the term for a translated word: the English one, the word as typed, and all its senses.

    answer: returns the tags and written words that answer a word.
    """
    asked = (replace(word, said=""), Word(word.said, quoted=True), *(Word(sense, quoted=True) for sense in senses))
    terms = [term for each in dict.fromkeys(asked) if (term := answer(each, written)) is not None]
    names = tuple(dict.fromkeys(name for term in terms for name in term.names))
    members: dict[str, float] = {}
    for tag, share in (pair for term in terms for pair in term.members.items()):
        if tag not in names:
            members[tag] = max(share, members.get(tag, 0.0))
    texts = tuple(dict.fromkeys(text for term in terms for text in term.texts))
    loose = tuple(dict.fromkeys(text for term in terms for text in term.loose if text not in texts))
    return Term(word.said, names, members, texts, loose) if terms else None


def together(run: Sequence[Node]) -> Word:
    """Join consecutive words into one, quoted."""
    words = [word for word in run if isinstance(word, Word)]
    said = " ".join(word.typed for word in words) if any(word.said for word in words) else ""
    return Word(" ".join(word.text for word in words), quoted=True, said=said)


def _leaves(node: Node) -> Iterator[Word]:
    """Yield all words of a query."""
    if isinstance(node, Word):
        yield node
    elif isinstance(node, Not | Required):
        yield from _leaves(node.item)
    elif isinstance(node, And | Or):
        for item in node.items:
            yield from _leaves(item)


def _with_colours_before(pieces: list[Piece]) -> list[Piece]:
    """Put colours before their things, as in English: "voiture rouge", "auto, das rot ist".

    A colour after a thing belongs to it if the language has that order, or if no other thing follows.
    """
    pieces = [_settled(pieces, place) for place in range(len(pieces))]
    ordered: list[Piece] = []
    place = 0
    while place < len(pieces):
        thing = pieces[place]
        end, colours = _colours(pieces, place + 1)
        taken = bool(ordered) and ordered[-1].kind == COLOUR
        follows = end < len(pieces) and pieces[end].kind == THING
        near = bool(colours) and colours[0].after and pieces[place + 1].kind == COLOUR
        if thing.kind == THING and colours and not taken and (near or not follows):
            ordered += (*colours, thing)
            place = end
            continue
        ordered.append(thing)
        place += 1
    return ordered


def _settled(pieces: list[Piece], place: int) -> Piece:
    """Resolve a piece that may be a thing or a colour: "une rose rouge", but "robe rose"."""
    piece = pieces[place]
    if piece.kind != COLOUR or piece.nodes == piece.coloured:
        return piece
    behind = place > 0 and pieces[place - 1].kind == THING
    before = not piece.after and place + 1 < len(pieces) and pieces[place + 1].kind == THING
    return replace(piece, nodes=piece.coloured) if behind or before else replace(piece, kind=THING)


def _colours(pieces: list[Piece], place: int) -> tuple[int, list[Piece]]:
    """Return the index after the colours from a place on, past any linking words, and these colours."""
    end, found = place, []
    while place < len(pieces) and pieces[place].kind in (COLOUR, *_BETWEEN):
        if pieces[place].kind == COLOUR:
            found.append(pieces[place])
            end = place + 1
        place += 1
    return end, found
