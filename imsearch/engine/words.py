"""From the words of a query to the tags that answer them: word forms, synonyms, kinds, several-word tags.

The indexes hold tags as annotators gave them; everything the lexicon knows is applied here, when a query is asked, so
that a better lexicon needs no new index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from imsearch.engine.query import Node, Not, Or, Required, Word
from imsearch.engine.resolved import All, AnyOf, Demanded, Filter, Like, Negated, Resolved, Term
from imsearch.engine.text_words import Written, nowhere, with_texts
from imsearch.engine.written import key

_FILLERS = frozenset(
    (
        *("a", "an", "the", "of", "in", "on", "at", "with", "by", "from", "to", "for", "is", "are", "my", "some"),
        *("any", "all", "photo", "photos", "picture", "pictures", "image", "images"),
    )
)
"""What people type around the words that count ("pictures of a cat"); ignored unless it is all there is."""
_LONGEST_PHRASE = 4
SEPARATOR = ":"
"""Between a namespace and what stands in it: ``emotion:happy``."""


class Lexicon(Protocol):
    """What the engine needs of `imsearch.lexicon.Lexicon`."""

    def expand(self, word: str) -> tuple[str, ...]:
        """The tags and kinds a word of a query stands for; empty when it is unknown."""

    def canonical(self, text: str) -> str | None:
        """The tag that a word, synonym or form stands for; None when it is unknown."""

    def __contains__(self, name: str) -> bool:
        """Whether this exact spelling is a tag or a kind."""

    def normalize(self, text: str) -> str:
        """Lower case, spaces folded, one Unicode form."""

    def forms(self, word: str) -> tuple[str, ...]:
        """The word and what it may be a form of."""

    def inflections(self, word: str) -> tuple[str, ...]:
        """The word and what may be forms of it."""

    def kinds(self, tag: str) -> tuple[str, ...]:
        """The kinds above a tag."""

    def related(self, tag: str) -> tuple[str, ...]:
        """Names that find a tag though they are not above it."""

    def is_phrase(self, words: tuple[str, ...]) -> bool:
        """Whether these words are a known tag or synonym together."""


class Words:
    """Resolves queries against the tags that a library holds."""

    def __init__(self, lexicon: Lexicon, tags: Iterable[str]) -> None:
        self._lexicon = lexicon
        self._tags = frozenset(tags)
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        self._members: defaultdict[str, list[str]] = defaultdict(list)
        for tag in sorted(self._tags):
            canonical = self._meaning(tag)
            self._names[canonical].append(tag)
            for kind in (*lexicon.kinds(canonical), *lexicon.related(canonical)):
                self._members[kind].append(tag)

    def resolve(self, query: Node, written: Written = nowhere) -> tuple[Resolved | None, tuple[str, ...]]:
        """The query in terms of tags, and the words nobody knows.

        A word is unknown when neither the lexicon nor any image has heard of it, nor anybody wrote it (`written`).  No
        picture can be judged by it, so it is left out; None is left when no word remains.
        """
        unknown: list[str] = []
        fillers = not all(self._is_filler(word) for word in _leaves(query))
        resolved = self._node(query, unknown, fillers, written)
        return resolved, tuple(dict.fromkeys(unknown))

    def _node(self, node: Node, unknown: list[str], fillers: bool, written: Written) -> Resolved | None:
        if isinstance(node, Word):
            if fillers and self._is_filler(node):
                return None
            term = with_texts(node, self.term(node), self._lexicon, written)
            if term is None:
                unknown.append(node.text)
            return term
        if isinstance(node, Not | Required):
            item = self._node(node.item, unknown, fillers, written)
            if isinstance(node, Not):
                return None if item is None else Negated(item)
            # What is required and unknown is nowhere, unlike a word that is merely wished for.
            return Demanded(item or Term("", ()))
        items = node.items if isinstance(node, Or) else self._join(node.items)
        parts = [part for item in items if (part := self._node(item, unknown, fillers, written)) is not None]
        if isinstance(node, Or):
            return _either(parts)
        flat = [each for part in parts for each in (part.items if isinstance(part, All) else (part,))]
        return flat[0] if len(flat) == 1 else All(tuple(flat)) if flat else None

    def term(self, word: Word) -> Term | None:
        """The tags that answer a word; None when it is unknown."""
        text = self._lexicon.normalize(word.text)
        if word.exact:
            return Term(text, (text,))
        return self._known(text) or self._within(text)

    def _known(self, text: str) -> Term | None:
        """The tags that answer a word of the lexicon or of the library."""
        senses = self._lexicon.expand(text)
        if not senses:
            spelled = dict.fromkeys(tag for form in self._lexicon.forms(text) for tag in self._spelled(form))
            return Term(text, tuple(spelled)) if spelled else None
        names = dict.fromkeys(name for sense in senses for name in (*self._names.get(sense, ()), sense))
        if text in self._tags:
            names[text] = None
        members = {tag: 1.0 for sense in senses for tag in self._members.get(sense, ()) if tag not in names}
        return Term(text, tuple(names), members)

    def _meaning(self, tag: str) -> str:
        """What the lexicon calls a tag; for one of a namespace that it does not know, what stands after the colon."""
        if tag in self._lexicon:
            return tag
        value = tag.partition(SEPARATOR)[2].strip()
        return self._lexicon.canonical(tag) or (value and self._lexicon.canonical(value)) or value or tag

    def _spelled(self, form: str) -> list[str]:
        """The library's tags of this very spelling, with or without a namespace."""
        return ([form] if form in self._tags else []) + self._names.get(form, [])

    def _within(self, text: str) -> Term | None:
        """``mood:cheerful``: what answers "cheerful", but only tags of the namespace that "mood" stands for."""
        space, separator, value = text.partition(SEPARATOR)
        if not (space and separator and value.strip()):
            return None
        found = self._known(value.strip())
        prefix = (self._lexicon.canonical(space) or space) + SEPARATOR
        # A plain tag counts where the lexicon knows it for one of the namespace, as it does for the whole name.
        names = [
            name
            for name in (found.names if found else ())
            if name.startswith(prefix) or self._meaning(name).startswith(prefix)
        ]
        return Term(text, tuple(names)) if names else None

    @staticmethod
    def why(query: Resolved) -> dict[str, frozenset[str]]:
        """The words that a result can be found by, and the tags that answer each; words to avoid are not among them."""
        if isinstance(query, Term):
            texts = (key(phrase) for phrase in query.texts)
            return {query.word: frozenset((*query.names, *query.members, *texts))} if query.word else {}
        if isinstance(query, Negated | Filter | Like):
            return {}
        items = (query.item,) if isinstance(query, Demanded) else query.items
        return {word: tags for item in items for word, tags in Words.why(item).items()}

    def _join(self, items: tuple[Node, ...]) -> list[Node]:
        """Put neighbouring plain words together that are one tag: traffic light -> "traffic light"."""
        joined: list[Node] = []
        position = 0
        while position < len(items):
            length = next((n for n in range(_LONGEST_PHRASE, 1, -1) if self._is_phrase(items, position, n)), 1)
            run = items[position : position + length]
            joined.append(Word(" ".join(_text(word) for word in run), quoted=True) if length > 1 else run[0])
            position += length
        return joined

    def _is_phrase(self, items: tuple[Node, ...], start: int, length: int) -> bool:
        words = items[start : start + length]
        if len(words) < length or not all(
            isinstance(word, Word) and not word.exact and not word.quoted for word in words
        ):
            return False
        texts = tuple(self._lexicon.normalize(_text(word)) for word in words)
        together = " ".join(texts)
        return self._lexicon.is_phrase(texts) or together in self._tags or together in self._names

    def _is_filler(self, word: Word) -> bool:
        text = word.text.casefold()
        return not word.quoted and not word.exact and text in _FILLERS and text not in self._tags


def _text(word: Node) -> str:
    assert isinstance(word, Word)
    return word.text


def _leaves(node: Node) -> list[Word]:
    if isinstance(node, Word):
        return [node]
    items = (node.item,) if isinstance(node, Not | Required) else node.items
    return [word for item in items for word in _leaves(item)]


def _either(parts: list[Resolved]) -> Resolved | None:
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts)) if parts else None
