"""Decode at a fraction of the size, for formats that support it."""

from __future__ import annotations

from typing import Any

from PIL import Image

_CODING_STYLE = b"\xff\x52"
"""The JPEG 2000 marker that precedes the number of resolution levels (ISO 15444-1, A.6.1)."""


def choose_scale(image: Image.Image, size: tuple[int, int]) -> None:
    """Set up an opened picture to be decoded at the smallest of its scales that still covers `size` (width, height)."""
    image.draft(None, size)  # of JPEGs: 1, 1/2, 1/4, 1/8; None keeps the mode
    if image.format == "JPEG2000":
        halves = min(image.width // max(1, size[0]), image.height // max(1, size[1])).bit_length() - 1
        _halve(image, max(0, min(halves, _stored_halves(image))))


def halved(image: Image.Image) -> int:
    """Return how many more times both sides will be halved, on top of what `image.size` already reflects."""
    return int(getattr(image, "_reduce", 0))


def forget_scale(image: Image.Image) -> None:
    """Remove the scale from a loaded picture: Pillow stores JPEG 2000's in an attribute that shadows a method."""
    if image.format == "JPEG2000":
        _halve(image, 0)


def _halve(image: Any, times: int) -> None:
    image.reduce = times


def _stored_halves(image: Any) -> int:
    at = image.fp.tell()
    image.fp.seek(0)
    head = image.fp.read(1 << 16)
    image.fp.seek(at)
    found = head.find(_CODING_STYLE)
    return head[found + 9] if 0 <= found < len(head) - 9 else 0
