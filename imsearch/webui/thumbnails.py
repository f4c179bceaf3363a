"""Where the thumbnails and the originals of pictures are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.records import Image


def thumbnail_address(image: Image, size: str) -> str:
    return f"/api/images/{image.id}/thumbnail?size={size}&v={image.sha256[:12]}"


def original_address(image: Image) -> str:
    return f"/api/images/{image.id}/original?v={image.sha256[:12]}"
