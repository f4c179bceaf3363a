"""A few facts from a picture's EXIF: which way is up, when and where it was taken, and with what.

EXIF comes from cameras, editors and broken tools alike, so nothing here is trusted: what does not parse is left out,
and what breaks the parser altogether is told under the key ``exif_problem``.  Tag numbers are those of Exif 2.32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from PIL import Image

ORIENTATION, MAKE, MODEL, CHANGED_AT = 0x0112, 0x010F, 0x0110, 0x0132
EXIF_IFD, TAKEN_AT, DIGITIZED_AT = 0x8769, 0x9003, 0x9004
GPS_IFD, LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE = 0x8825, 1, 2, 3, 4


def read_exif(image: Image.Image) -> tuple[int, dict[str, Any]]:
    """The orientation (1 to 8, 1 is upright) and the facts of an opened picture.

    The facts can be written as JSON; each is there only when the file states it: ``taken_at`` (ISO 8601 without a
    time zone), ``camera``, ``gps`` (latitude and longitude in degrees, north and east positive).
    """
    try:
        exif = image.getexif()
        orientation = exif.get(ORIENTATION, 1)
        facts: dict[str, Any] = {}
        if exif:
            facts = _facts(exif, exif.get_ifd(EXIF_IFD), exif.get_ifd(GPS_IFD))
    except Exception as error:  # noqa: BLE001 - a damaged EXIF block raises nearly anything, and must not stop a picture
        return 1, {"exif_problem": f"{type(error).__name__}: {error}"}
    return orientation if orientation in range(1, 9) else 1, facts


def _facts(exif: Mapping[int, Any], details: Mapping[int, Any], gps: Mapping[int, Any]) -> dict[str, Any]:
    moments = (details.get(TAKEN_AT), details.get(DIGITIZED_AT), exif.get(CHANGED_AT))
    facts = {
        "taken_at": next(filter(None, map(_moment, moments)), None),
        "camera": _camera(_text(exif.get(MAKE)), _text(exif.get(MODEL))),
        "gps": _place(gps),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _text(value: Any) -> str:
    """Printable text, at most 100 characters; broken writers leave zero bytes and control characters behind."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())[:100]


def _moment(value: Any) -> str | None:
    try:
        return datetime.strptime(_text(value)[:19], "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:  # also "0000:00:00 00:00:00", which cameras with an unset clock write
        return None


def _camera(make: str, model: str) -> str:
    """One name from two fields: many models repeat the make ("Canon", "Canon EOS 80D")."""
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def _place(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    latitude = _degrees(gps.get(LATITUDE), gps.get(LATITUDE_REF), "S", 90)
    longitude = _degrees(gps.get(LONGITUDE), gps.get(LONGITUDE_REF), "W", 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(parts: Any, reference: Any, negative: str, limit: int) -> float | None:
    """Degrees from (degrees, minutes, seconds), or None when they are missing or impossible."""
    if not isinstance(parts, Sequence) or len(parts) != 3:
        return None
    try:
        value = float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not 0 <= value <= limit:  # false for NaN too, which is how Pillow reads 0/0
        return None
    return round(-value if _text(reference).upper() == negative else value, 6)
