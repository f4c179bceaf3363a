"""Convert colours from a picture's ICC profile to sRGB."""

from __future__ import annotations

import io
import logging
from functools import lru_cache

from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK", "L": "GRAY"}

log = logging.getLogger("imsearch.pictures")


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture in sRGB: phones write Display P3 and cameras Adobe RGB, which look dull when taken for sRGB.

    image: any mode; without a usable profile it is assumed to be sRGB.  profile: an ICC profile, or nothing.  The
    result is L, RGB or RGBA.
    """
    if profile and (to_srgb := _transform(profile, image.mode)):
        if image.mode != "RGBA":
            return to_srgb.apply(image)
        rgb = to_srgb.apply(image.convert("RGB"))
        rgb.putalpha(image.getchannel("A"))
        return rgb
    return image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")


def lab_to_rgb(image: Image.Image) -> Image.Image:
    """Convert CIE L*a*b* (mode LAB), which Pillow itself does not convert, to sRGB."""
    to_srgb = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    return to_srgb.apply(image)


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform from a profile to sRGB; None when the profile is sRGB already or unusable."""
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
