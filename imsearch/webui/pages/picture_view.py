"""View models of a picture's page; plain values for the template."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imsearch.engine.query.keys.annotator import source_name
from imsearch.engine.query.refining import refinement
from imsearch.records import USER, Image, Tag, Text
from imsearch.views.wording import exposure, percent, place, size, stars, taken, where
from imsearch.webui.linking import (
    day_query,
    folder_query,
    map_address,
    near_query,
    quoted,
    search_address,
    tag_query,
)

_IN_METADATA_TOO = {"camera": "camera", "gps": "latitude"}
"""Metadata keys that repeat a fact, and that fact."""


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag as a row.  state: the user's verdict: "accepted", "rejected" or nothing."""

    name: str
    search: str
    probability: float
    source: str
    state: str = ""

    @property
    def number(self) -> str:
        """The probability as displayed."""
        return percent(self.probability)


@dataclass(frozen=True, slots=True)
class TagRows:
    """confident: shown tags; tail: those that only help ranking; rejected: those removed by the user."""

    confident: tuple[TagRow, ...]
    tail: tuple[TagRow, ...]
    rejected: tuple[TagRow, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact about a picture.

    label: its name.  search: finds pictures with the same value.  more: lines below it.  copied: the text that a button
    copies.  map: an address on another site.
    """

    label: str
    glyph: str
    text: str
    search: str = ""
    more: tuple[str, ...] = ()
    copied: str = ""
    map: str = ""
    near: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One of a picture's files; there: True if it is still in its place; raw: a raw file of the same shot."""

    path: str
    name: str
    folder: str
    search: str
    there: bool
    raw: bool = False


def tag_rows(tags: Sequence[Tag], rejected: Sequence[str]) -> TagRows:
    """Group tags, which come likeliest first, keeping their order."""
    rows = {
        shown: tuple(
            TagRow(
                tag.name,
                search_address(tag_query(tag.name)),
                tag.probability,
                source_name(tag.source),
                "accepted" if tag.source == USER else "",
            )
            for tag in tags
            if tag.shown == shown
        )
        for shown in (True, False)
    }
    refused = tuple(TagRow(name, search_address(tag_query(name)), 0.0, "you", "rejected") for name in rejected)
    return TagRows(rows[True], rows[False], refused)


def fact_rows(image: Image) -> Iterator[Fact]:
    """Yield when, with what, how large and where."""
    facts = image.facts
    if image.taken_at:
        yield Fact(
            "Taken",
            "calendar",
            taken(image),
            search_address(day_query(image.taken_at)),
            (f"{image.taken_at:%A}", *(["from the file's name"] if image.metadata.get("taken_from") == "name" else ())),
        )
    settings = " · ".join(exposure(facts))
    if facts.camera:
        more = tuple(line for line in (facts.lens, settings) if line)
        yield Fact("Camera", "camera", facts.camera, search_address(f"camera:{quoted(facts.camera)}"), more)
    elif facts.lens:
        more = (settings,) if settings else ()
        yield Fact("Lens", "camera", facts.lens, search_address(f"lens:{quoted(facts.lens)}"), more)
    elif settings:
        yield Fact("Exposure", "camera", settings)
    yield Fact("Picture", "picture", f"{image.width:,} × {image.height:,}", more=(_size(image),))  # noqa: RUF001
    if facts.rating:
        yield Fact("Rating", "star", stars(facts.rating), search_address(f"rating:{facts.rating}"))
    if facts.latitude is not None and facts.longitude is not None:
        here = facts.latitude, facts.longitude
        copied = f"{here[0]:.6f}, {here[1]:.6f}"
        named = where(facts)
        key, name = next(
            ((key, name) for key in ("city", "region", "country") if (name := getattr(facts, key))), ("", "")
        )
        yield Fact(
            "Place",
            "map",
            named or place(*here),
            search_address(refinement(key, getattr(facts, key))) if key else "",
            (place(*here),) if named else (),
            copied=copied,
            map=map_address(*here),
            near=search_address(near_query(*here)),
        )


def keywords(texts: Sequence[Text]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the keywords of each source, with a search for each."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for text in texts:
        if text.source == "keyword":
            found[text.origin].append((text.text, search_address(quoted(text.text))))
    return list(found.items())


def files(image: Image) -> list[File]:
    """Return the copies, existing and most recently seen ones first, and then the raw files of the same shot."""
    return [
        File(
            printable(path), printable(path.name), printable(path.parent), _in_folder(path.parent), _is_there(path), raw
        )
        for several, raw in ((image.files, False), (image.companions, True))
        for path in several
    ]


def told_besides(image: Image) -> list[str]:
    """Return the remaining metadata, and the problems of reading it."""
    return [
        f"{name}: {value}"
        for name, value in sorted(image.metadata.items())
        if name != "taken_from" and getattr(image.facts, _IN_METADATA_TOO.get(name, ""), None) is None
    ]


def _size(image: Image) -> str:
    pixels = image.width * image.height / 1e6
    share = [f"{pixels:.3g} megapixels"] if pixels >= 0.1 else []
    return " · ".join((*share, image.format, size(image.bytes)))


def _in_folder(folder: Path) -> str:
    return search_address(folder_query(printable(folder)))


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def printable(path: Path | str) -> str:
    """Return a path with question marks for undecodable bytes, which cannot be sent."""
    return str(path).encode("utf-8", "replace").decode()
