"""From the bytes of a file to an upright RGB picture, decoded no larger than its consumers need."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image, PngImagePlugin

from imsearch.errors import PictureError
from imsearch.pictures.formats import PIXELS, TEXTS, open_picture, png_without
from imsearch.pictures.formats import SUFFIXES as SUFFIXES
from imsearch.pictures.metadata.gather import Gathered, gather

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

MAX_PIXELS = 1 << 28
"""Pictures with more pixels (16,384 x 16,384) are refused: decoded they take gigabytes, however small the file is.
Phones and stitched panoramas reach 200 million."""

LARGE = 1 << 26
"""From this many pixels on, one picture at a time is decoded, so that many threads cannot add up to many gigabytes."""

LONGEST = 8
"""A side is kept at most this many times as long as asked for; only ribbons are longer, and lose their shape."""

one_large_picture = threading.Lock()

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture of this EXIF orientation is turned to stand upright; those that are not named here do."""


@dataclass(eq=False, slots=True)
class Picture:
    """One decoded picture; alive only while it is being annotated.

    `width` and `height` are those of the upright original.  `format` is Pillow's name (``"JPEG"``).  `gathered` holds
    all that was read beside the pixels, and `metadata` its facts as plain JSON; `social_tags` what people wrote about
    the picture, in lower case and each tag once, empty unless it was asked for.  `image` is upright, RGB, the first
    frame, transparency laid on white.  It is reduced: its shorter side is the size that was asked for, or the
    original's when that is smaller.
    """

    path: Path
    sha256: str
    width: int
    height: int
    format: str
    metadata: Mapping[str, Any]
    social_tags: tuple[str, ...]
    image: Image.Image
    gathered: Gathered = field(default_factory=Gathered)
    _arrays: dict[tuple[int, int], NDArray[uint8]] = field(default_factory=dict, repr=False)

    def array(self, width: int, height: int) -> NDArray[uint8]:
        """The whole picture squashed to a size, antialiased: uint8, shape ``(height, width, 3)``, read-only.

        Kept by size, so that several annotators share one.
        """
        size = (width, height)
        if size not in self._arrays:
            self._arrays[size] = np.asarray(self.image.resize(size, Image.Resampling.BICUBIC))
        return self._arrays[size]


def read_picture(
    path: Path,
    least_side: int,
    data: bytes | None = None,
    sha256: str | None = None,
    *,
    social_tags: bool = False,
    beside: bool = True,
) -> Picture:
    """Decode a file, or its bytes when they are already read.

    The picture keeps at least `least_side` pixels on both sides where the file has them.  JPEGs are decoded at the
    smallest of the scales 1, 1/2, 1/4, 1/8 that suffices, which costs a fraction of the whole.  Only with
    `social_tags` it looks for what people wrote, in the file and (unless `beside` says that there is nothing) beside
    it.  Raises PictureError with a plain reason.
    """
    if data is None:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PictureError(f"it cannot be opened: {error.strerror or error}") from error
    if not data:
        raise PictureError("it is empty")
    try:
        return _read(path, data, io.BytesIO(data), least_side, sha256, social_tags, beside)
    except PictureError:
        without_texts = png_without(io.BytesIO(data), TEXTS)
        if len(without_texts.read()) == len(data):
            raise
        without_texts.seek(0)
        picture = _read(path, data, without_texts, least_side, sha256, social_tags, beside)
    found = picture.gathered.telling(TEXTS_LEFT_OUT)
    return replace(picture, gathered=found, metadata=found.metadata())


TEXTS_LEFT_OUT = "XMP: the texts of the PNG are damaged or too long, and were left unread"


def _read(
    path: Path, data: bytes, file: BinaryIO, least_side: int, sha256: str | None, social_tags: bool, beside: bool
) -> Picture:
    """`read_picture` for a file whose bytes are `data`, decoded from `file`."""
    opened = open_picture(file)
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise PictureError(f"it has {width:,} x {height:,} pixels; more than {MAX_PIXELS:,} in all are refused")
    try:
        with opened, one_large_picture if width * height > LARGE else nullcontext():
            opened.draft(None, (least_side, least_side))  # None: keep the mode
            opened.load()
            # Only now: some formats (TIFF) are turned while they are loaded, and no longer say so afterwards.
            found = gather(path, opened, written=social_tags, beside=beside)
            image = _reduced_rgb(opened, least_side)
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise PictureError(f"it is damaged or cut short: {error or type(error).__name__}") from error
    if found.orientation in UPRIGHT:
        image = image.transpose(UPRIGHT[found.orientation])
    if found.orientation >= 5:
        width, height = height, width
    sha256 = sha256 or hashlib.sha256(data).hexdigest()
    metadata = found.metadata()
    return Picture(path, sha256, width, height, _kind(opened), metadata, found.social_tags, image, found)


def read_headers(path: Path, file: BinaryIO, *, beside: bool = True) -> Gathered:
    """What is said of a picture, without decoding it.  Raises PictureError.

    `file` is the picture itself, opened, and `path` where it lies.
    """
    problem = ""
    try:
        opened = open_picture(png_without(file, PIXELS))
    except PictureError:
        file.seek(0)
        opened = open_picture(png_without(file, (*PIXELS, *TEXTS)))
        problem = TEXTS_LEFT_OUT
    with opened:
        is_png = isinstance(opened, PngImagePlugin.PngImageFile)
        if is_png and not {"exif", "Raw profile type exif"}.intersection(opened.info):
            opened.info["exif"] = b""  # Pillow would decode the picture to look for it
        found = gather(path, opened, beside=beside)
    return found.telling(problem)


def _kind(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else image.format or ""  # MPO: a JPEG with more pictures behind it


def _reduced_rgb(image: Image.Image, least_side: int) -> Image.Image:
    image = resizable(image)
    shorter = min(image.size)
    kept = min(least_side, shorter)
    width, height = (min(-(-side * kept // shorter), LONGEST * least_side) for side in image.size)  # rounded up
    if (width, height) != image.size:
        # reducing_gap: shrink by whole factors first; as good to the eye and much faster on large pictures.
        image = image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)
    if image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def resizable(image: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be averaged: L, RGB, RGBA, CMYK or YCbCr, 8 bits a channel."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _eight_bits(image)
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK", "YCbCr"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey levels of 16 or 32 bits or floats; Pillow's own conversion would clip them at 255 and leave white."""
    levels = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray((levels >> 8).astype(np.uint8))
    levels = np.nan_to_num(levels.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(levels.min()), float(levels.max())
    for white in (1, 255, 65535) if image.mode == "F" else (255, 65535):  # the usual ranges
        if low >= 0 and high <= white:
            low, high = 0.0, float(white)
            break
    return Image.fromarray(((levels - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8))
