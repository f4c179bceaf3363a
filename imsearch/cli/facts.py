"""Metadata of a picture in lines for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from imsearch.cli.output import printable
from imsearch.records import Image, Text
from imsearch.views.wording import exposure, place, stars, taken, where

_IN_METADATA_TOO = {"camera": "camera", "gps": "latitude"}
"""Metadata keys that repeat a fact, and that fact."""


def fact_lines(image: Image, texts: Sequence[Text]) -> Iterator[str]:
    """Yield when, with what, how and where it was taken, what people wrote, and what could not be read."""
    facts = image.facts
    if image.taken_at:
        told = " (from the file's name)" if image.metadata.get("taken_from") == "name" else ""
        yield f"taken {taken(image)}{told}"
    devices = [printable(name) for name in (facts.camera, facts.lens) if name]
    for parts in (devices, exposure(facts)):
        if parts:
            yield ", ".join(parts)
    if facts.latitude is not None and facts.longitude is not None:
        named = where(facts)
        yield place(facts.latitude, facts.longitude) + (f" ({printable(named)})" if named else "")
    if facts.rating:
        yield stars(facts.rating)
    yield from _written(texts)
    for name, value in sorted(image.metadata.items()):
        if name != "taken_from" and getattr(facts, _IN_METADATA_TOO.get(name, ""), None) is None:
            yield f"{name}: {printable(str(value))}"


def _written(texts: Sequence[Text]) -> Iterator[str]:
    """Yield title and description, and the keywords of each source on a line."""
    keywords: defaultdict[str, list[str]] = defaultdict(list)
    for text in texts:
        if text.source == "keyword":
            keywords[text.origin].append(text.text)
        else:
            yield _from(f"{text.source}: {printable(text.text)}", text.origin)
    for origin, words in keywords.items():
        yield _from(f"keywords: {printable(', '.join(words))}", origin)


def _from(line: str, origin: str) -> str:
    return f"{line} [{printable(origin)}]" if origin else line
