"""A memory budget for decoding pictures, shared by all decoders.

A small file may hold a very large picture: 1 MB of PNG can decode to a gigabyte of pixels.  The budget therefore counts
decoded bytes, estimated from the file's headers before anything is decoded.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import BinaryIO, Protocol

from PIL import Image

from imsearch.errors import PictureError
from imsearch.pictures.scale import halved

MAX_PIXELS = 1 << 28
"""Pictures with more pixels (16,384 x 16,384) are refused."""

MOST_DECODED = 3 * MAX_PIXELS
"""Maximum bytes for all pictures being decoded at the same time, and for a single one.

Enough for 200 million pixels in colour, which phones and stitched panoramas reach, or `MAX_PIXELS` in grey; leaves a
model one of the two gigabytes of a common memory limit.
"""

_MODES = {"1": 1, "L": 1, "P": 1}
"""Bytes per pixel in Pillow's memory; 2 for modes that begin with ``I;16``, and 4 for all others."""

_BESIDE = {"WEBP": 12, "AVIF": 6, "HEIF": 5, "JPEG2000": 16, "GIF": 4, "RAW": 1}
"""Bytes per pixel that decoders allocate besides Pillow's own; from ``python -m benchmarks.decoded_bytes``."""


class Holding(Protocol):
    """A source of memory for decoding pictures."""

    def hold(self, size: int) -> AbstractContextManager[None]:
        """Reserve `size` bytes for the duration of the context, waiting until they are free.

        Raises PictureError when the budget is smaller than that.
        """


class Budget:
    """A number of bytes shared by threads, served first come, first served, so that large pictures do not starve."""

    def __init__(self, total: int = MOST_DECODED) -> None:
        self.total = total
        self._free = total
        self._turn = threading.Condition()
        self._queue: list[object] = []

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Reserve `size` bytes for the duration of the context, waiting until they are free.

        Raises PictureError when the budget is smaller than that.
        """
        self.take(size)
        try:
            yield
        finally:
            self.give_back(size)

    def take(self, size: int) -> None:
        """Wait until `size` bytes are free and reserve them; see `hold`."""
        refuse_larger(size, self.total)
        ticket = object()
        with self._turn:
            self._queue.append(ticket)
            self._turn.wait_for(lambda: self._queue[0] is ticket and self._free >= size)
            self._queue.pop(0)
            self._free -= size
            self._turn.notify_all()

    def give_back(self, size: int) -> None:
        """Return what `take` reserved."""
        with self._turn:
            self._free += size
            self._turn.notify_all()


IN_PROCESS = Budget()
"""The budget of pictures decoded in this process: one for all threads, as they share its memory."""


def refuse_larger(size: int, most: int = MOST_DECODED) -> None:
    """Raise PictureError for a picture that would take more than `most` bytes."""
    if size > most:
        raise PictureError(
            f"decoding it would take {size / 1e6:,.0f} MB of memory; more than {most / 1e6:,.0f} MB are refused"
        )


def refuse_pixels(width: int, height: int) -> None:
    """Raise PictureError for a picture with more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise PictureError(f"it has {width:,} x {height:,} pixels; more than {MAX_PIXELS:,} in all are refused")


def refuse_many_scans(image: Image.Image, file: BinaryIO) -> None:
    """Raise PictureError for a progressive JPEG with so many scans that decoding it would take minutes.

    image: opened from `file`, at full size.  Real files have about ten scans; each costs as much as a whole decode.
    """
    if image.format not in ("JPEG", "MPO") or not image.info.get("progressive"):
        return
    at = file.tell()
    file.seek(0)
    scans = sum(piece.count(_START_OF_SCAN) for piece in iter(partial(file.read, 1 << 20), b""))
    file.seek(at)
    if scans > _FEW_SCANS and scans * image.width * image.height > MOST_SCANNED:
        raise PictureError(f"it has {scans:,} passes over its pixels; decoding them all would take too long")


_START_OF_SCAN = b"\xff\xda"
_FEW_SCANS = 64
MOST_SCANNED = 1 << 32
"""Maximum of pixels times scans; a picture of `MAX_PIXELS` may have 16."""


def decoded_bytes(image: Image.Image, full_size: tuple[int, int]) -> int:
    """Return the memory needed to decode an opened picture, in bytes.

    image: opened and not yet loaded, with its decoding scale set.  full_size: its size before that scale was set.
    """
    size = ((image.width * image.height) >> (2 * halved(image))) * (
        _per_pixel(image.mode) + _BESIDE.get(image.format or "", 0)
    )
    if image.format in ("JPEG", "MPO") and image.info.get("progressive"):
        size += _coefficients(image, full_size)
    elif image.format == "TIFF":
        size += _strip(image)
    return size


def _strip(image: Image.Image) -> int:
    """Return the size of the buffer for one compressed TIFF strip or tile, which may be the whole picture."""
    if all(tile.codec_name != "libtiff" for tile in getattr(image, "tile", ())):
        return 0
    tags = getattr(image, "tag_v2", {})
    rows = tags.get(_ROWS_PER_STRIP) or image.height
    if _TILE_WIDTH in tags:
        pixels = int(tags[_TILE_WIDTH]) * int(tags.get(_TILE_LENGTH) or image.height)
    else:
        pixels = image.width * min(int(rows), image.height)
    bits = tags.get(_BITS) or (8,)
    return pixels * max(1, int(sum(bits)) // 8)


_BITS, _ROWS_PER_STRIP, _TILE_WIDTH, _TILE_LENGTH = 258, 278, 322, 323


def _per_pixel(mode: str) -> int:
    return 2 if mode.startswith("I;16") else _MODES.get(mode, 4)


def _coefficients(image: Image.Image, full_size: tuple[int, int]) -> int:
    """Return the size of the coefficients that libjpeg keeps of a progressive picture: 2 bytes each, at full size."""
    layers = [(across, down) for _, across, down, *_ in getattr(image, "layer", ())]
    most_across = max((across for across, _ in layers), default=1) or 1
    most_down = max((down for _, down in layers), default=1) or 1
    share = sum(across * down for across, down in layers) / (most_across * most_down) if layers else 3
    return int(2 * full_size[0] * full_size[1] * share)
