"""Decode truncated or damaged files as far as possible, as browsers and galleries do."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image

from imsearch.errors import PictureError
from imsearch.pictures.formats import TEXTS, png_without

T = TypeVar("T")

LEAST_SHARE = 0.02
"""Minimum decoded share of a picture; with less it is refused."""

_PNG = b"\x89PNG\r\n\x1a\n"
_END_OF_JPEG = b"\xff\xd9"


def decode_as_far_as_possible(data: bytes, decode: Callable[[BinaryIO, str], T]) -> tuple[T, bool]:
    """Decode the bytes of a file, or as much of them as can be decoded.

    decode: called with a file and a description of its damage, empty for none.  Returns its result, and whether the
    texts of a PNG had to be left out.  Raises the PictureError of the first attempt when all fail.
    """
    first: PictureError | None = None
    for state, damaged, without_texts in _states(data):
        try:
            return decode(io.BytesIO(state), str(first) if damaged else ""), without_texts
        except PictureError as error:
            first = first or error
    assert first is not None
    raise first


def _states(data: bytes) -> Iterator[tuple[bytes, bool, bool]]:
    """Yield the file as it is, then mended; a PNG with and without texts, as Pillow refuses too many.  Best first."""
    yield data, False, False
    without_texts = png_without(io.BytesIO(data), TEXTS).read()
    if len(without_texts) < len(data):
        yield without_texts, False, True
    yield mended(data), True, False
    if len(without_texts) < len(data):
        yield mended(without_texts), True, True


def mended(data: bytes) -> bytes:
    """Return the bytes of a damaged file changed so that decoders get further; an intact file gives the same picture.

    JPEG: the end marker is appended, without which a progressive file shows nothing.  PNG: ancillary chunks with a
    wrong checksum are dropped, and the checksums of the others corrected.  WebP: extended to the length in its header.
    """
    if data.startswith(b"\xff\xd8"):
        return data + _END_OF_JPEG
    if data.startswith(_PNG):
        return b"".join(_png(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return data


def _png(data: bytes) -> Iterator[bytes]:
    yield _PNG
    at = len(_PNG)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        told = data[at + 8 + length : at + 12 + length]
        at += 12 + length
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        if len(body) == length and told != checksum and kind[0] & 32:  # lower case: ancillary
            continue
        yield struct.pack(">I4s", len(body), kind) + body + checksum
    yield b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


def _webp(data: bytes) -> bytes:
    """Pad with zeros: the WebP decoder takes a picture whole or not at all."""
    (length,) = struct.unpack_from("<I", data, 4)
    missing = length + 8 - len(data)
    return data + bytes(missing) if 0 < missing < 1 << 28 else data


def load_what_is_there(image: Image.Image, reason: str) -> str:
    """Decode an opened picture as far as possible; return a description of the damage to its pixels, empty for none.

    reason: why the file as it is cannot be decoded.  Missing rows are black, or all of one colour.
    """
    whole = "" if image.format == "PNG" else reason  # a mended PNG may have all its pixels
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, IndexError, EOFError, struct.error, zlib.error) as error:
        # Messages of Pillow's readers at the end of the data; what they decoded until then is in place.
        if getattr(image, "_im", None) is None:
            raise
        image.tile = []  # type: ignore[attr-defined]
        return f"it is damaged or cut short: {error or type(error).__name__}"
    return whole


def refuse_without_pixels(image: Image.Image, reason: str) -> None:
    """Raise PictureError when next to nothing of a damaged picture was decoded; `image` is that picture, reduced.

    The undecoded part is at its end, in rows of one colour.
    """
    rows = np.asarray(image.convert("RGB")).astype(np.int16)
    spread = (rows.max(axis=1) - rows.min(axis=1)).max(axis=1)
    there = np.flatnonzero(spread > 2)
    share = (int(there[-1]) + 1) / len(rows) if len(there) else 0.0
    if share < LEAST_SHARE:
        raise PictureError(reason)
