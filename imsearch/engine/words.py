"""From the words of a query to the tags that answer them: word forms, synonyms, kinds, several-word tags.

The indexes hold tags as annotators gave them; everything the lexicon knows is applied here, when a query is asked, so
that a better lexicon needs no new index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Protocol

from imsearch.engine.fillers import FILLERS
from imsearch.engine.query import And, Node, Not, Or, Required, Word
from imsearch.engine.resolved import All, AnyOf, Demanded, Filter, Negated, Resolved, Sense, Term

_LONGEST_PHRASE = 4
SEPARATOR = ":"
"""Between a namespace and what stands in it: ``emotion:happy``."""
RELATED = 0.3
"""How much a related tag counts: a leash for "dog"."""
_REASONS = 3
"""How many of the tags near to a text may be told as the reason for a hit."""


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

    def kinds(self, tag: str) -> tuple[str, ...]:
        """The kinds above a tag."""

    def related(self, tag: str) -> tuple[str, ...]:
        """Names that find a tag though they are not above it."""

    def is_phrase(self, words: tuple[str, ...]) -> bool:
        """Whether these words are a known tag or synonym together."""


class Meanings(Protocol):
    """What the engine needs of a sentence encoder; `imsearch.semantic` has one."""

    def near(self, text: str, tags: Set[str]) -> Mapping[str, float]:
        """The tags near to a text in meaning, and how much each counts, those of the three nearest summing to 1.

        Empty when none is near, or when there is no encoder.
        """


class Words:
    """Resolves queries against the tags that a library holds."""

    def __init__(
        self,
        lexicon: Lexicon,
        tags: Iterable[str],
        meanings: Meanings | None = None,
        is_left: Callable[[str], bool] = lambda tag: True,
    ) -> None:
        """is_left: whether some image has a tag; the user may have rejected it wherever it was said."""
        self._lexicon = lexicon
        self._meanings = meanings
        self._is_left = is_left
        self._tags = frozenset(tags)
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        self._members: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for tag in sorted(self._tags):
            canonical = self._meaning(tag)
            self._names[canonical].append(tag)
            for word in lexicon.related(canonical):
                self._members[word][tag] = RELATED
            for kind in lexicon.kinds(canonical):
                self._members[kind][tag] = 1.0  # a dog is an animal, however many kinds lie between

    def resolve(self, query: Node) -> tuple[Resolved | None, tuple[str, ...]]:
        """The query in terms of tags, and the words nobody knows.

        A word is unknown when neither the lexicon nor any image has heard of it.  No picture can be judged by it, so
        it is left out; None is left when no word remains.  Where there are `Meanings`, the sense of the whole text
        counts in place of the unknown words.
        """
        unknown: list[str] = []
        fillers = not all(self._is_filler(word) for word in _leaves(query))
        resolved = self._node(query, unknown, fillers)
        sense = self._sense(query, frozenset(unknown))
        if sense is not None:
            known = () if resolved is None else resolved.items if isinstance(resolved, All) else (resolved,)
            resolved = All((*known, sense)) if known else sense
        return resolved, tuple(dict.fromkeys(unknown))

    def _sense(self, query: Node, unknown: Set[str]) -> Sense | None:
        """What the plain words side by side mean together, when one of them is unknown."""
        texts = [word.text for word in _plain(query)]
        words = len(unknown & set(texts))
        if self._meanings is None or not words:
            return None
        text = " ".join(texts)
        weights = self._meanings.near(text, self._tags)
        return Sense(text, weights, words) if weights else None

    def _node(self, node: Node, unknown: list[str], fillers: bool) -> Resolved | None:
        if isinstance(node, Word):
            if fillers and self._is_filler(node):
                return None
            term = self.term(node)
            if term is None:
                unknown.append(node.text)
            return term
        if isinstance(node, Not | Required):
            item = self._node(node.item, unknown, fillers)
            if isinstance(node, Not):
                return None if item is None else Negated(item)
            # What is required and unknown is nowhere, unlike a word that is merely wished for.
            return Demanded(item or Term("", ()))
        items = node.items if isinstance(node, Or) else self._join(node.items)
        parts = [part for item in items if (part := self._node(item, unknown, fillers)) is not None]
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
        members: dict[str, float] = {}
        for sense in senses:
            for tag, factor in self._members.get(sense, {}).items():
                if tag not in names:
                    members[tag] = max(factor, members.get(tag, 0))
        if not members and not any(name in self._tags and self._is_left(name) for name in names):
            members = {tag: factor for sense in senses for tag, factor in self._above(sense).items()}
        return Term(text, tuple(names), members)

    def _above(self, name: str) -> dict[str, float]:
        """The nearest kind above a name that the library has: a dog for "labrador", where no picture is tagged so.

        Half as much as the word itself, a third one kind further, and so on.
        """
        for distance, kind in enumerate(self._lexicon.kinds(name), 1):
            if tags := self._names.get(kind):
                return dict.fromkeys(tags, 1 / (1 + distance))
        return {}

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
    def sense_of(query: Resolved) -> str:
        """The text that counts by its meaning as a whole, or nothing."""
        items = query.items if isinstance(query, All) else (query,)
        return next((item.text for item in items if isinstance(item, Sense)), "")

    @staticmethod
    def why(query: Resolved) -> dict[str, frozenset[str]]:
        """The words that a result can be found by, and the tags that answer each; words to avoid are not among them."""
        if isinstance(query, Term):
            return {query.word: frozenset((*query.names, *query.members))} if query.word else {}
        if isinstance(query, Sense):
            return {query.text: frozenset(sorted(query.weights, key=query.weights.__getitem__)[-_REASONS:])}
        if isinstance(query, Negated | Filter):
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
        return not word.quoted and not word.exact and text in FILLERS and text not in self._tags


def _text(word: Node) -> str:
    assert isinstance(word, Word)
    return word.text


def _plain(node: Node) -> list[Word]:
    """The words side by side: none that is excluded, required, one of several, or of a namespace."""
    if isinstance(node, And):
        return [word for item in node.items for word in _plain(item)]
    return [node] if isinstance(node, Word) and not node.exact and SEPARATOR not in node.text else []


def _leaves(node: Node) -> list[Word]:
    if isinstance(node, Word):
        return [node]
    items = (node.item,) if isinstance(node, Not | Required) else node.items
    return [word for item in items for word in _leaves(item)]


def _either(parts: list[Resolved]) -> Resolved | None:
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts)) if parts else None
