"""The metadata formats that are read: a new format is a file with its reader, and a line here.

EXIF is not among them: `gather` reads it first, since it alone holds the orientation of a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PIL import Image

from imsearch.pictures.metadata.fields import Said
from imsearch.pictures.metadata.iptc import read_iptc
from imsearch.pictures.metadata.sidecars import read_takeout, read_text
from imsearch.pictures.metadata.xmp import read_own_xmp, read_xmp

INSIDE: Mapping[str, Callable[[Image.Image], Said]] = {"XMP": read_own_xmp, "IPTC": read_iptc}
"""Formats inside the picture's file by name, in order of precedence."""

BESIDE: Mapping[str, Callable[[bytes], Said]] = {".xmp": read_xmp, ".txt": read_text, ".json": read_takeout}
"""Sidecar formats by file name ending, in order of precedence; each reader gets the whole file.

``beach.jpg`` is described by ``beach.jpg.xmp`` or ``beach.xmp``; Takeout names its JSON files by rules of its own.
"""
