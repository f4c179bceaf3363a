"""What one source says of a picture, and how its values are made plausible.

Metadata comes from cameras, editors and broken tools alike.  Every value goes through one of the functions here, which
answer None (or an empty text) for what cannot be meant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unicodedata import category

from imsearch.languages.letters import tidy

LONGEST_NAME = 100
"""Characters of a camera's or lens's name."""

# The plausible range of each number: sensors, lenses and clocks of today with room to spare.
ISO = (1, 10_000_000)
APERTURE = (0.1, 1024.0)
EXPOSURE = (1e-7, 604_800.0)
FOCAL_LENGTH = (0.1, 100_000.0)
RATING = (-1, 5)

Place = tuple[float, float]
"""Degrees: latitude, north positive, and longitude, east positive."""


@dataclass(slots=True)
class Said:
    """What one source says.

    taken_at: what the camera's clock showed.  utc_offset: minutes that clock was ahead of UTC.  changed_at: when the
    picture was last saved; the last resort for a date.  texts: pairs of a source of `imsearch.records.Text` and a text.
    tags: what annotators get as social tags; nearly always the keywords among the texts.
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
        """Add keywords, which are both texts and social tags."""
        self.texts += [("keyword", keyword) for keyword in keywords]
        self.tags += keywords


def plain(value: Any, most: int = LONGEST_NAME) -> str:
    """Printable text on one line; broken writers leave zero bytes, control characters and halves of emoji behind."""
    if not isinstance(value, str):
        return ""
    start = value[: 4 * most]  # so that ten megabytes cost nothing
    return tidy("".join(c if c.isprintable() or category(c) == "Cf" else " " for c in start))[:most].rstrip()


def number(value: Any, within: tuple[float, float]) -> float | None:
    """A finite number of a plausible size, from a number, a rational, ``"28/10"``, or the first of several."""
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
    """The same, rounded to a whole number."""
    found = number(value, within)
    return None if found is None else round(found)


def rounded(value: float | None) -> float | None:
    """Six significant digits: what a rational was meant to be, without the noise of dividing."""
    return None if value is None else float(f"{value:.6g}")


def place(latitude: float | None, longitude: float | None) -> Place | None:
    """A point on Earth; 0, 0 is what devices write that do not know where they are."""
    if latitude is None or longitude is None or not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    point = round(latitude, 6), round(longitude, 6)
    return point if abs(latitude) <= 90 and abs(longitude) <= 180 and point != (0, 0) else None


def device(make: str, model: str) -> str:
    """One name from two fields: many models repeat the make ("Canon", "Canon EOS 80D")."""
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def decoded(text: bytes, is_utf_8: bool = False) -> str:
    """UTF-8 where it is said or plausible, else Latin-1, in which every byte is a character."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("utf-8", "replace") if is_utf_8 else text.decode("latin-1")
