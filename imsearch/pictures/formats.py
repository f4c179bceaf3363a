"""Supported formats, and opening a file of one of them by reading no more than its headers."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from PIL import Image

from imsearch.errors import PictureError
from imsearch.pictures import raw

_JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo", ".jps", ".insp")
_JPEG_2000_SUFFIXES = (".jp2", ".j2k", ".jpf", ".jpx")
_HEIF_SUFFIXES = (".heic", ".heif", ".hif", ".heics", ".heifs", ".avif", ".avifs")
_OTHER_SUFFIXES = (".png", ".apng", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm")
_RAW_SUFFIXES = raw.RAW_SUFFIXES if raw.is_installed() else ()
SUFFIXES = frozenset((*_JPEG_SUFFIXES, *_JPEG_2000_SUFFIXES, *_HEIF_SUFFIXES, *_OTHER_SUFFIXES, *_RAW_SUFFIXES))
"""Files with these endings (in lower case) are treated as pictures; their content determines the format."""
DEVELOPED = frozenset((*_JPEG_SUFFIXES, *_HEIF_SUFFIXES))
"""Endings of the pictures that cameras write next to a raw file of the same name."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "HEIF", "BMP", "DIB", "JPEG2000", "PPM")
"""Pillow's names of the formats that are decoded.  Others, such as EPS, would run other programs on untrusted files."""

_NO_HEIF = "it is a HEIF picture; install the package pi-heif to read it"
_NO_PICTURE = "it is not a picture, or of a kind that is not supported"

Opener = Callable[[Any, str], Image.Image]

_loading = threading.Lock()


def open_picture(file: BinaryIO) -> Image.Image:
    """Open a file in the first of our formats that accepts its first bytes; raises `PictureError` with the reason.

    `Image.open` would do the same, but rejects large pictures by a limit that is global to the process and belongs to
    the host application; for the same reason HEIF is not registered with Pillow.
    """
    Image.init()
    reason = _NO_PICTURE
    start = file.read(16)
    file.seek(0)
    if raw.may_be_raw(start) and raw.is_raw(file):
        file.seek(0)
        return raw.RawImage(file)
    for name in FORMATS:
        factory, accepts = _heif(start) if name == "HEIF" else Image.OPEN.get(name, (None, None))
        file.seek(0)
        try:
            if factory is not None and (accepts is None or accepts(start) is True):
                opened = factory(file, "")
                if name == "TIFF":
                    _read_planes_right(opened)
                return opened
        except PictureError as error:
            reason = str(error)
        except (SyntaxError, IndexError, TypeError, KeyError, EOFError, struct.error) as error:
            # The ways in which Pillow's readers reject a file; if its first bytes match one format, no other is tried.
            if begins_like(name, start):
                reason = f"it is damaged or cut short: {error or type(error).__name__}"
        except Image.DecompressionBombError:  # raised by the WebP reader itself
            reason = "it has too many pixels"
        except Exception as error:  # noqa: BLE001 - told as the reason, unless another format takes the file
            reason = f"it is damaged or cut short: {error or type(error).__name__}"
    raise PictureError(reason)


_PLANAR = 284
"""The TIFF tag PlanarConfiguration; 2 means one plane per channel."""


def _read_planes_right(image: Any) -> None:
    """Correct the decoding of some TIFFs that Pillow would read as noise; raises PictureError for one that it cannot
    read.
    """
    bits = image.tag_v2.get(258) or (1,)
    planar = image.tag_v2.get(_PLANAR) == 2
    big = image.tag_v2.prefix == b"MM"
    if planar and len(bits) > 3 and any(tile.codec_name == "libtiff" for tile in image.tile):
        raise PictureError("its four colours lie in compressed planes of their own; save it with interleaved colours")
    for place, tile in enumerate(image.tile):
        raw = tile.args[0]
        if tile.codec_name == "libtiff":  # libtiff returns numbers in native byte order
            raw = "F;32NF" if image.mode == "F" else raw
        elif planar and max(bits) == 16 and image.mode in ("RGB", "RGBA"):
            raw = f"{raw};16{'B' if big else 'L'}"
        elif planar and image.mode == "F" and raw == "F":
            raw = "F;32BF" if big else "F;32F"
        elif planar and image.mode.startswith("I;16"):
            raw = "I;16B" if big else "I;16"
        image.tile[place] = tile._replace(args=(raw, *tile.args[1:]))


def begins_like(format: str, start: bytes) -> bool:
    """Return True if the first 16 bytes of a file match this format."""
    Image.init()
    if format == raw.FORMAT:
        return raw.may_be_raw(start)
    if format == "HEIF":
        return _heif_marked(start)
    _, accepts = Image.OPEN.get(format, (None, None))
    try:
        return accepts is not None and accepts(start) is True
    except struct.error:  # shorter than the signature
        return False


_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))


def _heif(start: bytes) -> tuple[Opener | None, None]:
    """Return the HEIF reader for files with its signature; its library is imported on first use."""
    if not _heif_marked(start):
        return None, None
    with _loading:
        try:
            from pi_heif import HeifImageFile
        except ImportError:
            return _refuse_heif, None
    return HeifImageFile, None


def _heif_marked(start: bytes) -> bool:
    return start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS


def _refuse_heif(file: Any, name: str) -> Image.Image:
    raise PictureError(_NO_HEIF)


PIXELS = (b"IDAT", b"fdAT")
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
"""PNG chunk types that hold text."""


def png_without(file: BinaryIO, kinds: Sequence[bytes]) -> BinaryIO:
    """Return the same file; a PNG without the chunks of these types.

    Dropping the pixels makes metadata fast to read: Pillow reads what follows the pixels only after decoding them.
    Dropping the texts makes a PNG readable that Pillow rejects because its texts are too long.
    """
    kept = [file.read(8)]
    if kept[0] != b"\x89PNG\r\n\x1a\n":
        file.seek(0)
        return file
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in kinds:
            file.seek(length + 4, io.SEEK_CUR)
        else:
            kept += (head, file.read(length + 4))
    return io.BytesIO(b"".join(kept))
