"""The fields that a metadata source provides, and their plausibility checks.

Metadata comes from cameras, editors and broken tools alike.  Every value goes through one of the functions here, which
return None (or an empty text) for implausible values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unicodedata import category

from imsearch.languages.letters import tidy

LONGEST_NAME = 100
"""Maximum characters of a camera or lens name."""

# The plausible range of each number: today's sensors, lenses and clocks with room to spare.
ISO = (1, 10_000_000)
APERTURE = (0.1, 1024.0)
EXPOSURE = (1e-7, 604_800.0)
FOCAL_LENGTH = (0.1, 100_000.0)
RATING = (-1, 5)

Place = tuple[float, float]
"""Degrees: latitude, north positive, and longitude, east positive."""


@dataclass(slots=True)
class Said:
    """The fields of one metadata source.

    taken_at: as shown by the camera's clock.  utc_offset: minutes that clock was ahead of UTC.  changed_at: when the
    picture was last saved; the last resort for a date.  texts: pairs of a source of `imsearch.records.Text` and a text.
    tags: passed to annotators as social tags; nearly always the keywords among the texts.
    """

    taken_at: datetime | None = None
    utc_offset: int | None = None
    changed_at: datetime | None = None
    camera: str = ""
    lens: str = ""
    iso: int | None = None
    aperture: float | None = None
    exposure: float | None = None
    focal_length: float | None = None
    place: Place | None = None
    rating: int | None = None
    texts: list[tuple[str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def keywords(self, keywords: list[str]) -> None:
        """Add keywords, as texts and as social tags."""
        self.texts += [("keyword", keyword) for keyword in keywords]
        self.tags += keywords


def plain(value: Any, most: int = LONGEST_NAME) -> str:
    """Return printable text on one line, without the null bytes and lone surrogates that broken writers leave."""
    if not isinstance(value, str):
        return ""
    start = value[: 4 * most]  # caps the cost of a ten-megabyte value
    return tidy("".join(c if c.isprintable() or category(c) == "Cf" else " " for c in start))[:most].rstrip()


def number(value: Any, within: tuple[float, float]) -> float | None:
    """Return a finite number within a range, from a number, a rational, ``"28/10"``, or the first of several."""
    if isinstance(value, (tuple, list)):
        value = value[0] if value else None
    try:
        if isinstance(value, str):
            above, _, below = value[:50].partition("/")
            found = float(above) / float(below or 1)
        elif isinstance(value, (bool, bytes)):
            return None
        else:
            found = float(value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return found if within[0] <= found <= within[1] else None  # false for NaN, which is how Pillow reads 0/0


def whole(value: Any, within: tuple[int, int]) -> int | None:
    """`number`, rounded to an integer."""
    found = number(value, within)
    return None if found is None else round(found)


def rounded(value: float | None) -> float | None:
    """Round to six significant digits, to recover a rational from the noise of division."""
    return None if value is None else float(f"{value:.6g}")


def place(latitude: float | None, longitude: float | None) -> Place | None:
    """Return a point on Earth, or None; 0, 0 is written by devices that do not know their position."""
    if latitude is None or longitude is None or not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    point = round(latitude, 6), round(longitude, 6)
    return point if abs(latitude) <= 90 and abs(longitude) <= 180 and point != (0, 0) else None


def device(make: str, model: str) -> str:
    """Join make and model: many models repeat the make ("Canon", "Canon EOS 80D")."""
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def decoded(text: bytes, is_utf_8: bool = False) -> str:
    """Decode as UTF-8 where declared or plausible, else as Latin-1, in which every byte is a character."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("utf-8", "replace") if is_utf_8 else text.decode("latin-1")
