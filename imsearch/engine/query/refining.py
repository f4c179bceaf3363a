"""From a value that facets count to the condition that finds just those images.  Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

from imsearch.engine.query.escapes import escaped
from imsearch.engine.query.grammar import parse
from imsearch.engine.query.tree import And, Everything, Node
from imsearch.errors import QueryError

_PLAIN = re.compile(r"[\w/.][\w/.:-]*")
"""What needs no quotes."""


def refinement(kind: str, value: str) -> str:
    """The condition that is true of just the images that a facet counts under this value.

    kind: "tag", "emotion", "year", "month", "camera", "lens", "city", "region", "country", "type", "annotator" or
    "folder"; KeyError for others.
    """
    return _CONDITIONS[kind](value)


def refined(text: str, condition: str) -> str:
    """A query and a condition that all of it must meet: ``(cat OR dog) date:2023``.

    An empty query means all pictures.  Raises `QueryError` when the query cannot be understood.
    """
    if not text.strip():
        return condition
    asked = parse(text)
    wanted = _together(asked.tree, parse(condition).tree)
    for begin, end in (("", ""), ("", '"'), ("(", ")"), ("(", '")')):  # an open quote reaches to the end
        candidate = f"{begin}{text.strip()}{end} {condition}"
        with suppress(QueryError):
            made = parse(candidate)
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


_CONDITIONS: Mapping[str, Callable[[str], str]] = {
    "tag": lambda value: f"shows:{_value(value)}",
    "emotion": lambda value: f"shows:{_value(value)}",
    "year": lambda value: f"date:{value}",
    "month": lambda value: f"date:{value}",
    "camera": lambda value: f"camera:={_value(value)}",
    "lens": lambda value: f"lens:={_value(value)}",
    "city": lambda value: f"city:={_value(value)}",
    "region": lambda value: f"region:={_value(value)}",
    "country": lambda value: f"country:={_value(value)}",
    "type": lambda value: f"type:{value}",
    "annotator": lambda value: f"annotator:{_value(value)}",
    "folder": lambda value: f"folder:{_value(value)}",
}
