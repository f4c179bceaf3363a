"""What a picture says of itself, in lines for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from imsearch.cli.output import printable
from imsearch.records import Facts, Image, Text

_IN_METADATA_TOO = {"camera": "camera", "gps": "latitude"}
"""What the metadata repeats, and the fact that tells whether it does."""


def fact_lines(image: Image, texts: Sequence[Text]) -> Iterator[str]:
    """When, with what, how and where it was taken, what people wrote, and what could not be read."""
    facts = image.facts
    if image.taken_at:
        yield f"taken {moment(image.taken_at, facts.utc_offset)}"
    devices = [printable(name) for name in (facts.camera, facts.lens) if name]
    for parts in (devices, exposure(facts)):
        if parts:
            yield ", ".join(parts)
    if facts.latitude is not None and facts.longitude is not None:
        yield place(facts.latitude, facts.longitude)
    if facts.rating:
        yield stars(facts.rating)
    yield from _written(texts)
    for name, value in sorted(image.metadata.items()):
        if getattr(facts, _IN_METADATA_TOO.get(name, ""), None) is None:
            yield f"{name}: {printable(str(value))}"


def moment(taken_at: datetime, utc_offset: int | None) -> str:
    """``2024-05-06 07:08:09 +02:00``; without an offset where none is known."""
    if utc_offset is None:
        return f"{taken_at:%Y-%m-%d %H:%M:%S}"
    hours, minutes = divmod(abs(utc_offset), 60)
    return f"{taken_at:%Y-%m-%d %H:%M:%S} {'-' if utc_offset < 0 else '+'}{hours:02}:{minutes:02}"


def exposure(facts: Facts) -> list[str]:
    """``1/250 s``, ``f/2.8``, ``ISO 400``, ``35 mm``, as far as they are known."""
    parts = []
    if facts.exposure:
        short = facts.exposure < 0.3  # cameras show 0.3 s, 0.5 s, 2 s, but 1/4 s
        parts.append(f"1/{1 / facts.exposure:.0f} s" if short else f"{facts.exposure:.3g} s")
    if facts.aperture:
        parts.append(f"f/{facts.aperture:.3g}")
    if facts.iso:
        parts.append(f"ISO {facts.iso}")
    if facts.focal_length:
        parts.append(f"{facts.focal_length:.4g} mm")
    return parts


def place(latitude: float, longitude: float) -> str:
    """``33.85667° S, 151.21500° E``: to about a metre."""
    north, east = "S" if latitude < 0 else "N", "W" if longitude < 0 else "E"
    return f"{abs(latitude):.5f}° {north}, {abs(longitude):.5f}° {east}"


def stars(rating: int) -> str:
    return "rejected" if rating < 0 else "★" * rating + "☆" * (5 - rating)


def _written(texts: Sequence[Text]) -> Iterator[str]:
    """Title and description, and the keywords of each place on a line."""
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
