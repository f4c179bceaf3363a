"""Raw files as cameras write them: DNG, the only kind whose form is public."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tests.make_pictures import encoded

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL = 1, 2, 3, 4, 5, 7, 10
_CODES = {BYTE: "B", ASCII: "s", SHORT: "H", LONG: "I", RATIONAL: "II", UNDEFINED: "s", SRATIONAL: "ii"}
Entries = Mapping[int, tuple[int, Sequence[object] | bytes]]

MAKE, MODEL, ORIENTATION, DATE, XMP, SUB_IFDS, EXIF_IFD, GPS_IFD = 271, 272, 274, 306, 700, 330, 34665, 34853
EXIF: Entries = {
    33434: (RATIONAL, [(1, 250)]),
    34855: (SHORT, [400]),
    36867: (ASCII, b"2021:05:04 03:02:01\0"),
    36881: (ASCII, b"+02:00\0"),
    37386: (RATIONAL, [(50, 1)]),
    42036: (ASCII, b"Lens of glass\0"),
}
"""Exposure, ISO, when it was taken, focal length, lens."""
GPS: Entries = {
    1: (ASCII, b"N\0"),
    2: (RATIONAL, [(48, 1), (30, 1), (0, 1)]),
    3: (ASCII, b"E\0"),
    4: (RATIONAL, [(11, 1), (15, 1), (0, 1)]),
}


def dng(
    path: Path,
    image: Image.Image,
    preview: bytes | tuple[int, int] | None = (600, 450),
    orientation: int = 1,
    more: Entries | None = None,
) -> Path:
    """A DNG of what the sensor saw, as it lies, with date, camera, exposure and place in it.

    preview: the embedded JPEG, or the size of one to make, or none.  more: further tags.
    """
    if isinstance(preview, tuple):
        preview = encoded(image.resize(preview), "JPEG", quality=90)
    size = image.size
    sensor = _mosaic(image)
    writer = _Writer()
    raw = writer.directory({
        254: (LONG, [0]), 256: (LONG, [size[0]]), 257: (LONG, [size[1]]), 258: (SHORT, [16]), 259: (SHORT, [1]),
        262: (SHORT, [32803]), 273: (LONG, [writer.block(sensor)]), 277: (SHORT, [1]), 278: (LONG, [size[1]]),
        279: (LONG, [len(sensor)]), 284: (SHORT, [1]), 33421: (SHORT, [2, 2]), 33422: (BYTE, [0, 1, 1, 2]),
        50717: (SHORT, [65535]),
    })  # fmt: skip
    inside = [raw]
    if preview is not None:
        width, height = Image.open(io.BytesIO(preview)).size
        inside.append(
            writer.directory({
                254: (LONG, [1]), 256: (LONG, [width]), 257: (LONG, [height]), 258: (SHORT, [8, 8, 8]),
                259: (SHORT, [7]),
                262: (SHORT, [6]), 273: (LONG, [writer.block(preview)]), 277: (SHORT, [3]), 278: (LONG, [height]),
                279: (LONG, [len(preview)]), 284: (SHORT, [1]),
            })
        )  # fmt: skip
    thumbnail = image.resize((32, 24)).tobytes()
    first = writer.directory({
        254: (LONG, [1]), 256: (LONG, [32]), 257: (LONG, [24]), 258: (SHORT, [8, 8, 8]), 259: (SHORT, [1]),
        262: (SHORT, [2]), MAKE: (ASCII, b"Acme\0"), MODEL: (ASCII, b"Acme Click 3\0"),
        273: (LONG, [writer.block(thumbnail)]), ORIENTATION: (SHORT, [orientation]), 277: (SHORT, [3]),
        278: (LONG, [24]), 279: (LONG, [len(thumbnail)]), DATE: (ASCII, b"2022:01:01 00:00:00\0"),
        SUB_IFDS: (LONG, inside), EXIF_IFD: (LONG, [writer.directory(EXIF)]), GPS_IFD: (LONG, [writer.directory(GPS)]),
        50706: (BYTE, [1, 4, 0, 0]), 50708: (ASCII, b"Acme Click 3\0"),
        50721: (SRATIONAL, [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]),
        50728: (RATIONAL, [(1, 1)] * 3), 50778: (SHORT, [21]), **(more or {}),
    })  # fmt: skip
    path.write_bytes(writer.file(first))
    return path


def _mosaic(image: Image.Image) -> bytes:
    """What the sensor saw: each pixel through a red, a green or a blue filter, in linear light."""
    linear = (np.asarray(image) / 255.0) ** 2.2
    seen = linear[:, :, 1].copy()
    seen[::2, ::2], seen[1::2, 1::2] = linear[::2, ::2, 0], linear[1::2, 1::2, 2]
    return (seen * 65535).astype("<u2").tobytes()


class _Writer:
    """Lays blocks and directories one behind the other."""

    def __init__(self) -> None:
        self._parts = bytearray(8)

    def block(self, data: bytes) -> int:
        """Adds bytes at an even place, and returns it."""
        self._parts += bytes(len(self._parts) % 2)
        place = len(self._parts)
        self._parts += data
        return place

    def directory(self, entries: Entries) -> int:
        """Adds a directory whose values that are longer than four bytes lie before it."""
        packed = []
        for tag, (kind, values) in sorted(entries.items()):
            data, count = _packed(kind, values)
            field = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", self.block(data))
            packed.append(struct.pack("<HHI", tag, kind, count) + field)
        return self.block(struct.pack("<H", len(packed)) + b"".join(packed) + bytes(4))

    def file(self, first: int) -> bytes:
        """The whole, which begins with that directory."""
        self._parts[:8] = struct.pack("<2sHI", b"II", 42, first)
        return bytes(self._parts)


def _packed(kind: int, values: Sequence[object] | bytes) -> tuple[bytes, int]:
    if isinstance(values, bytes):
        return values, len(values)
    flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    code = _CODES[kind][0]
    return struct.pack(f"<{len(flat)}{code}", *flat), len(values)
