"""XMP, in a picture or in a sidecar file: what people wrote about it, and a copy of its camera data.

Only the properties in use are looked up, in the packet's own descriptions; those of ingredient pictures, which editors
embed, do not describe this picture.  Names are those of ISO 16684-1 and of the schemas it refers to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from PIL import Image

from imsearch.pictures.metadata import fields as s
from imsearch.pictures.metadata.fields import Said
from imsearch.pictures.metadata.moments import moment
from imsearch.pictures.metadata.packet import LARGEST as LARGEST
from imsearch.pictures.metadata.packet import Packet, name_of

_DATES = ("exif:DateTimeOriginal", "photoshop:DateCreated", "exif:DateTimeDigitized", "xmp:CreateDate")
_HIERARCHIES = (
    ("lr:hierarchicalSubject", "|"), ("digiKam:TagsList", "/"), ("MicrosoftPhoto:LastKeywordXMP", "/"),
    ("MicrosoftPhoto:LastKeywordIPTC", "/"), ("mediapro:CatalogSets", "|"), ("acdsee:keywords", "|"),
)  # fmt: skip
"""Properties with hierarchical keywords, and their level separators; ``|`` separates levels in all of them."""
_PERCENT = ((99, 5), (75, 4), (50, 3), (25, 2), (1, 1))
"""Microsoft's minimum percentage for each number of stars."""

_NUMBER = r"[+-]?\d{1,3}(?:\.\d+)?"
_MARK = r"\s*(?:,|°|deg|\s|['\u2032]|\")\s*"
_COORDINATE = re.compile(
    rf"(?P<before>[NSEW])?\s*(?P<degrees>{_NUMBER})(?:{_MARK}(?P<minutes>\d{{1,2}}(?:\.\d+)?)"
    rf"(?:{_MARK}(?P<seconds>\d{{1,2}}(?:\.\d+)?))?)?(?:\s*(?:°|deg|['\u2032\u2033]|\"))?\s*(?P<after>[NSEW])?",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"([+-]?\d{1,3}),(\d{3,})")


def read_own_xmp(image: Image.Image) -> Said:
    """Read the XMP packet inside an opened picture; raises `ValueError` as `read_xmp` does."""
    xmp = image.info.get("xmp", b"")
    return read_xmp(xmp.encode() if isinstance(xmp, str) else bytes(xmp))


def read_xmp(data: bytes) -> Said:
    """Return the fields of a packet; empty for no packet.  Raises `XmlError`."""
    if not data.strip(b"\0 \r\n\t"):
        return Said()
    packet = Packet(data)
    said = Said(place=_place(packet), rating=_rating(packet))
    said.taken_at, said.utc_offset = _moment(packet)
    said.camera = s.device(s.plain(packet.value("tiff:Make")), s.plain(packet.value("tiff:Model")))
    said.lens = s.plain(packet.value("exifEX:LensModel", "aux:Lens"))
    said.iso = s.whole(packet.value("exifEX:PhotographicSensitivity", "exif:ISOSpeedRatings"), s.ISO)
    said.aperture = s.rounded(s.number(packet.value("exif:FNumber"), s.APERTURE))
    said.exposure = s.rounded(s.number(packet.value("exif:ExposureTime"), s.EXPOSURE))
    said.focal_length = s.rounded(s.number(packet.value("exif:FocalLength"), s.FOCAL_LENGTH))
    said.texts.append(("title", packet.value("dc:title", "photoshop:Headline")))
    said.texts.append(("description", packet.value("dc:description")))
    said.keywords(_keywords(packet))
    return said


def _rating(packet: Packet) -> int | None:
    """Return XMP's star rating, else Microsoft's."""
    stars = s.whole(packet.value("xmp:Rating"), s.RATING)
    if stars is None and (percent := s.whole(packet.value("MicrosoftPhoto:Rating"), (0, 100))) is not None:
        return next((number for least, number in _PERCENT if percent >= least), 0)
    return stars


def _keywords(packet: Packet) -> list[str]:
    """Return subjects, each level of the hierarchical ones, and the names of people."""
    found = [level for subject in packet.values("dc:subject") for level in subject.split("|")]
    for name, between in _HIERARCHIES:
        for way in packet.values(name):
            found += way.split("|" if "|" in way else between)
    return [*found, *packet.values("Iptc4xmpExt:PersonInImage"), *_faces(packet)]


def _faces(packet: Packet) -> Iterator[str]:
    """Yield the names of face regions."""
    for regions in (*packet.elements("mwg-rs:Regions"), *packet.elements("MP:RegionInfo")):
        for region in regions.iter():
            said = {name_of(key): value for key, value in region.attrib.items()}
            said |= {name_of(part.tag): part.text or "" for part in region if not len(part)}
            if said.get("mwg-rs:Type") == "Face":
                yield said.get("mwg-rs:Name", "")
            elif name := said.get("MPReg:PersonDisplayName"):
                yield name


def _moment(packet: Packet) -> tuple[datetime | None, int | None]:
    for name in _DATES:
        found, offset = moment(packet.value(name))
        if found:
            return found, offset
    return None, None


def _place(packet: Packet) -> s.Place | None:
    def one(name: str, letters: str) -> float | None:
        return _coordinate(packet.value(name), letters, packet.value(f"{name}Ref"))

    return s.place(one("exif:GPSLatitude", "NS"), one("exif:GPSLongitude", "EW"))


def _coordinate(text: str, letters: str, reference: str = "") -> float | None:
    """Return degrees from ``33,51.4S``, ``33,51,24S``, ``-33.8567`` and the like."""
    text = s.plain(text)
    if comma := _DECIMAL_COMMA.fullmatch(text):
        text = f"{comma[1]}.{comma[2]}"
    found = _COORDINATE.fullmatch(text)
    if not found:
        return None
    letter = (found["after"] or found["before"] or s.plain(reference)[:1]).upper()
    degrees, minutes, seconds = (float(found[name] or 0) for name in ("degrees", "minutes", "seconds"))
    if (letter and letter not in letters) or minutes >= 60 or seconds >= 60:
        return None
    value = abs(degrees) + minutes / 60 + seconds / 3600
    return -value if letter == letters[1] or found["degrees"].startswith("-") else value
