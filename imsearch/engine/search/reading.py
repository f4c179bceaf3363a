"""From the text of a query to a tree that can be answered: spelling, languages and facts understood."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from imsearch.engine.query.tree import And, Like, Node, Sort
from imsearch.engine.stores.sql.fact_names import FactNames
from imsearch.engine.words.dates import Times
from imsearch.engine.words.fact_words import FACT_WORDS
from imsearch.engine.words.facts import FactReader
from imsearch.engine.words.text_words import Written, or_named
from imsearch.engine.words.words import Words


class Read(NamedTuple):
    """The tree of a query, the order it asks for, and which of its words were taken for what."""

    tree: Node
    order: Sort | None
    understood: Sequence[tuple[str, str]]


def read(text: str, words: Words, written: Written, today: date, names: FactNames, like: str = "") -> Read:
    """Read a query; raises `QueryError` when it cannot be understood.

    written: whether somebody wrote a word of any picture.  today: from which "yesterday" counts.  names: what cameras
    and places of the library are called.  like: a picture to look like besides, by its path or id.
    """
    parsed = words.understood(text)
    tree = words.as_typed(or_named(parsed, text, written), written)
    if like:
        tree = And((Like(like), *(tree.items if isinstance(tree, And) else (tree,))))
    english = FACT_WORDS["en"]
    facts = FactReader(words, english, Times(today, english), names)
    return Read(facts.read(words.translate(tree, written)), parsed.sort, facts.understood)
