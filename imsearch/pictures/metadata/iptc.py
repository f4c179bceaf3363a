"""IPTC-IIM, the older format for captions and keywords in JPEG and TIFF; dataset numbers are those of version 4.2."""

from __future__ import annotations

from typing import Any

from PIL import Image

from imsearch.pictures.metadata import fields as s
from imsearch.pictures.metadata.fields import Said
from imsearch.pictures.metadata.moments import moment

_CHARACTER_SET, _UTF_8 = (1, 90), b"\x1b%G"
_TITLE, _KEYWORDS, _DATE, _TIME, _HEADLINE, _CAPTION = (2, 5), (2, 25), (2, 55), (2, 60), (2, 105), (2, 120)


def read_iptc(image: Image.Image) -> Said:
    """Return the fields of a picture's IPTC block, if its format can hold one.  Raises almost any exception for a
    damaged block."""
    from PIL.IptcImagePlugin import getiptcinfo

    block: dict[tuple[int, int], Any] = getiptcinfo(image) or {}  # type: ignore[arg-type]
    is_utf_8 = block.get(_CHARACTER_SET) == _UTF_8

    def values(dataset: tuple[int, int]) -> list[str]:
        found = block.get(dataset) or []
        return [s.decoded(value or b"", is_utf_8) for value in (found if isinstance(found, list) else [found])]

    said = Said()
    said.texts += [("title", text) for text in (values(_TITLE) or values(_HEADLINE))[:1]]
    said.texts += [("description", text) for text in values(_CAPTION)[:1]]
    said.keywords(values(_KEYWORDS))
    day, clock = "".join(values(_DATE)[:1]), "".join(values(_TIME)[:1])
    said.taken_at, said.utc_offset = moment(f"{day} {clock}")
    if said.taken_at is None:
        said.taken_at, _ = moment(day)
    return said
