"""From an opened picture to the bytes of a thumbnail: upright, in sRGB, decoded no larger than needed.

Thumbnails are JPEGs: measured (docs/benchmarks.md), they take a tenth of WebP's time to write and a fifth more bytes
for the same likeness, and the bytes mostly travel inside one machine.
"""

from __future__ import annotations

import io
import logging
from contextlib import nullcontext
from functools import lru_cache
from typing import BinaryIO

from PIL import Image, ImageCms, ImageStat

from imsearch.errors import PictureError
from imsearch.pictures.formats import TEXTS, open_picture, png_without
from imsearch.pictures.metadata.exif import ORIENTATION
from imsearch.pictures.picture import LARGE, MAX_PIXELS, UPRIGHT, one_large_picture, resizable

MEDIA_TYPE = "image/jpeg"
_QUALITY = 82
_LIGHT, _DARK = (244, 244, 244), (46, 46, 46)
_SPACES = {"RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK", "L": "GRAY"}

log = logging.getLogger("imsearch.webui")


def fitted(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """The size of a picture of this shape inside the box; one that is smaller stays as it is."""
    scale = min(1.0, box[0] / width, box[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def shrink(file: BinaryIO, box: tuple[int, int]) -> bytes:
    """A thumbnail of the picture in the file, which fits into the box.  Raises PictureError."""
    try:
        return _written(_shrunk(open_picture(file), box))
    except Exception as error:
        file.seek(0)
        without_texts = png_without(file, TEXTS)  # Pillow refuses a PNG with too much text
        if without_texts is not file:
            try:
                return _written(_shrunk(open_picture(without_texts), box))
            except Exception:
                log.debug("A PNG cannot be decoded without its texts either.", exc_info=True)
        raise error if isinstance(error, PictureError) else PictureError(f"it is damaged: {error}") from error


def _shrunk(opened: Image.Image, box: tuple[int, int]) -> Image.Image:
    with opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise PictureError("it has too many pixels")
        # Only JPEGs gain from knowing this before they are decoded; of a PNG it would cost the decoding to know.
        turned = opened.format in ("JPEG", "MPO") and _orientation(opened) >= 5
        size = fitted(*((height, width) if turned else (width, height)), box)
        opened.draft(None, size[::-1] if turned else size)  # at 1, 1/2, 1/4 or 1/8; None keeps the mode
        whole = opened.info.get("progressive") or opened.size == (width, height)
        with one_large_picture if whole and width * height > LARGE else nullcontext():
            opened.load()
            profile = opened.info.get("icc_profile") or b""
            orientation = _orientation(opened)  # only now: TIFFs are turned while they are loaded
            image = resizable(opened)
            size = fitted(*(opened.size[::-1] if orientation >= 5 else opened.size), box)
            size = size[::-1] if orientation >= 5 else size
            if image.size != size:
                # reducing_gap: shrinks by whole factors first; as good to the eye and much faster on large pictures.
                image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    image = _on_a_ground(_in_srgb(image, profile))
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def _orientation(image: Image.Image) -> int:
    try:
        said = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged EXIF block raises nearly anything
        log.debug("A damaged EXIF block was left unread.", exc_info=True)
        return 1
    return said if isinstance(said, int) else 1


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The colours as they are meant: phones write Display P3 and cameras Adobe RGB, which look dull taken for sRGB."""
    if profile and (to_srgb := _transform(profile, image.mode)):
        if image.mode != "RGBA":
            return to_srgb.apply(image)
        rgb = to_srgb.apply(image.convert("RGB"))
        rgb.putalpha(image.getchannel("A"))
        return rgb
    return image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile's colours to sRGB; None when they are sRGB, or when the profile cannot be used."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        known = source.profile.profile_description or ""
        if source.profile.xcolor_space != _SPACES.get(mode) or "sRGB" in known:
            return None
        mode = "RGB" if mode == "RGBA" else mode
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, ImportError, OSError, ValueError) as error:
        log.debug("A colour profile cannot be used: %s", error)
        return None


def _on_a_ground(image: Image.Image) -> Image.Image:
    """See-through parts become a light grey, or a dark one behind a picture that is itself light."""
    if image.mode != "RGBA":
        return image
    visible = image.getchannel("A").point(lambda alpha: 255 if alpha > 32 else 0)
    grey = image.convert("L")
    mean = ImageStat.Stat(grey, visible).mean[0] if visible.getbbox() else 0
    ground = Image.new("RGB", image.size, _DARK if mean > 176 else _LIGHT)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _written(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
