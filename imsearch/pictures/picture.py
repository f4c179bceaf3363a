"""Decode a file to an upright RGB picture, no larger than its consumers need."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image, PngImagePlugin

from imsearch.errors import PictureError
from imsearch.pictures.budget import IN_PROCESS, Holding, decoded_bytes, refuse_many_scans, refuse_pixels
from imsearch.pictures.budget import MAX_PIXELS as MAX_PIXELS
from imsearch.pictures.colour import in_srgb
from imsearch.pictures.damaged import decode_as_far_as_possible, load_what_is_there, mended, refuse_without_pixels
from imsearch.pictures.formats import PIXELS, TEXTS, open_picture, png_without
from imsearch.pictures.formats import SUFFIXES as SUFFIXES
from imsearch.pictures.metadata.gather import LONGEST_PROBLEM, Gathered, gather
from imsearch.pictures.reduce import reduced
from imsearch.pictures.scale import choose_scale, forget_scale

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

LONGEST = 8
"""Maximum length of a side as a multiple of the requested size; only ribbons exceed it, and are distorted."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition that makes a picture of this EXIF orientation upright; other orientations need none."""


@dataclass(eq=False, slots=True)
class Picture:
    """One decoded picture; alive only while it is being annotated.

    `width` and `height` are those of the upright original.  `format` is Pillow's name (``"JPEG"``).  `gathered` holds
    everything read besides the pixels, and `metadata` its facts as plain JSON; `social_tags` what people wrote about
    the picture, in lower case and without repeats, empty unless requested.  `image` is upright, RGB, the first
    frame, with transparency composited on white.  It is reduced: its shorter side is the requested size, or the
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
        """Return the whole picture squashed to a size, antialiased: uint8, shape ``(height, width, 3)``, read-only.

        Cached by size, so that several annotators share one.
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
    budget: Holding = IN_PROCESS,
) -> Picture:
    """Decode a file, or its bytes when they are already read.

    The picture keeps at least `least_side` pixels on both sides where the file has them.  JPEGs are decoded at the
    smallest of the scales 1, 1/2, 1/4, 1/8 that suffices, which costs a fraction of a full decode.  Only with
    `social_tags` does it read what people wrote, in the file and (unless `beside` says that there is nothing) next to
    it.  A truncated or damaged file is decoded as far as possible, and `gathered` describes the damage.  `budget`
    supplies the memory for decoding.  Raises PictureError with a plain reason.
    """
    if data is None:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PictureError(f"it cannot be opened: {error.strerror or error}") from error
    if not data:
        raise PictureError("it is empty")
    reader = _Reader(path, data, least_side, sha256, social_tags, beside, budget)
    picture, without_texts = decode_as_far_as_possible(data, reader.read)
    if not without_texts:
        return picture
    found = picture.gathered.telling(TEXTS_LEFT_OUT)
    return replace(picture, gathered=found, metadata=found.metadata())


def read_open_picture(
    path: Path, file: BinaryIO, least_side: int, sha256: str, *, beside: bool, budget: Holding = IN_PROCESS
) -> Picture:
    """`read_picture` for an opened file, with all its metadata; a damaged file is refused."""
    return _Reader(path, b"", least_side, sha256, True, beside, budget).read(file, "")


TEXTS_LEFT_OUT = "XMP: the texts of the PNG are damaged or too long, and were left unread"


@dataclass(frozen=True, slots=True)
class _Reader:
    """`read_picture` for a file whose bytes are `data`."""

    path: Path
    data: bytes
    least_side: int
    sha256: str | None
    social_tags: bool
    beside: bool
    budget: Holding

    def read(self, file: BinaryIO, damaged: str) -> Picture:
        """Decode `file`, which holds the same picture; if `damaged` gives a reason, as far as possible."""
        opened = open_picture(file)
        full_size = width, height = opened.size
        refuse_pixels(width, height)
        refuse_many_scans(opened, file)
        problem = ""
        try:
            choose_scale(opened, (self.least_side, self.least_side))
            with opened, self.budget.hold(decoded_bytes(opened, full_size)):
                if damaged:
                    problem = load_what_is_there(opened, damaged)
                else:
                    opened.load()
                forget_scale(opened)
                # Not earlier: Pillow rotates some formats (TIFF) while loading and drops the orientation afterwards.
                found = gather(self.path, opened, written=self.social_tags, beside=self.beside)
                image = _reduced_rgb(opened, self.least_side)
        except PictureError:
            raise
        except MemoryError as error:
            raise PictureError("there is not enough memory to decode it") from error
        except Exception as error:  # decoders raise almost any exception on damaged files
            raise PictureError(f"it is damaged or cut short: {error or type(error).__name__}") from error
        if problem:
            refuse_without_pixels(image, problem)
            found = replace(found, pixels_problem=problem[:LONGEST_PROBLEM])
        return self._picture(opened.format, (width, height), found, image)

    def _picture(self, format: str | None, size: tuple[int, int], found: Gathered, image: Image.Image) -> Picture:
        if found.orientation in UPRIGHT:
            image = image.transpose(UPRIGHT[found.orientation])
        width, height = size[::-1] if found.orientation >= 5 else size
        sha256 = self.sha256 or hashlib.sha256(self.data).hexdigest()
        kind = "JPEG" if format == "MPO" else format or ""  # MPO: a JPEG followed by more pictures
        return Picture(self.path, sha256, width, height, kind, found.metadata(), found.social_tags, image, found)


def read_headers(path: Path, file: BinaryIO, *, beside: bool = True) -> Gathered:
    """Return the metadata of a picture without decoding it.  Raises PictureError.

    `file` is the picture itself, opened, and `path` its location.
    """
    problem = ""
    try:
        opened = open_picture(png_without(file, PIXELS))
    except PictureError:
        file.seek(0)
        without_texts = png_without(file, (*PIXELS, *TEXTS))
        opened = open_picture(io.BytesIO(mended(without_texts.read())) if without_texts is not file else file)
        problem = TEXTS_LEFT_OUT
    with opened:
        is_png = isinstance(opened, PngImagePlugin.PngImageFile)
        if is_png and not {"exif", "Raw profile type exif"}.intersection(opened.info):
            opened.info["exif"] = b""  # Pillow would decode the picture to look for it
        found = gather(path, opened, beside=beside)
    return found.telling(problem)


def _reduced_rgb(image: Image.Image, least_side: int) -> Image.Image:
    """Return the picture in sRGB, no larger than requested, with transparency composited on white."""
    profile = image.info.get("icc_profile") or b""
    shorter = min(image.size)
    kept = min(least_side, shorter)
    width, height = (min(-(-side * kept // shorter), LONGEST * least_side) for side in image.size)  # rounded up
    image = in_srgb(reduced(image, (width, height)), profile)
    if image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    # A copy without the file's own metadata, which may be large.
    return Image.frombytes("RGB", image.size, (image if image.mode == "RGB" else image.convert("RGB")).tobytes())
