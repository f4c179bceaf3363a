"""Predicates on pictures: small trees of frozen nodes that query keys make.  Pure; know no SQL.

A catalog selects the images that one is true of; `imsearch.engine.search.selecting` asks the indexes for tags.  The
nodes are named tuples, since every query loads them and dataclasses take eight times as long to make.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from imsearch.keys.values import Around, Circle, Span

Number: TypeAlias = Literal[
    "taken_at",
    "utc_offset",
    "iso",
    "aperture",
    "exposure",
    "focal_length",
    "width",
    "height",
    "bytes",
    "rating",
    "latitude",
    "longitude",
]
"""Numbers and moments that the catalog holds of a picture.

taken_at: a datetime, as the camera's clock showed it.  utc_offset: minutes.  aperture: the f-number.  exposure:
seconds.  focal_length: millimetres.  width, height: pixels of the upright picture.  bytes: of the file.
rating: 0 to 5, or -1 for rejected.  latitude, longitude: degrees.
"""
Text: TypeAlias = Literal["camera", "lens", "format", "city", "region", "country"]
"""Texts that the catalog holds of a picture; a format is in capitals."""
Path: TypeAlias = Literal["path", "name"]
"""Of each file of a picture, its whole path and its name."""
Field: TypeAlias = Number | Text


class Compare(NamedTuple):
    """A number or moment lies in a span; where the catalog does not know it, it does not.

    times: another number, of which the span counts multiples: `Compare("width", Span(low=2), times="height")` is true
    of pictures at least twice as wide as tall.
    """

    field: Number
    span: Span
    times: Number | None = None


class InMonths(NamedTuple):
    """It was taken in one of these months of any year, 1 to 12."""

    months: tuple[int, ...]


class OneOf(NamedTuple):
    """A fact is one of these, capitals too."""

    field: Field
    values: tuple[str | float, ...]


class Known(NamedTuple):
    """The catalog knows this fact."""

    field: Field


class Holds(NamedTuple):
    """A text holds this somewhere; ``*`` stands for anything, capitals do not matter."""

    field: Text | Path
    text: str


class InPlace(NamedTuple):
    """The name of the city, region or country holds these words, in any language that is known."""

    fields: tuple[Literal["city", "region", "country"], ...]
    text: str


class Within(NamedTuple):
    """It was taken in a circle, whose middle may be given by the name of a place."""

    circle: Circle | Around


class Under(NamedTuple):
    """A file of it lies in this folder; directly: and in none below that."""

    folder: str
    directly: bool = False


class FileFits(NamedTuple):
    """The path of a file of it passes a test."""

    test: Callable[[str], bool]


class HasText(NamedTuple):
    """Somebody wrote a text of it.  source: "title", "description" or "keyword"; an empty one means any."""

    source: str = ""


class HasTag(NamedTuple):
    """It has this tag: shown, or where a span is given, with a probability in it, shown or not."""

    tag: str
    span: Span | None = None


class HasKind(NamedTuple):
    """A tag of this kind is shown: of "person" also "woman"."""

    kind: str


class SaidBy(NamedTuple):
    """A tag that this source gave is shown: the name of an annotator or "user"; an empty one means any."""

    source: str = ""


class HasDuplicate(NamedTuple):
    """There is a near duplicate of it, or another file of the same bytes."""


class And(NamedTuple):
    """All of these; without any, every picture."""

    items: tuple[Predicate, ...]


class Or(NamedTuple):
    """Any of these."""

    items: tuple[Predicate, ...]


class Not(NamedTuple):
    """The opposite."""

    item: Predicate


Predicate: TypeAlias = (
    Compare
    | InMonths
    | OneOf
    | Known
    | Holds
    | InPlace
    | Within
    | Under
    | FileFits
    | HasText
    | HasTag
    | HasKind
    | SaidBy
    | HasDuplicate
    | And
    | Or
    | Not
)
