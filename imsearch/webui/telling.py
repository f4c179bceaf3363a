"""What the search page says about a query and its results, in words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from imsearch.engine.query.grammar import And, By, Condition, Like, Node, Not, Or, Required, Word, parse
from imsearch.engine.refining import refined, refinement
from imsearch.webui.refining import conditions, joined, put_right
from imsearch.webui.texts import readable
from imsearch.wording import count

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
"""The orders that the page offers, by what stands behind ``sort:``."""
EXAMPLES = (
    ("dog beach", "both words, the likeliest first"),
    ('"traffic light"', "words that belong together"),
    ("cat OR dog", "one of them"),
    ("grass -dog", "without dogs"),
    ("dog +beach", "surely with a beach"),
    ("dog*", "words that begin so"),
    ("tag:dog>0.8", "this tag, and likelier than that"),
    ("by:user", "pictures you tagged yourself"),
    ("date:2023-06..2024", "taken in this time"),
    ("camera:canon iso:>800", "what the camera wrote down"),
    ("type:png width:>2000", "the kind of file, its pixels"),
    ("near:Rome,5", "within 5 km of a place"),
    ("name:IMG*", "by file name, path: by folder"),
    ("sort:-date", "the newest first"),
)
KINDS = {
    "tag": ("Tags", "tags"),
    "year": ("Year", "calendar"),
    "country": ("Country", "map"),
    "city": ("City", "map"),
    "camera": ("Camera", "camera"),
    "type": ("File type", "similar"),
    "annotator": ("Tagged by", "check"),
    "folder": ("Folder", "folder"),
}
"""What facets are called, and their glyphs, in the order in which they stand."""


class Value(NamedTuple):
    """One value of a facet: its label and name, how many pictures have it, and the query with or without it."""

    label: str
    name: str
    images: int
    query: str
    on: bool


class Group(NamedTuple):
    """One kind of facet."""

    kind: str
    title: str
    glyph: str
    values: Sequence[Value]


class Unknown(NamedTuple):
    """Words that nobody knows; `sense` counts instead unless it is empty.  meant: a word, and the query with it."""

    words: str
    sense: str
    meant: Sequence[tuple[str, str]]


def headline(found: Found) -> str:
    """How many there are; the query itself stands behind it."""
    if not found.relevant and found.total:
        return "Nothing is likely"
    return count(found.shown, "picture")


def unknown_words(results: Results, text: str) -> Unknown | None:
    """What to say of words that neither the lexicon nor any picture knows."""
    if not results.unknown:
        return None
    meant = [(name, put_right(text, word, name)) for word, names in results.suggestions.items() for name in names]
    return Unknown(", ".join(results.unknown), results.sense, meant)


def understood(text: str, results: Results) -> list[str]:
    """The parts of a query as they were taken, where that is more than a word."""
    return _parts(parse(text).tree, results.unknown) if text else []


def facet_groups(text: str, facets: Facets) -> list[Group]:
    """The facets as links that narrow the query, or widen it again where it says so already."""
    active = {each.text: each.rest for each in conditions(text)}
    groups = []
    for kind, (title, glyph) in KINDS.items():
        values = facets.get(kind, ())
        labels = _short([name for name, _ in values]) if kind == "folder" else [readable(name) for name, _ in values]
        made = []
        for (name, images), label in zip(values, labels, strict=True):
            condition = refinement(kind, name)
            rest = active.get(condition)
            query = refined(text, condition) if rest is None else rest
            made.append(Value(label, readable(name), images, query, rest is not None))
        if made:
            groups.append(Group(kind, title, glyph, made))
    return groups


def _short(folders: Sequence[str]) -> list[str]:
    """Folders without what is the same for all."""
    if len(folders) < 2:
        return [readable(os.path.basename(folder) or folder) for folder in folders]  # noqa: PTH119 - no path of ours
    shared = os.path.commonpath(folders)
    return [readable(os.path.relpath(folder, shared)) if folder != shared else "…" + os.sep for folder in folders]


def _parts(node: Node, unknown: Sequence[str]) -> list[str]:
    if isinstance(node, And):
        return [part for item in node.items for part in _parts(item, unknown)]
    if isinstance(node, Or):
        return [" or ".join(joined(*_parts(item, unknown)) for item in node.items)]
    if isinstance(node, Not):
        return [f"without {joined(*_parts(node.item, unknown))}"]
    if isinstance(node, Required):
        return [f"surely {joined(*_parts(node.item, unknown))}"]
    if isinstance(node, Word):
        kind = {"prefix": "words with ", "near": "words like "}.get(node.match, "")
        left_out = " (unknown)" if node.typed in unknown else ""
        return [f"{kind}{'the tag ' if node.exact else ''}{node.typed}{left_out}"]
    if isinstance(node, Condition):
        return [node.text]
    if isinstance(node, By | Like):
        return [f"by:{node.source}" if isinstance(node, By) else f"like:{node.target}"]
    return []
