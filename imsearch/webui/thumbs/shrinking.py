"""Make thumbnails: upright, in sRGB, decoded no larger than needed.

Thumbnails are JPEGs: measured (docs/benchmarks.md), they take a tenth of WebP's time to write and a fifth more bytes
at the same fidelity, and the bytes mostly stay on one machine.
"""

from __future__ import annotations

import io
import logging
from typing import BinaryIO

from PIL import Image, ImageStat

from imsearch.errors import PictureError
from imsearch.pictures.budget import IN_PROCESS, Holding, decoded_bytes, refuse_many_scans, refuse_pixels
from imsearch.pictures.colour import in_srgb
from imsearch.pictures.damaged import decode_as_far_as_possible, load_what_is_there, refuse_without_pixels
from imsearch.pictures.formats import open_picture
from imsearch.pictures.metadata.exif import ORIENTATION
from imsearch.pictures.picture import UPRIGHT
from imsearch.pictures.reduce import reduced
from imsearch.pictures.scale import choose_scale, forget_scale

MEDIA_TYPE = "image/jpeg"
_QUALITY = 82
_LIGHT, _DARK = (244, 244, 244), (46, 46, 46)

log = logging.getLogger("imsearch.webui")


def fitted(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """Return the size of a picture of this shape fitted into the box; a smaller one stays as it is."""
    scale = min(1.0, box[0] / width, box[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def shrink(data: bytes, box: tuple[int, int], *, budget: Holding = IN_PROCESS) -> bytes:
    """Return a thumbnail of the picture in `data`, which fits into the box; a damaged one is decoded as far as
    possible.

    Raises PictureError.
    """

    def decode(file: BinaryIO, damaged: str) -> Image.Image:
        try:
            opened = open_picture(file)
            refuse_many_scans(opened, file)
            return _shrunk(opened, box, damaged, budget)
        except PictureError:
            raise
        except Exception as error:  # decoders raise almost any exception on damaged files
            raise PictureError(f"it is damaged: {error}") from error

    return _written(decode_as_far_as_possible(data, decode)[0])


def _shrunk(opened: Image.Image, box: tuple[int, int], damaged: str, budget: Holding) -> Image.Image:
    with opened:
        full_size = width, height = opened.size
        refuse_pixels(width, height)
        # Only JPEGs gain from knowing this before they are decoded; for a PNG finding out would mean decoding it.
        turned = opened.format in ("JPEG", "MPO") and _orientation(opened) >= 5
        size = fitted(*((height, width) if turned else (width, height)), box)
        choose_scale(opened, size[::-1] if turned else size)
        with budget.hold(decoded_bytes(opened, full_size)):
            problem = ""
            if damaged:
                problem = load_what_is_there(opened, damaged)
            else:
                opened.load()
            forget_scale(opened)
            profile = opened.info.get("icc_profile") or b""
            orientation = _orientation(opened)  # not earlier: TIFFs are rotated while loading
            size = fitted(*(opened.size[::-1] if orientation >= 5 else opened.size), box)
            image = reduced(opened, size[::-1] if orientation >= 5 else size)
    image = _on_a_ground(in_srgb(image, profile))
    if problem:
        refuse_without_pixels(image, problem)
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def _orientation(image: Image.Image) -> int:
    try:
        said = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged EXIF block raises almost any exception
        log.debug("A damaged EXIF block was left unread.", exc_info=True)
        return 1
    return said if isinstance(said, int) else 1


def _on_a_ground(image: Image.Image) -> Image.Image:
    """Composite transparent parts on light grey, or on dark grey behind a light picture."""
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
