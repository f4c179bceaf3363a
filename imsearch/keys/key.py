"""A query key, such as ``iso:``, with its facets and orders.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from imsearch.keys.predicate import Field, Number, Predicate

Counted: TypeAlias = Field | Literal["tags", "sources", "folders"]
"""Sources of the values of a facet: a fact, the tags that are shown, their sources, or the folders of files."""


class Facet(NamedTuple):
    """Values that pictures have in common: counted in results, and offered where somebody types the key.

    name: what JSON calls it.  of: what a value is made of; several facts go into `value` together.
    value: makes a text of the facts, none of which is None, and a moment of which comes as a text such as
    "2023-05-17 16:20:00"; None for one that has no value.  By default the fact is a text already.
    title: what the page calls it; one without a title is never counted in results and serves completion only.
    glyph: the name of its symbol on the page.  sign: what stands between the colon and a value, such as "=".
    prefix: only tags that begin so.  latest_first: the last values come first, not the most frequent.
    """

    name: str
    of: tuple[Counted, ...]
    value: Callable[..., str | None] | None = None
    title: str = ""
    glyph: str = "tags"
    sign: str = ""
    prefix: str = ""
    latest_first: bool = False


class Offer(NamedTuple):
    """The values of a facet that completion offers behind a key.

    facet: its name.  kind: what a suggestion is called in JSON: "value", "tag" or "source".
    escaped: a value is written as a click on the facet writes it, with its sign; or else in quotes where it needs them.
    finer: a facet whose values begin with one of the first, and are offered when that is typed; the latest come first.
    """

    facet: str
    kind: str = "value"
    escaped: bool = False
    finer: str = ""


class Poles(NamedTuple):
    """Two tags at the ends of a scale; pictures are ordered by the log-odds of the upper less those of the lower."""

    low: str
    high: str


class Order(NamedTuple):
    """A way to order results, as ``sort:NAME`` and ``sort:-NAME``.

    by: a fact, the name of the file, how well pictures fit, or a scale between two tags.  up, down: what comes first
    then, in a few words; down is that of ``sort:-NAME``.
    """

    name: str
    by: Number | Literal["name", "score"] | Poles
    up: str
    down: str


@dataclass(frozen=True)
class Key:
    """A key of the query language.

    name: what stands before the colon, in lower-case letters a to z.  hint: what it asks, in a few words, for somebody
    who types.  example: a query with it; docs/query.md has a row on it.
    read: makes a value of the text behind the colon; raises `BadValue` where that makes no sense.
    predicate: what must be so of a picture, for a value.
    told: the condition in a headline, such as "at ISO 400", from the text behind the colon; by default as it is typed.
    values: the values there are, each with a hint, to be offered to somebody who types.  offer: those to be offered
    where they are what pictures of the library have.
    facets: what of it is counted in results; a value that is clicked on becomes a condition with this key.
    orders: ways to order results by it.
    """

    name: str
    hint: str
    example: str
    read: Callable[[str], Any] = field(compare=False)
    predicate: Callable[[Any], Predicate] = field(compare=False)
    told: Callable[[str], str] | None = field(default=None, compare=False)
    values: tuple[tuple[str, str], ...] = ()
    offer: Offer | None = None
    facets: tuple[Facet, ...] = ()
    orders: tuple[Order, ...] = ()
