"""Facts and changes in words, for the command line and the web pages."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from imsearch.languages.counting import count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from imsearch.engine.stores.changes import Change
    from imsearch.records import Facts, Image, Relaxed


def left_out(relaxed: Relaxed, found: int) -> str:
    """Return the words dropped and the result: ``Nothing for sunset and mountain together; 12 for mountain.``"""
    asked = _asked(relaxed.asked, relaxed.conditions, " together")
    return f"Nothing for {asked}; {found:,} for {_asked(relaxed.kept, relaxed.conditions)}."


def _asked(parts: Sequence[str], conditions: Sequence[str], together: str = "") -> str:
    """Return ``dog and cat together with date:2023 without car``."""
    wanted = [part for part in parts if not part.startswith("-")]
    words = [part for part in wanted if part not in conditions] or wanted
    beside = [part for part in wanted if part not in words]
    without = [part.removeprefix("-") for part in parts if part.startswith("-")]
    told = [" and ".join(words) + (together if len(words) > 1 else "")]
    # "dog last summer", but "dog with date:2023".
    told += [" ".join(part for part in beside if ":" not in part)]
    keys = [part for part in beside if ":" in part]
    told += ["with " + " and ".join(keys)] if keys else []
    told += ["without " + " or ".join(without)] if without else []
    return " ".join(filter(None, told))


def moment(taken_at: datetime, utc_offset: int | None) -> str:
    """Return ``2024-05-06 07:08:09 +02:00``; without an offset if it is unknown."""
    if utc_offset is None:
        return f"{taken_at:%Y-%m-%d %H:%M:%S}"
    hours, minutes = divmod(abs(utc_offset), 60)
    return f"{taken_at:%Y-%m-%d %H:%M:%S} {'-' if utc_offset < 0 else '+'}{hours:02}:{minutes:02}"


def taken(image: Image) -> str:
    """Return when a picture was taken, which must be known; only the day if the file name gives no more."""
    assert image.taken_at is not None
    if image.metadata.get("taken_from") == "name" and image.taken_at.time() == time():
        return f"{image.taken_at:%Y-%m-%d}"
    return moment(image.taken_at, image.facts.utc_offset)


def exposure(facts: Facts) -> list[str]:
    """Return ``1/250 s``, ``f/2.8``, ``ISO 400``, ``35 mm``, as far as they are known."""
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
    """Return ``33.85667° S, 151.21500° E``, accurate to about a metre."""
    north, east = "S" if latitude < 0 else "N", "W" if longitude < 0 else "E"
    return f"{abs(latitude):.5f}° {north}, {abs(longitude):.5f}° {east}"


def where(facts: Facts) -> str:
    """Return ``Antibes, Provence-Alpes-Côte d'Azur, France``, as far as it is known, without repeated names."""
    return ", ".join(dict.fromkeys(name for name in (facts.city, facts.region, facts.country) if name))


def stars(rating: int) -> str:
    return "rejected" if rating < 0 else "★" * rating + "☆" * (5 - rating)


def percent(share: float) -> str:
    """Return a percentage: ``96%``; values below 1 are never rounded up to 100."""
    return f"{min(max(round(share * 100), 1 if share > 0 else 0), 100 if share >= 1 else 99)}%"


def size(number: int) -> str:
    """Return ``850 bytes``, ``7.9 MB``, in the units of ``size:`` in a query."""
    amount = float(number)
    for unit in ("bytes", "kB", "MB"):
        if amount < 999.5:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} GB"


def tell_change(change: Change) -> str:
    """Return one entry of the history: ``added dog, sea on 12 pictures``."""
    tags = ", ".join(change.tags)
    if change.name is None:
        what = {"add": "added", "accept": "confirmed", "reject": "rejected", "remove": "took back", "clear": "cleared"}
        return f"{what[change.action]} {tags} on {count(change.images, 'picture')}"
    if change.tags == (change.name,):
        return f"gave {tags} its own name back, on {count(change.images, 'picture')}"
    verb = "merged" if change.action == "merge" else "renamed"
    return f"{verb} {tags} to {change.name}, on {count(change.images, 'picture')}"
