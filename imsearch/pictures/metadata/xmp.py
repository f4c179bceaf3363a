"""XMP, inside a picture or in a file beside it: what people wrote of it, and a copy of what the camera said.

Only the properties that are used are looked for, in the packet's own descriptions; those of other pictures, which
editors carry along inside, are not this picture's.  Names are those of ISO 16684-1 and of the schemas they lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from imsearch.pictures.metadata import fields as s
from imsearch.pictures.metadata.fields import Said
from imsearch.pictures.metadata.plain_xml import XmlError, parse_xml

LARGEST = 1 << 22
"""In bytes; editors leave some megabytes of history behind, and no picture needs more words."""

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"
_EXIF = "{http://ns.adobe.com/exif/1.0/}"
_EXIF_EX = "{http://cipa.jp/exif/1.0/}"
_TIFF = "{http://ns.adobe.com/tiff/1.0/}"
_AUX = "{http://ns.adobe.com/exif/1.0/aux/}"
_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_LIGHTROOM = "{http://ns.adobe.com/lightroom/1.0/}"
_IPTC_EXT = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
_REGIONS = "{http://www.metadataworkinggroup.com/schemas/regions/}"

_DATES = (f"{_EXIF}DateTimeOriginal", f"{_PHOTOSHOP}DateCreated", f"{_EXIF}DateTimeDigitized", f"{_XMP}CreateDate")
_COORDINATE = re.compile(r"(\d{1,3})(?:,(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?)?([NSEW])", re.IGNORECASE)


class Packet:
    """The properties of an XMP packet."""

    def __init__(self, data: bytes) -> None:
        """Raises `XmlError` when it is damaged or too large."""
        if len(data) > LARGEST:
            raise XmlError(f"it has {len(data):,} bytes; more than {LARGEST:,} are left unread")
        root = parse_xml(data)
        rdf = root if root.tag == f"{_RDF}RDF" else root.find(f".//{_RDF}RDF")
        self._descriptions = [] if rdf is None else list(rdf)

    def elements(self, name: str) -> Iterator[Element]:
        """The properties of this name that are written as elements."""
        for description in self._descriptions:
            yield from description.findall(name)

    def values(self, name: str) -> list[str]:
        """The values of a property: one, or the items of a list."""
        found = [value for description in self._descriptions if (value := description.get(name)) is not None]
        for element in self.elements(name):
            items = [item.text or "" for item in element.iter(f"{_RDF}li")]
            found += items or [element.text or ""]
        return found

    def value(self, *names: str) -> str:
        """The first value that is not empty; of one in several languages the default."""
        for name in names:
            for element in self.elements(name):
                for item in element.iter(f"{_RDF}li"):
                    if item.get("{http://www.w3.org/XML/1998/namespace}lang") == "x-default" and item.text:
                        return item.text
            for value in self.values(name):
                if value.strip():
                    return value
        return ""


def read_xmp(data: bytes) -> Said:
    """What a packet says; empty for no packet.  Raises `XmlError`."""
    data = data.strip(b"\0 \r\n\t")
    if not data:
        return Said()
    packet = Packet(data)
    said = Said(place=_place(packet), rating=s.whole(packet.value(f"{_XMP}Rating"), s.RATING))
    said.taken_at, said.utc_offset = _moment(packet)
    make, model = s.plain(packet.value(f"{_TIFF}Make")), s.plain(packet.value(f"{_TIFF}Model"))
    said.camera = s.device(make, model)
    said.lens = s.plain(packet.value(f"{_EXIF_EX}LensModel", f"{_AUX}Lens"))
    said.iso = s.whole(packet.value(f"{_EXIF_EX}PhotographicSensitivity", f"{_EXIF}ISOSpeedRatings"), s.ISO)
    said.aperture = s.rounded(s.number(packet.value(f"{_EXIF}FNumber"), s.APERTURE))
    said.exposure = s.rounded(s.number(packet.value(f"{_EXIF}ExposureTime"), s.EXPOSURE))
    said.focal_length = s.rounded(s.number(packet.value(f"{_EXIF}FocalLength"), s.FOCAL_LENGTH))
    said.texts.append(("title", packet.value(f"{_DC}title", f"{_PHOTOSHOP}Headline")))
    said.texts.append(("description", packet.value(f"{_DC}description")))
    said.keywords(_keywords(packet))
    return said


def _keywords(packet: Packet) -> list[str]:
    """Subjects, each level of the hierarchical ones, and the people that are named."""
    levels = [level for subject in packet.values(f"{_LIGHTROOM}hierarchicalSubject") for level in subject.split("|")]
    return [*packet.values(f"{_DC}subject"), *levels, *packet.values(f"{_IPTC_EXT}PersonInImage"), *_faces(packet)]


def _faces(packet: Packet) -> Iterator[str]:
    """The names on the frames that photo programs draw around faces."""
    for regions in packet.elements(f"{_REGIONS}Regions"):
        for region in regions.iter():
            kind = region.get(f"{_REGIONS}Type") or region.findtext(f"{_REGIONS}Type")
            if kind == "Face":
                yield region.get(f"{_REGIONS}Name") or region.findtext(f"{_REGIONS}Name") or ""


def _moment(packet: Packet) -> tuple[datetime | None, int | None]:
    for name in _DATES:
        found, offset = s.moment(packet.value(name))
        if found:
            return found, offset
    return None, None


def _place(packet: Packet) -> s.Place | None:
    return s.place(
        _coordinate(packet.value(f"{_EXIF}GPSLatitude"), "NS"), _coordinate(packet.value(f"{_EXIF}GPSLongitude"), "EW")
    )


def _coordinate(text: str, letters: str) -> float | None:
    """``33,51.4S`` or ``33,51,24S``: degrees, minutes, seconds."""
    found = _COORDINATE.fullmatch(s.plain(text))
    if not found or found[4].upper() not in letters:
        return None
    minutes, seconds = float(found[2] or 0), float(found[3] or 0)
    value = int(found[1]) + minutes / 60 + seconds / 3600
    return -value if found[4].upper() == letters[1] else value
