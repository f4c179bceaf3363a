"""Resolve query words to tags: word forms, synonyms, kinds, tags of several words.

The indexes hold tags as annotators returned them; everything the lexicon knows is applied at query time, so
that a better lexicon needs no new index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from functools import cached_property

from imsearch.engine.query.escapes import unescaped
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.tree import Node, Query, Word
from imsearch.engine.words.as_typed import AsTyped, understood
from imsearch.engine.words.fillers import FILLERS
from imsearch.engine.words.joining import joined
from imsearch.engine.words.knowledge import Lexicon
from imsearch.engine.words.languages import Translator, with_typed
from imsearch.engine.words.resolved import (
    All,
    AnyOf,
    Resolved,
    Term,
)
from imsearch.engine.words.tag_words import TagWords
from imsearch.engine.words.text_words import Written, file_named, nowhere, with_texts
from imsearch.engine.words.vocabulary import SEPARATOR, Vocabulary
from imsearch.languages.letters import folded, unaccented

_LONGEST_PHRASE = 4
_MISTAKE = 0.1
"""Penalty per edit in ``word~``."""
RELATED = 0.3
"""Weight of a related tag: a leash for "dog"."""


class Words:
    """Resolves queries against the tags that a library holds."""

    def __init__(
        self,
        lexicon: Lexicon,
        tags: Iterable[str],
        renamed: Mapping[str, str] | None = None,
        is_left: Callable[[str], bool] = lambda tag: True,
        given: Set[str] = frozenset(),
        keys: Keys = KEYS,
    ) -> None:
        """tags: those of the library, by their current names.  renamed: old name -> current name.

        is_left: whether some image has a tag; the user may have rejected it wherever it was said.  given: the tags that
        the user gave.  keys: those of the query language.
        """
        self.keys = keys
        self._lexicon = lexicon
        self._is_left = is_left
        self._given = given
        self._tags = frozenset(tags)
        spoken = lexicon.languages
        self._translator = Translator(spoken, lexicon, self._tags.__contains__) if spoken else None
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        self._members: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for tag in sorted(self._tags):
            self._enter(self._meaning(tag), tag)
        for old, new in (renamed or {}).items():
            # "rex", formerly "dog", is found as a dog; "car" is found by its odd former name.
            if not (lexicon.canonical(old) and lexicon.canonical(new)):
                self._enter(self._meaning(old), new)

    def _enter(self, meaning: str, tag: str) -> None:
        """Index a tag by its meaning."""
        self._names[meaning].append(tag)
        for word in self._lexicon.related(meaning):
            self._members[word][tag] = RELATED
        for kind in self._lexicon.kinds(meaning):
            self._members[kind][tag] = 1.0  # a dog is an animal, however many kinds are in between

    def as_typed(self, query: Node, written: Written = nowhere) -> Node:
        """Return the query without the punctuation typed on and in its words, see `AsTyped`."""
        return AsTyped(
            lambda word: self.is_filler(word) or self.term(word, written) is not None,
            lambda word: self._by_tags(word) is not None or bool(file_named(word.text, written)) or self._reads(word),
        ).node(query)

    def _reads(self, word: Word) -> bool:
        """Return True for a word of another language in use."""
        plain = self.plain(word)
        return self._translator is not None and plain is not None and self._translator.reads(plain)

    def translate(self, query: Node, written: Written = nowhere) -> Node:
        """Return the query with the words of other languages in use translated to English.

        written: returns True for a word written of any picture.
        """
        return query if self._translator is None else self._translator.translate(query, written)

    def term(self, word: Word, written: Written = nowhere) -> Term | None:
        """Return the tags and written words that answer a word; None when it is unknown."""
        if word.said:
            return with_typed(word, self._lexicon.senses(word.said), self.term, written)
        term = with_texts(word, self._tag_words.widen(word, self._by_tags(word)), self._lexicon, written)
        if term is None and not (word.exact or word.match):
            bare = (self._known(spelling) for spelling in unaccented(folded(word.text)))
            return next((found for found in bare if found is not None), None)
        return term

    @cached_property
    def _tag_words(self) -> TagWords:
        return TagWords(self._lexicon, self._tags, self._given)

    def _by_tags(self, word: Word) -> Term | None:
        text = self._lexicon.normalize(word.text)
        if word.match:
            return self._alike(word, text)
        if word.exact:
            meant = self._lexicon.normalize(unescaped(text)) if "%" in text else text
            return Term(text, (meant if meant in self._tags else text,))
        return self._known(text) or self._within(text)

    def _known(self, text: str, above: bool = True) -> Term | None:
        """Return the tags that answer a word of the lexicon or the library; if there are none, perhaps its kinds."""
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
        if above and not members and not any(name in self._tags and self._is_left(name) for name in names):
            members = {tag: factor for sense in senses for tag, factor in self._above(sense).items()}
        return Term(text, tuple(names), members)

    def _alike(self, word: Word, text: str) -> Term | None:
        """Resolve ``moun*`` and ``montain~`` to the tags of words with such a spelling.

        All are members: rejecting one of them says nothing about the others.
        """
        spellings = self._tag_spellings if word.exact else self.vocabulary
        if word.match == "prefix":
            found = dict.fromkeys(spellings.starting(text), 1.0)
        else:
            found = {spelling: 1 - _MISTAKE * distance for distance, spelling in spellings.near(text)}
        members: dict[str, float] = {}
        for spelling, factor in found.items():
            term = Term(spelling, (spelling,)) if word.exact else self._known(spelling, above=False)
            for tag, share in ({**dict.fromkeys(term.names, 1.0), **term.members} if term else {}).items():
                if tag in self._tags:
                    members[tag] = max(members.get(tag, 0.0), factor * share)
        return Term(word.typed, (), members) if members else None

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All spellings in the library or the lexicon."""
        return Vocabulary(self._tags, self._lexicon.spellings)

    @cached_property
    def _tag_spellings(self) -> Vocabulary:
        return Vocabulary(self._tags)

    def of_kind(self, kind: str) -> list[str]:
        """Return the library's tags of a kind, and the kind itself."""
        return [tag for tag in self._tags if kind in ((own := self._meaning(tag)), *self._lexicon.kinds(own))]

    def normalize(self, text: str) -> str:
        """Return a text in the spelling of tags."""
        return self._lexicon.normalize(text)

    def expand(self, text: str) -> tuple[str, ...]:
        """Return the tags and kinds that a word stands for; empty when it is unknown."""
        return self._lexicon.expand(text)

    def has_tag(self, name: str) -> bool:
        """Return True for a tag of the library."""
        return name in self._tags

    def has_namespace(self, name: str) -> bool:
        """Return True if the library or the lexicon has tags in this namespace."""
        return any(tag.startswith(name + SEPARATOR) for tag in (*self._tags, *self._lexicon.spellings))

    def _above(self, name: str) -> dict[str, float]:
        """Return the nearest kind above a name that the library has: a dog for "labrador", if there is no tag for it.

        Its weight is half that of the word itself, a third one kind further up, and so on.
        """
        for distance, kind in enumerate(self._lexicon.kinds(name), 1):
            if tags := self._names.get(kind):
                return dict.fromkeys(tags, 1 / (1 + distance))
        return {}

    def _meaning(self, tag: str) -> str:
        """Return the lexicon's name for a tag; for one in an unknown namespace, that of the part after the colon."""
        if tag in self._lexicon:
            return tag
        value = tag.partition(SEPARATOR)[2].strip()
        meant = (*self._lexicon.expand(tag), *(self._lexicon.expand(value) if value else ()), value, tag)
        return next(filter(None, meant))

    def _spelled(self, form: str) -> list[str]:
        """Return the library's tags of exactly this spelling, with or without a namespace."""
        return ([form] if form in self._tags else []) + self._names.get(form, [])

    def _within(self, text: str) -> Term | None:
        """Resolve ``mood:cheerful``: the tags for "cheerful", but only in the namespace that "mood" stands for."""
        space, separator, value = text.partition(SEPARATOR)
        if not (space and separator and value.strip()):
            return None
        found = self._known(value.strip())
        prefix = (self._lexicon.canonical(space) or space) + SEPARATOR
        # A plain tag counts if the lexicon has it in the namespace, as it does for the whole name.
        names = [
            name
            for name in (found.names if found else ())
            if name.startswith(prefix) or self._meaning(name).startswith(prefix)
        ]
        return Term(text, tuple(names)) if names else None

    def join(self, items: tuple[Node, ...]) -> list[Node]:
        """Join adjacent plain words that form a unit, see `joined`."""
        return joined(items, self)

    def is_name(self, word: Word, written: Written = nowhere) -> bool:
        """Return True for a name that only people use, in tags and texts: it says nothing about looks."""
        term = self.term(word, written)
        if term is None:
            return self.is_filler(word)
        answers = self._tags.intersection((*term.names, *term.members))
        if answers:
            return all(tag in self._given and tag not in self._lexicon for tag in answers)
        return self.is_filler(word) or not self._lexicon.expand(word.text)

    def names_of(self, text: str) -> tuple[str, ...]:
        """Return the names a word stands for, and the kinds above each."""
        return tuple(name for sense in self._lexicon.expand(text) for name in (sense, *self._lexicon.kinds(sense)))

    def is_tag(self, items: tuple[Node, ...], start: int, length: int) -> bool:
        """Return True if some adjacent words, as they stand, are a tag of the library."""
        texts = [self.plain(item) for item in items[start : start + length]]
        return None not in texts and " ".join(map(str, texts)) in self._tags

    def phrase_at(self, items: tuple[Node, ...], position: int) -> int:
        """Return how many words from this one on are one tag or one word of the lexicon; 1 for a single word."""
        longest = max(_LONGEST_PHRASE, self._tag_words.longest)
        return next((n for n in range(longest, 1, -1) if self.is_phrase(items, position, n)), 1)

    def knows(self, text: str) -> bool:
        """Return True for a word of the lexicon or a tag of the library."""
        return text in self._tags or bool(self._lexicon.expand(text))

    def finds(self, query: Resolved) -> bool:
        """Return True if a tag of the library or a written word answers one of the words."""
        if isinstance(query, Term):
            return bool(query.texts or query.loose) or not self._tags.isdisjoint((*query.names, *query.members))
        return any(map(self.finds, query.items)) if isinstance(query, All | AnyOf) else False

    def is_phrase(self, items: tuple[Node, ...], start: int, length: int) -> bool:
        texts = tuple(text for word in items[start : start + length] if (text := self.plain(word)) is not None)
        if len(texts) < length:
            return False
        together = " ".join(texts)
        known = self._lexicon.is_phrase(texts) or together in self._tags or together in self._names
        return known or bool(self._tag_words.alike(together))

    def understood(self, text: str) -> Query:
        """Return the query as parsed by `grammar.parse`, unless it is exactly one of the library's tags."""
        return understood(text, self._lexicon.normalize, self._tags, self.keys)

    def plain(self, word: Node) -> str | None:
        """Return the normalized text of a word that may be joined with its neighbours."""
        plain = isinstance(word, Word) and not (word.exact or word.quoted or word.match)
        return self._lexicon.normalize(word.text) if isinstance(word, Word) and plain else None

    def is_filler(self, word: Word) -> bool:
        text = word.text.casefold()
        return not (word.quoted or word.exact or word.match) and text in FILLERS and text not in self._tags
