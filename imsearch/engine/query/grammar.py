"""The query language: text in, a tree of frozen nodes out.  Pure; knows no index and no lexicon.

sunset mountain          pictures of both, the likeliest first
"traffic light"          one tag of several words
cat OR dog, cat | dog    either
-person, NOT person      without it; !person, and a long dash before it
+boat                    only pictures that show it
tag:"hot dog"            this very tag: no word forms, synonyms or kinds
emotion:happy            a tag of a namespace; emotion:"very happy" has several words
moun*, montain~          words that begin so, words that are spelled about so
(cat OR dog) grass       grouping
tag:dog>0.8              this tag, and so likely
by:user                  what this source said
date:2023 iso:>800       conditions, see `imsearch.engine.query.keys`
like:beach.jpg           pictures that look like it
sort:date                the order of the results
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar, cast

from lark import Lark, Token, Transformer, UnexpectedInput

from imsearch.engine.query.escapes import PLAIN_QUOTES
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.special import Special
from imsearch.engine.query.tree import (
    And,
    By,
    Condition,
    Everything,
    Like,
    Match,
    Node,
    Not,
    Or,
    Query,
    Required,
    Sort,
    Word,
)
from imsearch.errors import QueryError
from imsearch.keys import BadValue

__all__ = [
    "MAX_LENGTH",
    "And",
    "By",
    "Condition",
    "Everything",
    "Like",
    "Node",
    "Not",
    "Or",
    "Query",
    "Required",
    "Sort",
    "Word",
    "parse",
]

# `OR`, `AND` and `NOT` are operators in any case: no picture is tagged "or", and people type as they speak.  A quote
# without its partner reaches to the end; "-", "!" and "+" count only in front of something; other punctuation is
# dropped.
# Signs of any width and the dashes that phones make count as the plain ones.
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
     | KEYED -> keyed
     | SPACED -> spaced
     | OPEN either CLOSE -> group

OPEN: /[(\uff08]/
CLOSE: /[)\uff09]/
OR.3: /or(?![^\s()"])|(?<!^)[|\uff5c]+(?=\s*[^\s|\uff5c)\uff09])/i
AND.3: /and(?![^\s()"])/i
NOT.3: /not(?![^\s()"])/i
MINUS.2: /[-DASHES](?=[^\s])|(?<![^\s(\uff08])[!\uff01](?=[^\s!?.,;:\uff01])/
PLUS: /[+\uff0b](?=[^\s])/
TAGGED.4: /tag[:\uff1a](?:"[^"]*[^"\s][^"]*(?:"(?:[<>]=?[^\s()"]*)?|$)|(?:\([^\s()"]*\)|[^\s()"])+)/i
KEYED.4: /(?:KEYS)[:\uff1a](?:=?"[^"]*[^"\s][^"]*(?:"|$)|[^\s()",;!?][^\s()"]*)/i
SPACED.3: /[^\s()"+\-,.;:!?STOPS][^\s()",;:!?STOPS]*[:\uff1a]"[^"]*[^"\s][^"]*(?:"|$)/
QUOTED.2: /"[^"]*[^"\s][^"]*(?:"|$)/
WORD: /[^\s()"+\-,.;:!?|STOPSDASHES](?:[^\s()",;!?|STOPS]*[^\s()",;:.!?|STOPS])?/
%ignore /\s+/
%ignore /[-+DASHES\uff0b]+(?=\s|$)/
%ignore /[,.;:!?STOPS]+/
%ignore /^\s*[|\uff5c]+|(?<!^)[|\uff5c]+(?=\s*(?:[)\uff09]|$))/
%ignore /"\s*(?:"|$)/
"""
_DASHES = r"\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_STOPS = r"\u3001\u3002\uff01\uff08\uff09\uff0b\uff0c\uff0e\uff1a\uff1b\uff1f\uff5c\u2026"
MAX_LENGTH = 1000
"""Characters of a query; keeps the tree shallow enough to walk it by recursion."""
TAG = "tag"

T = TypeVar("T")
_MATCHES: dict[str, Match] = {"*": "prefix", "\uff0a": "prefix", "~": "near", "\uff5e": "near"}
_COLON = re.compile("[:\uff1a]")
_ASKED = re.compile("(\\w+)[:\uff1a](-?\\w*)")
"""Words that may be keys, with the beginning of the text behind the colon."""


class _Build(Transformer[Token, Node]):
    """Makes nodes while the text is parsed.  A `Sort` stands among them until `parse` takes it out."""

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self._keys = keys

    def start(self, items: list[Node]) -> Node:
        return items[0]

    def either(self, items: list[Node | Token]) -> Node:
        return _one_or(Or, _nodes(items))

    def every(self, items: list[list[Node] | Token]) -> Node:
        # "a AND b c" is one group of three, as "a b c" is.
        return _one_or(And, tuple(node for run in items if not isinstance(run, Token) for node in run))

    def run(self, items: list[Node]) -> list[Node]:
        return items

    def group(self, items: list[Node | Token]) -> Node:
        return _nodes(items)[0]

    def without(self, items: list[Node | Token]) -> Node:
        (item,) = _nodes(items)
        if isinstance(item, Required):
            item = item.item
        return item.item if isinstance(item, Not) else Not(item)

    def required(self, items: list[Node | Token]) -> Node:
        (item,) = _nodes(items)
        # What is so or not needs no demanding, and a source stays beside its words.
        return item if isinstance(item, Required | Not | Condition | By | Like) else Required(item)

    def word(self, items: list[Token]) -> Node:
        return _word(str(items[0]))

    def quoted(self, items: list[Token]) -> Node:
        return Word(_unquote(items[0]), quoted=True)

    def spaced(self, items: list[Token]) -> Node:
        space, value = _COLON.split(str(items[0]), maxsplit=1)
        return Word(f"{space}:{_unquote(value)}", quoted=True)

    def tagged(self, items: list[Token]) -> Node:
        text, start = str(items[0])[len("tag:") :], _start(items[0]) + len("tag:")
        wanted = _read(self._keys[TAG].read, text, start)
        if wanted is not None:
            return Condition.of(self._keys[TAG], wanted, str(items[0]), start)
        return Word(_unquote(text), exact=True) if text.startswith('"') else _word(text, exact=True)

    def keyed(self, items: list[Token]) -> Node | Sort:
        typed, text = _COLON.split(str(items[0]), maxsplit=1)
        key, start = self._keys[typed.lower()], _start(items[0]) + len(typed) + 1
        if text.startswith(('"', '="')):
            text, start = text.replace('"', ""), start + 1
        else:
            text = text.rstrip(",;!?")
        if isinstance(key, Special):
            return _read(lambda value: key.node(value, start, self._keys), text, start)
        return _read(lambda value: Condition.read(key, value, str(items[0]), start), text, start)


def _start(token: Token) -> int:
    return token.start_pos or 0


def _read(reader: Callable[[str], T], text: str, start: int) -> T:
    """Read the text behind a key, which starts there in the query; `BadValue` becomes `QueryError`."""
    try:
        return reader(text)
    except BadValue as error:
        raise QueryError(str(error), start + error.offset) from None


def _word(text: str, exact: bool = False) -> Word:
    match = _MATCHES.get(text[-1], "")
    bare = text.rstrip("".join(_MATCHES)) if match else text
    return Word(bare, exact, match=match) if bare else Word(text, exact)


def _nodes(items: list[Node | Token]) -> tuple[Node, ...]:
    return tuple(item for item in items if not isinstance(item, Token))


def _one_or(kind: type[And] | type[Or], items: tuple[Node, ...]) -> Node:
    return items[0] if len(items) == 1 else kind(items)


def _unquote(text: str) -> str:
    return " ".join(text.strip('"').split())


@lru_cache(8)
def _parser(keys: Keys) -> Lark:
    grammar = _GRAMMAR.replace("KEYS", "|".join(key for key in keys if key != TAG))
    grammar = grammar.replace("STOPS", _STOPS).replace("DASHES", _DASHES)
    return Lark(grammar, parser="lalr", lexer="basic", transformer=_Build(keys))


def parse(text: str, keys: Keys = KEYS) -> Query:
    """Parse a query; raises `QueryError` with the position where it stops making sense.

    keys: the words that are no namespace before a colon.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(f"The query is longer than {MAX_LENGTH} characters.", MAX_LENGTH)
    plain = text.translate(PLAIN_QUOTES)
    try:
        tree = _parser(keys.among(_ASKED.findall(plain))).parse(plain)
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
    sorts: list[Sort] = []
    rest = _without_sorts(cast("Node | Sort", tree), sorts)
    return Query(rest or Everything(), sorts[-1] if sorts else None)


def _without_sorts(node: Node | Sort, found: list[Sort]) -> Node | None:
    """The tree without what says in which order; None when nothing else is there."""
    if isinstance(node, Sort):
        found.append(node)
        return None
    if isinstance(node, Not | Required):
        if isinstance(node.item, Sort):
            sort: Sort = node.item
            raise QueryError(
                f"An order cannot be left out or required. Write sort:-{sort.key} to reverse it.", sort.position
            )
        item = _without_sorts(node.item, found)
        return None if item is None else type(node)(item)
    if isinstance(node, And | Or):
        items = tuple(kept for item in node.items if (kept := _without_sorts(item, found)) is not None)
        return _one_or(type(node), items) if items else None
    return node


def _unfinished(text: str) -> str:
    if not any(letter.isalnum() for letter in text):
        return "The query is empty. Say what to look for, for example: sunset mountain"
    if text.count("(") > text.count(")"):
        return "A parenthesis is not closed."
    return "The query ends where a word should follow."
