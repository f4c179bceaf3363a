"""The facts of the library's pictures: files, texts, failures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.errors import ImsearchError
from imsearch.records import Image, Tag, Text

if TYPE_CHECKING:
    from imsearch.engine.stores.batch import KnownImage
    from imsearch.engine.stores.catalog import CatalogReading
    from imsearch.engine.stores.derived import State
    from imsearch.records import Failure

_LONGEST_ID = 18
"""Digits; more are no number that a database takes."""


class Facts:
    """Tells of pictures.  Several threads may use one."""

    def __init__(self, catalog: CatalogReading) -> None:
        self._catalog = catalog

    def show(self, image: str) -> tuple[Image, tuple[Tag, ...]]:
        """A picture of the library, by path or by id, and all its tags."""
        found = self._catalog.image(Path(image))
        if found is None and image.isdecimal():
            found = self._catalog.image(int(image))
        if found is None:
            raise ImsearchError(
                f'{image} is not in the library. Index it with "imsearch index", or tag it without: '
                '"imsearch annotate".'
            )
        return found, self._catalog.tags_of([found.id]).get(found.id, ())

    def image(self, image: Path | int) -> Image | None:
        """A picture by its id or by one of its files; None when it is unknown or has no file any more."""
        return self._catalog.image(image)

    def images(self, ids: Iterable[int]) -> dict[int, Image]:
        """The pictures of these ids that still have files."""
        return self._catalog.images(ids)

    def identify(self, images: Iterable[str]) -> dict[str, int | None]:
        """The ids of pictures given by path or by id; None for those that the library does not have."""
        found: dict[str, int | None] = dict.fromkeys(images)
        known = self._catalog.images_by_path(Path(image) for image in found)
        numbers = {image: int(image) for image in found if image.isdecimal() and len(image) <= _LONGEST_ID}
        live = self._catalog.live(numbers.values())
        for image in found:
            number = numbers.get(image)
            found[image] = known.get(Path(image), number if number in live else None)
        return found

    def live(self, images: Iterable[int]) -> set[int]:
        """Those of these pictures that still have a file."""
        return self._catalog.live(images)

    def of_bytes(self, hashes: Iterable[str]) -> dict[str, int]:
        """The pictures that still have a file with these bytes, by the SHA-256 of the bytes."""
        found = self._catalog.images_by_sha256(hashes)
        live = self._catalog.live(found.values())
        return {sha256: image for sha256, image in found.items() if image in live}

    def was_known(self, image: int) -> bool:
        """Return True if there ever was a picture of this id, though its files may be gone."""
        return bool(self._catalog.hashes([image]))

    def known(self, image: int) -> KnownImage | None:
        """Return what is needed to open a picture, in one statement; None if it is unknown or has no file any more."""
        return self._catalog.known_image(image)

    def state(self) -> State:
        """The library's own id and its generation, which grows with every change; cheaper than that of a search."""
        return self._catalog.state()

    def texts(self, image: Image) -> tuple[Text, ...]:
        """Return the texts of a picture: title, description, keywords."""
        return tuple(self._catalog.written([image.id]).get(image.id, ()))

    def failures(self, folder: Path | None = None) -> tuple[Failure, ...]:
        """The files, and annotators on files, that failed when they were last tried; all, or those in a folder."""
        return self._catalog.failures(folder)
