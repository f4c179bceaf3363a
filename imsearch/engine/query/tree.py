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

    key, value: as they were read.  text: how it was typed.  position: where what follows the colon starts in the query.
    predicate: what must be so, which the key made of the value.
    """

    key: str
    value: Value
    text: str = field(default="", compare=False)
    position: int = field(default=0, compare=False)
    predicate: Predicate = field(default=AllOf(()), compare=False)

    @classmethod
    def read(cls, key: Key, behind: str, text: str, position: int = 0) -> Condition:
        """Read what stands behind a key; raises `BadValue` where that makes no sense."""
        return cls.of(key, key.read(behind), text, position)

    @classmethod
    def of(cls, key: Key, value: Value, text: str, position: int = 0) -> Condition:
        """Return the condition that a key makes of a value."""
        return cls(key.name, value, text, position, key.predicate(value))


@dataclass(frozen=True, slots=True)
class Word:
    """Something to look for.

    `exact` is ``tag:``; `quoted` words are never joined with their neighbours.  `match` tells whether words count
    that begin so (``moun*``) or are spelled about so (``montain~``).  `said` is the word of another language that was
    typed in place of `text`, if any.
    """

    text: str
    exact: bool = False
    quoted: bool = False
    match: Match = ""
    said: str = ""

    @property
    def typed(self) -> str:
        """As it stood in the query."""
        return (self.said or self.text) + {"": "", "prefix": "*", "near": "~"}[self.match]


@dataclass(frozen=True, slots=True)
class By:
    """Beside words: only what this source said of them counts.  Alone: pictures it said anything of."""

    source: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Like:
    """Pictures that look like this one: a file or the id of an image."""

    target: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Everything:
    """All pictures; what is left of a query that only says in which order."""


@dataclass(frozen=True, slots=True)
class Not:
    """Without it."""

    item: Node


@dataclass(frozen=True, slots=True)
class Less:
    """A part that weighs less than its neighbours: red things and cars, for "red car" where there is such a tag."""

    item: And


@dataclass(frozen=True, slots=True)
class Number:
    """A count of the thing beside it; `word` is the number as a tag may have it, `things` what is counted.

    Made from words, see `imsearch.engine.words.numbers`.
    """

    word: Word
    value: int
    things: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """Plain words that say something the catalog knows: "last summer".

    condition: what they mean.  words: the same as words of their own, which count, too, where a tag is called so or
    somebody wrote them; None where they do not.  surely: only pictures are found of which either is so.  weight: how
    much the condition counts beside a tag that is called so, in 0 to 1.
    """

    condition: Condition
    words: Node | None = None
    surely: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Required:
    """Only pictures that show it."""

    item: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of them, softly: a picture may miss one and still be found further down."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """The likeliest of them."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of results, by the name of an `imsearch.keys.Order`, or its reverse."""

    key: str
    reverse: bool = False
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """Return what stands behind ``sort:``."""
        return f"-{self.key}" if self.reverse else self.key


Node: TypeAlias = Word | Condition | By | Like | Everything | Not | Less | Number | Fact | Required | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query, with the order of the results if it names one."""

    tree: Node
    sort: Sort | None = None
