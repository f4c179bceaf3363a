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
from typing import TypeVar, cast

from imsearch.engine.query.escapes import PLAIN_QUOTES
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.special import Special
from imsearch.engine.query.tokens import CLOSE, COLON, END, UNKNOWN, Token, tokens
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
from imsearch.keys import BadValue, Key

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

MAX_LENGTH = 1000
"""Characters of a query; keeps the tree shallow enough to walk it by recursion."""
TAG = "tag"

T = TypeVar("T")
_MATCHES: dict[str, Match] = {"*": "prefix", "\uff0a": "prefix", "~": "near", "\uff5e": "near"}
_ASKED = re.compile("(\\w+)[:\uff1a](-?\\w*)")
"""Words that may be keys, with the beginning of the text behind the colon."""


class _Group:
    """What stands between parentheses, or all of it: alternatives, each of items that belong together."""

    def __init__(self) -> None:
        self._alternatives: list[list[Node]] = [[]]
        self._signs: list[str] = []  # in front of the next item
        self.unfinished = True
        """True where an item has to follow."""

    def sign(self, kind: str) -> None:
        """Add what stands in front of an item."""
        self._signs.append(kind)
        self.unfinished = True

    def add(self, item: Node) -> None:
        """Add an item, with the signs in front of it."""
        for sign in reversed(self._signs):
            item = _required(item) if sign == "PLUS" else _without(item)
        self._signs.clear()
        # "a AND b c" is one group of three, as "a b c" is.
        self._alternatives[-1].append(item)
        self.unfinished = False

    def join(self, kind: str) -> None:
        """Add an operator between two items."""
        if kind == "OR":
            self._alternatives.append([])
        self.unfinished = True

    def node(self) -> Node:
        """Return all of it as one node."""
        return _one_or(Or, tuple(_one_or(And, tuple(items)) for items in self._alternatives))


def _built(text: str, keys: Keys) -> Node:
    """Parse a text into nodes.  A `Sort` stands among them until `parse` takes it out.

    The groups that are open are on a stack of their own: Python's is too small for a text of parentheses.
    """
    open_groups = [_Group()]
    for token in tokens(text, "|".join(key for key in keys if key != TAG)):
        group = open_groups[-1]
        ends = token.kind in (CLOSE, END)
        if token.kind == UNKNOWN or (group.unfinished and (ends or token.kind in ("OR", "AND"))):
            raise _unexpected(text, token)
        if ends and (token.kind == CLOSE) == (len(open_groups) == 1):  # never opened, or not closed
            raise _unexpected(text, token)
        if token.kind == "OPEN":
            open_groups.append(_Group())
        elif token.kind == CLOSE:
            open_groups.pop()
            open_groups[-1].add(group.node())
        elif token.kind in ("OR", "AND"):
            group.join(token.kind)
        elif token.kind in ("NOT", "MINUS", "PLUS"):
            group.sign(token.kind)
        elif token.kind != END:
            group.add(_item(token, keys))
    return open_groups[0].node()


def _item(token: Token, keys: Keys) -> Node:
    """Return the node of a token that stands for itself."""
    if token.kind == "WORD":
        return _word(token.text)
    if token.kind == "QUOTED":
        return Word(_unquote(token.text), quoted=True)
    if token.kind == "SPACED":
        space, value = COLON.split(token.text, maxsplit=1)
        return Word(f"{space}:{_unquote(value)}", quoted=True)
    return _tagged(token, keys[TAG]) if token.kind == "TAGGED" else _keyed(token, keys)


def _tagged(token: Token, key: Key) -> Node:
    text, start = token.text[len("tag:") :], token.start + len("tag:")
    wanted = _read(key.read, text, start)
    if wanted is not None:
        return Condition.of(key, wanted, token.text, start)
    return Word(_unquote(text), exact=True) if text.startswith('"') else _word(text, exact=True)


def _keyed(token: Token, keys: Keys) -> Node:
    typed, text = COLON.split(token.text, maxsplit=1)
    key, start = keys[typed.lower()], token.start + len(typed) + 1
    if text.startswith(('"', '="')):
        text, start = text.replace('"', ""), start + 1
    else:
        text = text.rstrip(",;!?")
    if isinstance(key, Special):
        return cast("Node", _read(lambda value: key.node(value, start, keys), text, start))
    return _read(lambda value: Condition.read(key, value, token.text, start), text, start)


def _without(item: Node) -> Node:
    if isinstance(item, Required):
        item = item.item
    return item.item if isinstance(item, Not) else Not(item)


def _required(item: Node) -> Node:
    # What is so or not needs no demanding, and a source stays beside its words.
    return item if isinstance(item, Required | Not | Condition | By | Like) else Required(item)


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


def _one_or(kind: type[And] | type[Or], items: tuple[Node, ...]) -> Node:
    return items[0] if len(items) == 1 else kind(items)


def _unquote(text: str) -> str:
    return " ".join(text.strip('"').split())


def parse(text: str, keys: Keys = KEYS) -> Query:
    """Parse a query; raises `QueryError` with the position where it stops making sense.

    keys: the words that are no namespace before a colon.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(f"The query is longer than {MAX_LENGTH} characters.", MAX_LENGTH)
    plain = text.translate(PLAIN_QUOTES)
    tree = _built(plain, keys.among(_ASKED.findall(plain)))
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


def _unexpected(text: str, token: Token) -> QueryError:
    if token.start >= len(text.rstrip()):
        return QueryError(_unfinished(text), len(text))
    return QueryError(
        f"The query cannot be understood at {text[token.start :][:20]!r}. Put words that belong together in quotes and "
        "close every parenthesis.",
        token.start,
    )


def _unfinished(text: str) -> str:
    if not any(letter.isalnum() for letter in text):
        return "The query is empty. Say what to look for, for example: sunset mountain"
    if text.count("(") > text.count(")"):
        return "A parenthesis is not closed."
    return "The query ends where a word should follow."
