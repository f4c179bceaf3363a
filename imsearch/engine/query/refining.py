"""Conditions made from the values of facets, each finding exactly the images that were counted.  Pure."""

from __future__ import annotations

import re
from contextlib import suppress

from imsearch.engine.query.escapes import escaped
from imsearch.engine.query.grammar import parse
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.tree import And, Everything, Node
from imsearch.errors import QueryError

_PLAIN = re.compile(r"[\w/.][\w/.:-]*")
"""Values that need no quotes."""


def refinement(kind: str, value: str, keys: Keys = KEYS) -> str:
    """Return the condition that finds exactly the images that a facet counts under this value.

    kind: the name of a facet of one of the keys, such as "tag", "year" or "camera"; KeyError for others.
    """
    key, facet = keys.facets[kind]
    return f"{key.name}:{facet.sign}{_value(value)}"


def refined(text: str, condition: str, keys: Keys = KEYS) -> str:
    """Return a query restricted by a condition: ``(cat OR dog) date:2023``.

    An empty query means all pictures.  Raises `QueryError` when the query cannot be understood.
    """
    if not text.strip():
        return condition
    asked = parse(text, keys)
    wanted = _together(asked.tree, parse(condition, keys).tree)
    for begin, end in (("", ""), ("", '"'), ("(", ")"), ("(", '")')):  # an open quote reaches to the end
        candidate = f"{begin}{text.strip()}{end} {condition}"
        with suppress(QueryError):
            made = parse(candidate, keys)
            if made.tree == wanted and made.sort == asked.sort:
                return candidate
    return f"({text.strip()}) {condition}"


def _together(tree: Node, condition: Node) -> Node:
    if isinstance(tree, Everything):
        return condition
    return And((*(tree.items if isinstance(tree, And) else (tree,)), condition))


def _value(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return f'"{escaped(text)}"'
