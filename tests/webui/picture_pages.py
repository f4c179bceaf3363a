"""What the tests of a picture's page share: its pictures, their numbers and tags."""

from __future__ import annotations

from pathlib import Path

from imsearch.library import Library
from tests.make_pictures import iptc, jpeg, plain, with_exif, xmp


def ids(library: Library) -> dict[str, int]:
    """The pictures by the names of their files."""
    images = library.facts.images(range(1, 100))
    return {image.path.name: number for number, image in images.items()}


def said(library: Library, image: int) -> dict[str, tuple[float, str]]:
    """Probability and source of each tag, as the library has it now."""
    _, tags = library.facts.show(str(image))
    return {tag.name: (round(tag.probability, 2), tag.source) for tag in tags}


def add_described(photos: Path) -> Path:
    """Add one that says when, where and with what, one with a title and keywords, and a greenish one."""
    plain(photos / "leaf.png", (50, 200, 0))
    (photos / "exif.jpg").write_bytes(with_exif())
    (photos / "written.jpg").write_bytes(jpeg(xmp("Harbour", title="In the evening"), iptc(b"boats")))
    return photos
