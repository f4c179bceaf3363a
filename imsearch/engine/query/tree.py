"""The parsed query: a tree of frozen nodes, which `imsearch.engine.words.words` resolves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from imsearch.keys import And as AllOf
from imsearch.keys import Key, Predicate, Value

Match: TypeAlias = Literal["", "prefix", "near"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter, true or false of a picture whatever the words: ``date:2023``.

    key, value: as parsed.  text: as typed.  position: where the text after the colon starts in the query.
    predicate: made by the key from the value.
    """

    key: str
    value: Value
    text: str = field(default="", compare=False)
    position: int = field(default=0, compare=False)
    predicate: Predicate = field(default=AllOf(()), compare=False)

    @classmethod
    def read(cls, key: Key, behind: str, text: str, position: int = 0) -> Condition:
        """Read the text after a key; raises `BadValue` for an invalid one."""
        return cls.of(key, key.read(behind), text, position)

    @classmethod
    def of(cls, key: Key, value: Value, text: str, position: int = 0) -> Condition:
        """Return the condition that a key makes from a value."""
        return cls(key.name, value, text, position, key.predicate(value))


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase to search for.

    `exact` is ``tag:``; `quoted` words are never joined with their neighbours.  `match` extends it to words with this
    prefix (``moun*``) or a similar spelling (``montain~``).  `said` is the word of another language that was typed in
    place of `text`, if any.
    """

    text: str
    exact: bool = False
    quoted: bool = False
    match: Match = ""
    said: str = ""

    @property
    def typed(self) -> str:
        """The word as typed in the query."""
        return (self.said or self.text) + {"": "", "prefix": "*", "near": "~"}[self.match]


@dataclass(frozen=True, slots=True)
class By:
    """Next to words: only tags of this source count.  Alone: pictures with any tag of it."""

    source: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Like:
    """Pictures that look like this one: a file or the id of an image."""

    target: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Everything:
    """All pictures; the rest of a query that holds only an order."""


@dataclass(frozen=True, slots=True)
class Not:
    """Exclusion of an item."""

    item: Node


@dataclass(frozen=True, slots=True)
class Less:
    """A part that weighs less than its neighbours: red things and cars, for "red car" where there is such a tag."""

    item: And


@dataclass(frozen=True, slots=True)
class Number:
    """A count of the thing next to it; `word` is the number as a tag may have it, `things` what is counted.

    Made from words by `imsearch.engine.words.numbers`.
    """

    word: Word
    value: int
    things: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """Plain words for a fact in the catalog: "last summer".

    condition: their meaning.  words: the same as plain words, which count, too, if a tag has this name or the words
    were written of a picture; None if they do not count.  surely: only pictures that match one of the two are found.
    weight: of the condition relative to a tag of this name, in 0 to 1.
    """

    condition: Condition
    words: Node | None = None
    surely: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Required:
    """Restriction to pictures that show an item."""

    item: Node


@dataclass(frozen=True, slots=True)
class And:
    """Soft conjunction: a picture that misses one item is still found, further down."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Disjunction: the likeliest of the items."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of results, by the name of an `imsearch.keys.Order`, or its reverse."""

    key: str
    reverse: bool = False
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """Return the text after ``sort:``."""
        return f"-{self.key}" if self.reverse else self.key


Node: TypeAlias = Word | Condition | By | Like | Everything | Not | Less | Number | Fact | Required | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query, with the order of the results if it names one."""

    tree: Node
    sort: Sort | None = None
