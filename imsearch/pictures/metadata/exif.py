"""EXIF: orientation, date, place and camera.

Nothing here is trusted: values that do not parse are left out.  Tag numbers are those of Exif 2.32; the ``XP`` tags are
written by Windows' file properties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from PIL import Image

from imsearch.pictures.metadata import fields as s
from imsearch.pictures.metadata.fields import Said
from imsearch.pictures.metadata.moments import moment, offset, offset_from_utc

DESCRIPTION, MAKE, MODEL, ORIENTATION, CHANGED_AT = 0x010E, 0x010F, 0x0110, 0x0112, 0x0132
RATING, XP_TITLE, XP_COMMENT, XP_KEYWORDS, XP_SUBJECT = 0x4746, 0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F
EXIF_IFD, EXPOSURE, APERTURE, ISO, SENSITIVITY, EXPOSURE_INDEX = 0x8769, 0x829A, 0x829D, 0x8827, 0x8831, 0x8832
TAKEN_AT, DIGITIZED_AT, CHANGED_OFFSET, TAKEN_OFFSET, DIGITIZED_OFFSET = 0x9003, 0x9004, 0x9010, 0x9011, 0x9012
SHUTTER_APEX, APERTURE_APEX, FOCAL_LENGTH, LENS_MAKE, LENS_MODEL = 0x9201, 0x9202, 0x920A, 0xA433, 0xA434
GPS_IFD, LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE, GPS_TIME, GPS_DATE = 0x8825, 1, 2, 3, 4, 7, 29

LONGEST_XP = 1 << 16
"""Bytes; Windows writes two per character."""

# Default descriptions that cameras and scanners write, in lower case.
_NO_DESCRIPTION = ("digital camera", "sony dsc", "exif_jpeg_picture", "dcim", "lead technologies", "samsung")
_NO_DESCRIPTION_WHOLE = frozenset(("default", "image", "picture", "untitled", "binary comment", "minolta dsc", "hdrpl"))


def read_exif(image: Image.Image) -> tuple[int, Said]:
    """Return the orientation (1 to 8, 1 is upright) of an opened picture, and its EXIF fields.

    Raises nearly anything for a damaged block.
    """
    exif = image.getexif()
    if not exif:
        return 1, Said()
    orientation = exif.get(ORIENTATION, 1)
    orientation = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
    details, gps = _directory(exif, EXIF_IFD), _directory(exif, GPS_IFD)
    said = Said(place=_place(gps), camera=s.device(s.plain(exif.get(MAKE)), s.plain(exif.get(MODEL))))
    _read_dates(said, exif, details, gps)
    _read_exposure(said, details)
    said.rating = s.whole(exif.get(RATING), s.RATING)
    _read_texts(said, exif)
    return orientation, said


def _directory(exif: Image.Exif, number: int) -> Mapping[int, Any]:
    """Return one of the directories that EXIF refers to; empty when it is damaged, so that the others can still be
    used.
    """
    try:
        return exif.get_ifd(number)
    except Exception:  # noqa: BLE001 - damaged directories raise nearly anything
        return {}


def _read_dates(said: Said, exif: Mapping[int, Any], details: Mapping[int, Any], gps: Mapping[int, Any]) -> None:
    """Read the first date present, and its offset from UTC."""
    for tag, zone in ((TAKEN_AT, TAKEN_OFFSET), (DIGITIZED_AT, DIGITIZED_OFFSET)):
        said.taken_at, own = moment(details.get(tag))
        if said.taken_at:
            said.utc_offset = own if own is not None else offset(details.get(zone))
            break
    said.changed_at, _ = moment(exif.get(CHANGED_AT))
    if said.taken_at and said.utc_offset is None and (utc := _gps_time(gps)):
        said.utc_offset = offset_from_utc(said.taken_at, utc)


def _gps_time(gps: Mapping[int, Any]) -> datetime | None:
    """Return GPS time, which is UTC."""
    day, _ = moment(gps.get(GPS_DATE))
    parts = _three(gps.get(GPS_TIME), (24, 60, 61))
    if not day or not parts or day.hour or day.minute:
        return None
    return day.replace(hour=int(parts[0]) % 24, minute=int(parts[1]) % 60, second=min(59, int(parts[2])))


def _read_exposure(said: Said, details: Mapping[int, Any]) -> None:
    said.lens = s.device(s.plain(details.get(LENS_MAKE)), s.plain(details.get(LENS_MODEL)))
    iso = s.whole(details.get(ISO), s.ISO)
    if iso is None or iso == 65535:  # the old field's maximum means "see the other fields"
        others = (s.whole(details.get(tag), s.ISO) for tag in (SENSITIVITY, EXPOSURE_INDEX))
        iso = next((other for other in others if other), iso)
    said.iso = iso
    said.aperture = s.rounded(s.number(details.get(APERTURE), s.APERTURE))
    if said.aperture is None and (apex := s.number(details.get(APERTURE_APEX), (0.01, 20))) is not None:
        said.aperture = round(2 ** (apex / 2), 1)
    said.exposure = s.rounded(s.number(details.get(EXPOSURE), s.EXPOSURE))
    if said.exposure is None and (apex := s.number(details.get(SHUTTER_APEX), (-19, 23))) is not None:
        said.exposure = s.rounded(2**-apex)
    said.focal_length = s.rounded(s.number(details.get(FOCAL_LENGTH), s.FOCAL_LENGTH))


def _read_texts(said: Said, exif: Mapping[int, Any]) -> None:
    title, subject, comment = (_windows_text(exif.get(tag)) for tag in (XP_TITLE, XP_SUBJECT, XP_COMMENT))
    description = _repaired(exif.get(DESCRIPTION))
    if is_boilerplate(description):
        description = ""
    said.texts += [("title", title), ("description", description), ("description", subject), ("description", comment)]
    said.keywords([keyword for keyword in _windows_text(exif.get(XP_KEYWORDS)).split(";") if keyword.strip()])


def is_boilerplate(description: str) -> bool:
    """Return True if a camera wrote this description by default."""
    text = s.plain(description).lower()
    return text in _NO_DESCRIPTION_WHOLE or text.startswith(_NO_DESCRIPTION) or text.endswith("digital camera")


def _repaired(value: Any) -> str:
    """Repair the encoding: EXIF text should be ASCII; Pillow reads it as Latin-1, most programs write UTF-8."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return ""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _windows_text(value: Any) -> str:
    """Decode zero-terminated UTF-16."""
    if isinstance(value, tuple) and all(isinstance(each, int) and 0 <= each < 256 for each in value[:LONGEST_XP]):
        value = bytes(value[:LONGEST_XP])
    if not isinstance(value, bytes):
        return ""
    return value[:LONGEST_XP].decode("utf-16-le", "replace").split("\0", 1)[0]


def _place(gps: Mapping[int, Any]) -> s.Place | None:
    return s.place(
        _degrees(gps.get(LATITUDE), gps.get(LATITUDE_REF), "S", 90),
        _degrees(gps.get(LONGITUDE), gps.get(LONGITUDE_REF), "W", 180),
    )


def _degrees(parts: Any, reference: Any, negative: str, limit: int) -> float | None:
    """Return degrees from (degrees, minutes, seconds), or None when they are missing or impossible."""
    found = _three(parts, (limit, 60, 60))
    if found is None:
        return None
    value = found[0] + found[1] / 60 + found[2] / 3600
    return -value if s.plain(reference).upper().startswith(negative) else value


def _three(parts: Any, limits: tuple[float, float, float]) -> list[float] | None:
    """Return three numbers between zero and their limits, or None."""
    if not isinstance(parts, Sequence) or isinstance(parts, (str, bytes)) or len(parts) != 3:
        return None
    found = [s.number(part, (0, limit)) for part, limit in zip(parts, limits, strict=True)]
    return None if None in found else [part for part in found if part is not None]
