"""Addresses of thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from imsearch.records import Image


def thumbnail_address(image: Image, size: Literal["small", "medium", "large"]) -> str:
    return f"/api/images/{image.id}/thumbnail?size={size}&v={image.sha256[:12]}"
