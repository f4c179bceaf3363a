"""Parse the text of a query to a tree that can be answered: spelling, languages and facts interpreted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from imsearch.engine.query.tree import And, Like, Node, Sort
from imsearch.engine.search.fact_names import FactNames
from imsearch.engine.words.dates import Times
from imsearch.engine.words.fact_words import FACT_WORDS
from imsearch.engine.words.facts import FactReader
from imsearch.engine.words.text_words import Written, or_named
from imsearch.engine.words.words import Words


class Read(NamedTuple):
    """The tree of a query, its sort order, and the words that were interpreted as conditions."""

    tree: Node
    order: Sort | None
    understood: Sequence[tuple[str, str]]


def read(text: str, words: Words, written: Written, today: date, names: FactNames, like: str = "") -> Read:
    """Parse a query; raises `QueryError` for an invalid one.

    written: returns True for a word written of any picture.  today: the reference of "yesterday".  names: the cameras
    and places of the library.  like: a picture that results should look like, by its path or id.
    """
    parsed = words.understood(text)
    tree = words.as_typed(or_named(parsed, text, written), written)
    if like:
        tree = And((Like(like), *(tree.items if isinstance(tree, And) else (tree,))))
    english = FACT_WORDS["en"]
    facts = FactReader(words, english, Times(today, english), names)
    return Read(facts.read(words.translate(tree, written)), parsed.sort, facts.understood)
