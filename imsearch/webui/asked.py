"""Queries in plain words, for headlines: ``dog shows:"beach" date:2023`` is "dog", showing beach, from 2023.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

from imsearch.engine.query.grammar import parse
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.keys.annotator import source_name
from imsearch.engine.query.tree import And, By, Condition, Like, Node, Not, Or, Required, Word
from imsearch.errors import QueryError
from imsearch.keys import Chance, Exact, Part, in_words
from imsearch.webui.refining import bare, conditions, in_order, joined
from imsearch.webui.texts import readable


class Asked(NamedTuple):
    """A query in plain words: its words as typed, and the conditions worded, such as "from 2023"."""

    words: str
    rest: str

    def __str__(self) -> str:
        """Return both on one line."""
        return ", ".join(part for part in self if part)


def asked(text: str, keys: Keys = KEYS) -> Asked:
    """Return a query in plain words; one that cannot be understood stays as it was typed.

    keys: those of the query language.
    """
    try:
        if left := conditions(text, keys):
            # Without the order, which the page shows elsewhere.
            told = [joined(*parts(parse(each.text, keys).tree, keys)) for each in left]
            return Asked(in_order(bare(text, keys), ""), readable(", ".join(told)))
        tree = parse(text, keys).tree if text else And(())
    except QueryError:
        return Asked(text, "")
    # Groups with a condition among them are worded as a whole.
    return Asked(joined(*parts(tree, keys)) if _has_condition(tree) else in_order(text, ""), "")


def parts(node: Node, keys: Keys, unknown: Sequence[str] = ()) -> list[str]:
    """Return the parts of a query in words; unknown: unknown words, which are marked."""
    if isinstance(node, And):
        return [part for item in node.items for part in parts(item, keys, unknown)]
    if isinstance(node, Or):
        return [" or ".join(joined(*parts(item, keys, unknown)) for item in node.items)]
    if isinstance(node, Not):
        without = "without" if isinstance(node.item, Word) and not node.item.exact else "not"
        return [f"{without} {joined(*parts(node.item, keys, unknown))}"]
    if isinstance(node, Required):
        return [f"surely {joined(*parts(node.item, keys, unknown))}"]
    if isinstance(node, Word):
        kind = {"prefix": "words with ", "near": "words like "}.get(node.match, "")
        left_out = " (unknown)" if node.typed in unknown else ""
        return [f"{'tagged ' if node.exact else ''}{kind}{node.typed}{left_out}"]
    if isinstance(node, Condition):
        return [_condition(node, keys)]
    if isinstance(node, By):
        return [f"tagged by {source_name(node.source)}"]
    if isinstance(node, Like):
        target = node.target
        return [f"like picture {target}" if target.isdecimal() else f"like {readable(PurePath(target).name)}"]
    return []


def _has_condition(node: Node) -> bool:
    if isinstance(node, Word):
        return node.exact
    if isinstance(node, Not | Required):
        return _has_condition(node.item)
    return any(map(_has_condition, node.items)) if isinstance(node, And | Or) else True


def _condition(node: Condition, keys: Keys) -> str:
    value = node.value
    if isinstance(value, Chance):
        return f"tagged {value.tag} {in_words(re.split('(?=[<>])', node.text)[-1])}"
    text = value.text if isinstance(value, Exact | Part) else node.text.partition(":")[2].strip('"')
    told = keys[node.key].told
    return node.text if told is None else told(text)
