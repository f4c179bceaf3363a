"""Plain words that mean facts in the catalog: "last summer", "iphone", "png", "without people".

A pass over the tree of a query, before its words become tags.  Findings are reported, so that the user can see how the
query was understood.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from imsearch.engine.query.keys import KEYS
from imsearch.engine.query.tree import And, By, Condition, Fact, Node, Not, Or, Required, Word
from imsearch.engine.words.dates import Time, Times
from imsearch.engine.words.fact_words import FactWords
from imsearch.engine.words.negations import Excluded, Negations

AMBIGUOUS = 0.5
"""Weight of a place or a camera beside a thing of the same name that the library has a tag for."""
SHAPE = 0.3
"""Weight of an orientation beside portraits and landscapes: as low as that of a hit just above the cut-off."""
_LONGEST = 4
"""Maximum words of a phrase."""
_STARS = 5


class Names(Protocol):
    """The names in the library; `imsearch.engine.search.fact_names` reads them from the catalog."""

    def camera(self, text: str, *, sure: bool) -> str | None:
        """Return the value of ``camera:`` for a camera of this name; None if the library has none.

        sure: True for a known camera name; other words count only if they begin a name or contain a digit.
        """

    def place(self, text: str) -> str | None:
        """Return the condition for a place where pictures were taken; None if there are none."""


class Vocabulary(Protocol):
    """The part of `imsearch.engine.words.words.Words` in use here."""

    def normalize(self, text: str) -> str:
        """Return a text in the spelling of tags."""

    def is_filler(self, word: Word) -> bool:
        """Return True for a filler word."""

    def phrase_at(self, items: tuple[Node, ...], position: int) -> int:
        """Return how many words from there on are one tag or one word of the lexicon."""

    def knows(self, text: str) -> bool:
        """Return True for a word of the lexicon or a tag of the library."""


class Understood(NamedTuple):
    """Words as they were typed, and the condition they were interpreted as."""

    typed: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Found:
    """A fact found in some leading words, the number of these words, and the wording for the user."""

    length: int
    fact: Fact
    meaning: str


class FactReader:
    """Finds the facts in one query.  `understood` collects the findings, in the order of the words."""

    def __init__(self, vocabulary: Vocabulary, words: FactWords, times: Times, names: Names) -> None:
        self.understood: list[Understood] = []
        self._vocabulary = vocabulary
        self._words = words
        self._times = times
        self._names = names
        self._negations = Negations(words, vocabulary)

    def read(self, node: Node) -> Node:
        """Return the tree with facts in place of their words."""
        if isinstance(node, Word):
            return self._group((node,))
        if isinstance(node, And):
            return self._group(node.items)
        if isinstance(node, Or):
            return self._either(node)
        if isinstance(node, Not | Required):
            return type(node)(self.read(node.item))
        return node

    def _either(self, node: Or) -> Node:
        """Read alternatives; "beach without people or dogs" has neither, though the grammar splits it at the "or"."""
        first, *others = node.items
        begun = self.read(first)
        items = begun.items if isinstance(begun, And) else (begun,)
        last = first.items[-1] if isinstance(first, And) else first
        if isinstance(items[-1], Not) and self.plain(last) and all(self.plain(other) for other in others):
            told = self.understood.pop()
            rest = [self.read(other) for other in others]
            typed = " or ".join([told.typed, *map(_typed, others)])
            meanings = [told.meaning.removeprefix("-"), *map(_typed, others)]
            self.understood.append(Understood(typed, f"-({' OR '.join(meanings)})"))
            without = Not(Or((items[-1].item, *rest)))
            return And((*items[:-1], without)) if len(items) > 1 else without
        return Or((begun, *(self.read(other) for other in others)))

    def _group(self, items: tuple[Node, ...]) -> Node:
        made: list[Node] = []
        place = 0
        while place < len(items):
            place = self._step(items, place, made)
        return made[0] if len(made) == 1 else And(tuple(made))

    def _step(self, items: tuple[Node, ...], place: int, made: list[Node]) -> int:
        """Process the item at an index of a group; return the next index."""
        excluded = self._negations.at(items, place)
        if excluded is not None:
            return self._excluded(items, place, excluded, made)
        found = self.found_at(items, place)
        length = self._vocabulary.phrase_at(items, place) if self.plain(items[place]) is not None else 1
        if found is None or found.length < length:
            some = items[place : place + length]
            made += some if length > 1 or isinstance(some[0], Word) else [self.read(some[0])]
            return place + length
        self._drop_taken(made)
        made.append(found.fact)
        self._tell(items[place : place + found.length], found.meaning)
        return place + found.length

    def _excluded(self, items: tuple[Node, ...], place: int, what: Excluded, made: list[Node]) -> int:
        """Process what a word such as "without" excludes: a fact, or some of the next words; return the next index."""
        end = what.start + what.length
        if what.instead is not None:
            made.append(Not(what.instead))
            self._tell(items[place:end], f"-{_text(what.instead)}")
            return end
        found = self.found_at(items, what.start)
        if found is not None and found.length >= what.length:
            end = what.start + found.length
            made.append(Not(found.fact))
            self._tell(items[place:end], f"-{found.meaning}")
            return end
        some = items[what.start : end]
        node = some[0] if len(some) == 1 else And(some)
        made.append(Not(node if isinstance(node, Word | And) else self.read(node)))
        typed = " ".join(filter(None, map(_text, some)))
        if typed:  # a group in parentheses needs no report
            self._tell(items[place:end], f'-"{typed}"' if len(some) > 1 else f"-{typed}")
        return end

    def found_at(self, items: tuple[Node, ...], place: int) -> Found | None:
        """Return the fact that begins at an index of a group; None if there is none."""
        texts: list[str] = []
        for item in items[place:]:
            text = self.plain(item)
            if text is None:
                break
            texts.append(text)
        if not texts:
            return None
        before = (self.plain(items[place - 1]) if place else None) or ""
        alone = all(at == place or self._says_nothing(item) for at, item in enumerate(items))
        time = self._times.read(texts, before, alone=alone)
        if time is not None:
            return self._of_time(time, texts)
        return self._of_stars(texts) or self._near(texts) or self._of_words(texts, before, alone)

    def plain(self, node: Node) -> str | None:
        """Return the normalized text of a plain word."""
        bare = isinstance(node, Word) and not (node.exact or node.quoted or node.match)
        return self._vocabulary.normalize(_text(node)) if bare else None

    def _says_nothing(self, node: Node) -> bool:
        return isinstance(node, Condition | By) or self.plain(node) in self._words.linking | self._words.articles

    def _of_time(self, time: Time, texts: Sequence[str]) -> Found:
        typed = " ".join(texts[: time.length])
        if time.span is None:
            last = (time.month + time.months - 2) % 12 + 1
            asked = _condition("month", f"{time.month}..{last}" if time.months > 1 else str(time.month))
            weight = AMBIGUOUS if time.months > 1 else 1.0
            return _found(time.length, asked, Word(typed), weight=weight)
        asked = _condition("date", time.span.text())
        if time.holiday and time.span.last is not None:
            # That Christmas includes Christmas markets, which were not open on the holidays alone.
            year = _condition("date", str(time.span.last.year))
            return _found(time.length, asked, And((Word(time.holiday, quoted=" " in time.holiday), year)))
        # Of numbers, only years are among the written words: "24 december 2022" would match any December of 2022.
        figures = [text for text in texts[: time.length] if any(letter.isdigit() for letter in text)]
        named = self._vocabulary.knows(typed) or (figures and all(re.fullmatch(r"\d{4}", text) for text in figures))
        words = Word(typed, quoted=time.length > 1) if named else None
        return _found(time.length, asked, words, surely=time.sure)

    def _of_stars(self, texts: Sequence[str]) -> Found | None:
        """Parse "5 stars"."""
        if len(texts) < 2 or texts[1] not in self._words.stars:
            return None
        number = int(texts[0]) if texts[0].isdecimal() and len(texts[0]) == 1 else self._words.numbers.get(texts[0], 0)
        if not 1 <= number <= _STARS or texts[0] in ("a", "an"):
            return None
        return _found(2, _condition("rating", str(number)), Word(" ".join(texts[:2]), quoted=True))

    def _near(self, texts: Sequence[str]) -> Found | None:
        """Parse "near rome": a circle around the place."""
        if texts[0] not in self._words.near:
            return None
        for length in range(min(_LONGEST, len(texts) - 1), 0, -1):
            text = " ".join(texts[1 : 1 + length])
            if self._names.place(text) is not None:
                return _found(length + 1, _condition("near", text), None)
        return None

    def _of_words(self, texts: Sequence[str], before: str, alone: bool) -> Found | None:
        """Parse formats, shapes, cameras, places: the longest phrase."""
        words = self._words
        for length in range(min(_LONGEST, len(texts)), 0, -1):
            text = " ".join(texts[:length])
            word = Word(text, quoted=length > 1)
            if (condition := words.conditions.get(text)) is not None:
                return _found(length, _parsed(condition), word)
            if text in words.shapes and (alone or self._vocabulary.knows(text)):
                return self._of_shape(word, _parsed(words.shapes[text]), words.subjects.get(text, ""), length)
            asked = self._named(text, before in words.linking or alone)
            if asked is not None:
                weight = AMBIGUOUS if self._vocabulary.knows(text) else 1.0
                return _found(length, asked, word, weight=weight)
        return None

    def _of_shape(self, word: Word, shape: Condition, subject: str, length: int) -> Found:
        """Return a shape, which counts less than a tag of that name, or than the usual content of such a picture."""
        words = Or((word, And((Word(subject), shape)))) if subject else word
        return _found(length, shape, words, weight=SHAPE)

    def _named(self, text: str, clear: bool) -> Condition | None:
        """Return a camera or a place of this name.  clear: True if even a word of another meaning is a place here."""
        known, maker = self._vocabulary, text in self._words.makers
        shared = (
            " " not in text
            and not maker
            and (text in self._words.common or known.knows(text) or known.is_filler(Word(text)))
        )
        if not shared and (camera := self._names.camera(text, sure=maker)) is not None:
            return _condition("camera", camera)
        place = self._names.place(text) if clear or not shared else None
        return None if place is None else _parsed(place)

    def _drop_taken(self, made: list[Node]) -> None:
        """Drop "taken in" before a place or a date: nobody searches for it."""
        end = len(made)
        while end and self.plain(made[end - 1]) in self._words.linking | self._words.articles:
            end -= 1
        if end and self.plain(made[end - 1]) in self._words.taken:
            del made[end - 1 :]

    def _tell(self, nodes: Sequence[Node], meaning: str) -> None:
        # A phrase of another language is attached to each of its English words.
        self.understood.append(Understood(" ".join(dict.fromkeys(map(_typed, nodes))), meaning))


def _found(length: int, asked: Condition, words: Node | None, *, surely: bool = False, weight: float = 1.0) -> Found:
    return Found(length, Fact(asked, words, surely, weight), asked.text)


def _condition(key: str, value: str) -> Condition:
    quoted = f'"{value}"' if " " in value else value
    return Condition.read(KEYS[key], value, f"{key}:{quoted}")


def _parsed(condition: str) -> Condition:
    key, _, value = condition.partition(":")
    return _condition(key, value)


def _text(node: Node) -> str:
    return node.text if isinstance(node, Word | Condition) else ""


def _typed(node: Node) -> str:
    if isinstance(node, Not):
        return f"not {_typed(node.item)}"
    if isinstance(node, Word):
        return f'"{node.typed}"' if node.quoted else node.typed
    return _text(node)
