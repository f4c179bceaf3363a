"""The properties of an XMP packet, read leniently."""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from imsearch.pictures.metadata.plain_xml import DocumentTypeError, XmlError, parse_xml

LARGEST = 1 << 22
"""Bytes; editors leave some megabytes of history behind, and no picture needs more."""

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xap": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "MP": "http://ns.microsoft.com/photo/1.2/",
    "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
    "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#",
    "mediapro": "http://ns.iview-multimedia.com/mediapro/1.0/",
    "acdsee": "http://ns.acdsee.com/iptc/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
}
"""The schemas that are read, by their customary prefixes."""

_PREFIXES = {space.rstrip("/#"): prefix for prefix, space in NAMESPACES.items() if prefix != "xap"}
_OPENING = re.compile(r"<(?:[\w.-]{1,50}:)?(xmpmeta|xapmeta|RDF)\b")
_NO_CHARACTER = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]"
    "|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));",
    re.IGNORECASE,
)
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")


class Packet:
    """The properties of an XMP packet, by names like ``dc:subject``, whatever prefixes the packet itself uses."""

    def __init__(self, data: bytes) -> None:
        """Parse a packet.  Raises `XmlError` when it is too large or cannot be repaired."""
        if len(data) > LARGEST:
            raise XmlError(f"it has {len(data):,} bytes; more than {LARGEST:,} are left unread")
        root = _parsed(data)
        rdf = next(root.iter(f"{{{NAMESPACES['rdf']}}}RDF"), None)
        self._attributes: defaultdict[str, list[str]] = defaultdict(list)
        self._elements: defaultdict[str, list[Element]] = defaultdict(list)
        for description in () if rdf is None else rdf:
            for key, value in description.attrib.items():
                self._attributes[name_of(key)].append(value)
            for element in description:
                self._elements[name_of(element.tag)].append(element)

    def elements(self, name: str) -> list[Element]:
        """Return the properties of this name that are written as elements."""
        return self._elements.get(name, [])

    def values(self, name: str) -> list[str]:
        """Return the values of a property: one, or the items of a list."""
        found = list(self._attributes.get(name, ()))
        for element in self.elements(name):
            items = [item.text or "" for item in _items(element)]
            found += items or [element.text or ""]
        return found

    def value(self, *names: str) -> str:
        """Return the first value that is not empty; for a value in several languages, the default one."""
        for name in names:
            for element in self.elements(name):
                for item in _items(element):
                    if item.get("{http://www.w3.org/XML/1998/namespace}lang") == "x-default" and item.text:
                        return item.text
            for value in self.values(name):
                if value.strip():
                    return value
        return ""


def _items(element: Element) -> Iterator[Element]:
    return element.iter(f"{{{NAMESPACES['rdf']}}}li")


def name_of(tag: str) -> str:
    """Return ``dc:subject`` for a qualified name; some programs leave out the end of a namespace."""
    space, brace, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    prefix = _PREFIXES.get(space.rstrip("/#"), "")
    return f"{prefix}:{local}" if brace and prefix else tag


def _parsed(data: bytes) -> Element:
    """Return the root element, repairing the packet if it is not well-formed.

    Repairs cover common mistakes: text around the packet, a lone ``&``, control characters, and an encoding other than
    the declared one.
    """
    text = _decoded(data)
    try:
        if text is None:
            return parse_xml(data.strip(b"\0 \r\n\t"), prefixes=NAMESPACES)
        return parse_xml(text.strip("\0 \r\n\t").encode("utf-8", "replace"), "utf-8", NAMESPACES)
    except DocumentTypeError:
        raise
    except XmlError:
        mended = _mended(_any_text(data) if text is None else text)
        if mended is None:
            raise
        return parse_xml(mended.encode("utf-8", "replace"), "utf-8", NAMESPACES)


_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


def _decoded(data: bytes) -> str | None:
    """Return the text of a packet in UTF-16 or UTF-32, with or without a byte-order mark; None for any other."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    at = len(data) - len(data.lstrip(b" \r\n\t\0"))
    for encoding, width, before in (("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1)):
        first = data[max(0, at - before) :][:width]
        if at % width == before and first == "<".encode(encoding):
            return data[at - before :].decode(encoding, "replace")
    return None


def _any_text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _mended(text: str) -> str | None:
    """Return the bare packet, without characters that XML forbids; None when there is no complete packet."""
    opening = _OPENING.search(text)
    end = text.rfind(f"{opening[1]}>") if opening else -1
    if not opening or end <= opening.end():
        return None
    packet = text[opening.start() : end + len(opening[1]) + 1]
    return _BARE_AMPERSAND.sub("&amp;", _NO_CHARACTER.sub(" ", packet))
