"""Which formats are read, and opening a file of one of them without asking more of it than its headers."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from PIL import Image

from imsearch.errors import PictureError

_JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo", ".jps", ".insp")
_JPEG_2000_SUFFIXES = (".jp2", ".j2k", ".jpf", ".jpx")
_HEIF_SUFFIXES = (".heic", ".heif", ".hif", ".heics", ".heifs", ".avif", ".avifs")
_OTHER_SUFFIXES = (".png", ".apng", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm")
SUFFIXES = frozenset((*_JPEG_SUFFIXES, *_JPEG_2000_SUFFIXES, *_HEIF_SUFFIXES, *_OTHER_SUFFIXES))
"""Names with these endings (in lower case) are taken for pictures; their content decides what they are."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "HEIF", "BMP", "DIB", "JPEG2000", "PPM")
"""What is decoded: Pillow's names.  Others, such as EPS, would start further programs on files of strangers."""

_NO_HEIF = "it is a HEIF picture; install the package pi-heif to read it"
_NO_PICTURE = "it is not a picture, or of a kind that is not supported"

Opener = Callable[[Any, str], Image.Image]

_loading = threading.Lock()


def open_picture(file: BinaryIO) -> Image.Image:
    """Open with the first of our formats that accepts the file's first bytes; raises `PictureError` with the reason.

    `Image.open` would do the same, but refuses large pictures by a limit that is one global for the whole process and
    belongs to the host; for the same reason HEIF is not registered with Pillow.
    """
    Image.init()
    reason = _NO_PICTURE
    start = file.read(16)
    for name in FORMATS:
        factory, accepts = _heif(start) if name == "HEIF" else Image.OPEN.get(name, (None, None))
        file.seek(0)
        try:
            if factory is not None and (accepts is None or accepts(start) is True):
                return factory(file, "")
        except PictureError as error:
            reason = str(error)
        except (SyntaxError, IndexError, TypeError, KeyError, EOFError, struct.error) as error:
            # How Pillow's readers say "not mine"; what is marked as HEIF is nobody else's.
            if name == "HEIF":
                reason = f"it is damaged or cut short: {error or type(error).__name__}"
        except Image.DecompressionBombError:  # raised by WebP's reader itself
            reason = "it has too many pixels"
        except Exception as error:  # noqa: BLE001 - told as the reason, unless another format takes the file
            reason = f"it is damaged or cut short: {error or type(error).__name__}"
    raise PictureError(reason)


def begins_like(format: str, start: bytes) -> bool:
    """Whether the first 16 bytes of a file are those of this format."""
    Image.init()
    if format == "HEIF":
        return _heif_marked(start)
    _, accepts = Image.OPEN.get(format, (None, None))
    return accepts is not None and accepts(start) is True


_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))


def _heif(start: bytes) -> tuple[Opener | None, None]:
    """The reader of HEIF for files that begin like one; its library is loaded by the first of them."""
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
"""Kinds of chunks of a PNG."""


def png_without(file: BinaryIO, kinds: Sequence[bytes]) -> BinaryIO:
    """The same file; of a PNG without the chunks of these kinds.

    Without pixels its metadata can be read quickly: Pillow reads what lies behind the pixels only when it has decoded
    them.  Without texts it can be read where Pillow refuses a PNG because its texts are too long.
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
