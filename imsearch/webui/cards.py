"""View models of the picture grid: strings only, so that templates contain no logic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from imsearch.engine.query.keys.annotator import source_name
from imsearch.engine.query.moments import MONTHS
from imsearch.records import FOLDER
from imsearch.views.wording import percent
from imsearch.webui import texts
from imsearch.webui.linking import search_address
from imsearch.webui.shapes import shape
from imsearch.webui.thumbs.thumbnails import thumbnail_address

if TYPE_CHECKING:
    from imsearch.records import Hit, Tag

TAGS = 4
"""Number of tags that stand in for a picture that cannot be displayed."""
UNDATED = "Without a date"


class Why(NamedTuple):
    """The reason why a picture matched a query word; `tag` is empty where it is the word itself."""

    word: str
    tag: str
    score: str
    source: str


class Card(NamedTuple):
    """One picture of the grid.

    tags: the likeliest shown ones.  month: the heading before this picture, or "".  cut: True if the less likely
    pictures begin here.
    """

    id: int
    address: str
    shape: str
    width: int
    height: int
    small: str
    medium: str
    name: str
    tags: str
    score: str
    why: tuple[Why, ...]
    month: str
    cut: bool


def cards(
    hits: Sequence[Hit], text: str, *, everything: bool, scored: bool, months: Iterator[str], cut_at: int = -1
) -> Iterator[Card]:
    """Yield the cards of these hits.

    text, everything: the query, passed on to the page of a picture.  scored: True if scores are meaningful.
    months: the heading before each.  cut_at: the index of the first less likely hit.
    """
    query = search_address(text, everything).removeprefix("/")
    for place, (hit, month) in enumerate(zip(hits, months, strict=True)):
        image = hit.image
        yield Card(
            image.id,
            f"/picture/{image.id}{query}",
            shape(image.width, image.height),
            image.width,
            image.height,
            thumbnail_address(image, "small"),
            thumbnail_address(image, "medium"),
            texts.readable(image.path.name),
            _tags(hit.tags),
            percent(hit.score) if scored else "",
            tuple(_why(word, tag) for word, tag in hit.why.items()),
            month,
            place == cut_at,
        )


def headings(hits: Sequence[Hit], before: Hit | None) -> Iterator[str]:
    """Yield the month of each hit where it differs from that of the previous one; "" elsewhere."""
    last = _month(before.image.taken_at) if before else ""
    for hit in hits:
        month = _month(hit.image.taken_at)
        # Without any dates there are no headings.
        yield month if month != last and (month != UNDATED or last) else ""
        last = month


def _month(taken_at: datetime | None) -> str:
    return f"{MONTHS[taken_at.month - 1]} {taken_at.year}" if taken_at else UNDATED


def _tags(tags: Sequence[Tag]) -> str:
    names = []
    for tag in tags:
        if tag.shown:
            names.append(tag.name)
            if len(names) == TAGS:
                break
    return ", ".join(names)


def _why(word: str, tag: Tag) -> Why:
    source = source_name(tag.source) + ("" if tag.shown or tag.source == FOLDER else ", not shown")
    return Why(word, "" if tag.name == word else tag.name, percent(tag.probability), source)
