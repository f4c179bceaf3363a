"""The wording of queries and results on the search page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from imsearch.engine.query.grammar import parse
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.refining import refined, refinement
from imsearch.languages.counting import count
from imsearch.webui.asked import parts
from imsearch.webui.refining import conditions, in_order, put_right
from imsearch.webui.texts import readable

if TYPE_CHECKING:
    from imsearch.records import Results
    from imsearch.webui.finding import Facets, Found

ORDERS = {
    "": "Likeliest",
    "-date": "Newest",
    "date": "Oldest",
    "name": "Name",
    "-size": "Largest",
    "-rating": "Best rated",
}
"""Orders offered by the page, by the value of ``sort:``."""
EXAMPLES = (
    ("dog beach", "both words, the likeliest first"),
    ('"traffic light"', "words that belong together"),
    ("cat OR dog", "one of them"),
    ("grass -dog", "without dogs"),
    ("dog +beach", "surely with a beach"),
    ("dog*", "words that begin so"),
    ("tag:dog>0.8", "this tag, and likelier than that"),
    ("by:user", "pictures you tagged yourself"),
    ("dogs last summer", "dates, cameras and places need no key"),
    ("date:2023-06..2024", "taken at this time"),
    ("camera:canon iso:>800", "camera settings"),
    ("type:png width:>2000", "the kind of file, its size in pixels"),
    ("near:Rome,5", "within 5 km of a place"),
    ("name:IMG*", "by file name, path: by folder"),
    ("sort:-date", "the newest first"),
)


class Value(NamedTuple):
    """A value of a facet: its label and name, how many pictures have it, and the query with or without it."""

    label: str
    name: str
    images: int
    query: str
    on: bool


class Group(NamedTuple):
    """A kind of facet; `more` is True if it has further values."""

    kind: str
    title: str
    glyph: str
    values: Sequence[Value]
    more: bool


class Unknown(NamedTuple):
    """Unknown words; `sense` is used instead unless it is empty.  meant: a suggested word, and the query with it."""

    words: str
    sense: str
    meant: Sequence[tuple[str, str]]


def headline(found: Found) -> str:
    """Return the number of results; the query follows it on the page."""
    if not found.relevant and found.total:
        return "Nothing is likely"
    return count(found.shown, "picture")


def orders(found: Found) -> list[tuple[str, str, bool]]:
    """Return the orders offered: their names, the query in each, and True for the current one.

    Ordering by relevance is not offered where all results are equally relevant.
    """
    now = "" if found.by_score else found.results.order
    ranked = found.results.ranked
    return [(name, in_order(found.text, key), key == now) for key, name in ORDERS.items() if key or ranked]


def unknown_words(results: Results, text: str) -> Unknown | None:
    """Return the message about words that are neither in the lexicon nor on any picture."""
    if not results.unknown:
        return None
    meant = [(name, put_right(text, word, name)) for word, names in results.suggestions.items() for name in names]
    return Unknown(", ".join(results.unknown), results.sense, meant)


def understood(text: str, results: Results, keys: Keys = KEYS) -> list[str]:
    """Return the parts of a query as they were interpreted, where that is more than a word."""
    return parts(parse(text, keys).tree, keys, results.unknown) if text else []


def facet_groups(text: str, facets: Facets, most: int, keys: Keys = KEYS) -> list[Group]:
    """Return the facets as links that narrow the query, or widen it again if it has the value already.

    most: maximum number of values of each kind; `more` is set if there are further ones.  keys: those of the query
    language, which label the facets.
    """
    active = {each.text: each.rest for each in conditions(text, keys)}
    groups = []
    for kind, title, glyph in ((facet.name, facet.title, facet.glyph) for facet in keys.told_facets):
        values = facets.get(kind, ())[:most]
        labels = _short([name for name, _ in values]) if kind == "folder" else [readable(name) for name, _ in values]
        made = []
        for (name, images), label in zip(values, labels, strict=True):
            condition = refinement(kind, name, keys)
            rest = active.get(condition)
            query = refined(text, condition, keys) if rest is None else rest
            made.append(Value(label, readable(name), images, query, rest is not None))
        if made:
            groups.append(Group(kind, title, glyph, made, len(facets[kind]) > most))
    return groups


def _short(folders: Sequence[str]) -> list[str]:
    """Strip the common prefix of folders."""
    if len(folders) < 2:
        return [readable(os.path.basename(folder) or folder) for folder in folders]  # noqa: PTH119 - no path of ours
    shared = os.path.commonpath(folders)
    return [readable(os.path.relpath(folder, shared)) if folder != shared else "…" + os.sep for folder in folders]
