"""The query language: text in, a tree of frozen nodes out.  Pure; knows no index and no lexicon.

sunset mountain          pictures of both, the likeliest first
"traffic light"          one tag of several words
cat OR dog               either
-person, NOT person      without it
+boat                    only pictures that show it
tag:"hot dog"            this very tag: no word forms, synonyms or kinds
emotion:happy            a tag of a namespace; emotion:"very happy" has several words
(cat OR dog) grass       grouping
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from lark import Lark, Token, Transformer, UnexpectedInput

from imsearch.errors import QueryError

# `OR`, `AND` and `NOT` are operators in any case: no picture is tagged "or", and people type as they speak.  A quote
# without its partner reaches to the end; "-" and "+" count only in front of something; other punctuation is dropped.
_GRAMMAR = r"""
start: either
either: every (OR every)*
every: run (AND run)*
run: item+
?item: (NOT | MINUS) item -> without
     | PLUS item -> required
     | WORD -> word
     | QUOTED -> quoted
     | TAGGED -> tagged
     | SPACED -> spaced
     | "(" either ")" -> group

OR.3: /or(?![^\s()"])/i
AND.3: /and(?![^\s()"])/i
NOT.3: /not(?![^\s()"])/i
MINUS: /-(?=[^\s])/
PLUS: /\+(?=[^\s])/
TAGGED.4: /tag:(?:"[^"]*[^"\s][^"]*(?:"|$)|[^\s()"]+)/i
SPACED.3: /[^\s()"+\-,.;:!?][^\s()",;:!?]*:"[^"]*[^"\s][^"]*(?:"|$)/
QUOTED.2: /"[^"]*[^"\s][^"]*(?:"|$)/
WORD: /[^\s()"+\-,.;:!?](?:[^\s()",;!?]*[^\s()",;:.!?])?/
%ignore /\s+/
%ignore /[-+](?=\s|$)/
%ignore /[,.;:!?]+/
%ignore /"\s*(?:"|$)/
"""
MAX_LENGTH = 1000
"""Characters of a query; keeps the tree shallow enough to walk it by recursion."""


@dataclass(frozen=True, slots=True)
class Word:
    """Something to look for.  `exact` is ``tag:``; `quoted` words are never joined with their neighbours."""

    text: str
    exact: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """Without it."""

    item: Node


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


Node: TypeAlias = Word | Not | Required | And | Or


class _Build(Transformer[Token, Node]):
    """Makes nodes while the text is parsed."""

    def start(self, items: list[Node]) -> Node:
        return items[0]

    def either(self, items: list[Node | Token]) -> Node:
        return _one_or(Or, _nodes(items))

    def every(self, items: list[Node | Token]) -> Node:
        return _one_or(And, _nodes(items))

    def run(self, items: list[Node]) -> Node:
        return _one_or(And, tuple(items))

    def group(self, items: list[Node]) -> Node:
        return items[0]

    def without(self, items: list[Node | Token]) -> Node:
        (item,) = _nodes(items)
        if isinstance(item, Required):
            item = item.item
        return item.item if isinstance(item, Not) else Not(item)

    def required(self, items: list[Node | Token]) -> Node:
        (item,) = _nodes(items)
        return item if isinstance(item, Required | Not) else Required(item)

    def word(self, items: list[Token]) -> Node:
        return Word(str(items[0]))

    def quoted(self, items: list[Token]) -> Node:
        return Word(_unquote(items[0]), quoted=True)

    def spaced(self, items: list[Token]) -> Node:
        space, _, value = str(items[0]).partition(":")
        return Word(f"{space}:{_unquote(value)}", quoted=True)

    def tagged(self, items: list[Token]) -> Node:
        return Word(_unquote(items[0][len("tag:") :]), exact=True)


def _nodes(items: list[Node | Token]) -> tuple[Node, ...]:
    return tuple(item for item in items if not isinstance(item, Token))


def _one_or(kind: type[And] | type[Or], items: tuple[Node, ...]) -> Node:
    return items[0] if len(items) == 1 else kind(items)


def _unquote(text: str) -> str:
    return " ".join(text.strip('"').split())


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", transformer=_Build())


def parse(text: str) -> Node:
    """The tree of a query; raises `QueryError` with the position where it stops making sense."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"The query is longer than {MAX_LENGTH} characters.", MAX_LENGTH)
    plain = text.translate({ord(quote): '"' for quote in "\u201c\u201d\u201e\u00ab\u00bb"})
    try:
        tree = _parser().parse(plain)
    except UnexpectedInput as error:
        position = error.pos_in_stream
        at_end = position is None or position >= len(plain.rstrip()) or getattr(error, "token", None) == ""
        if at_end:
            raise QueryError(_unfinished(plain), len(plain)) from None
        raise QueryError(
            f"The query cannot be understood at {plain[position:][:20]!r}. Put words that belong together in quotes "
            "and close every parenthesis.",
            position or 0,
        ) from None
    assert isinstance(tree, Word | Not | Required | And | Or)
    return tree


def _unfinished(text: str) -> str:
    if not any(letter.isalnum() for letter in text):
        return "The query is empty. Say what to look for, for example: sunset mountain"
    if text.count("(") > text.count(")"):
        return "A parenthesis is not closed."
    return "The query ends where a word should follow."
