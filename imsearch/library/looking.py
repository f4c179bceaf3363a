"""The vectors of picture files, whether or not the library knows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.errors import PictureError

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.engine.stores.catalog import CatalogReading
    from imsearch.library.installed import Installed
    from imsearch.settings import Settings


class Looking:
    """Opens files, and lets an annotator look at those whose bytes are new."""

    def __init__(self, installed: Installed, settings: Settings) -> None:
        self._installed = installed
        self._settings = settings

    def known_or_readable(self, catalog: CatalogReading, file: Path) -> int | Path:
        """The id of a picture whose bytes the catalog knows, or else the path of a file that is there.

        Raises PictureError when the file cannot be read.
        """
        from imsearch.indexer.outside import sha256_of

        path = file.absolute()
        return next(iter(catalog.images_by_sha256([sha256_of(path)]).values()), path)

    def vector_in(self, catalog: CatalogReading, file: Path, name: str) -> NDArray[float32]:
        """The vector of any file, float32 ``(length,)``: known bytes need no model.  Raises PictureError."""
        found = self.known_or_readable(catalog, file)
        vector = catalog.vector(found, name) if isinstance(found, int) else None
        return self.vector_of(file.absolute(), name) if vector is None else vector

    def vector_of(self, path: Path, name: str) -> NDArray[float32]:
        """Return an annotator's vector of a file, float32 ``(length,)``.  Raises PictureError."""
        from imsearch.indexer.annotating import annotate, error_of

        (item,) = annotate([path], self._installed.plugins.choose([name]), self._settings)
        annotation = item.annotations.get(name)
        if annotation is None or annotation.vector is None:
            raise PictureError(f"{path}: {error_of(item) or 'the annotator made no vector'}")
        return annotation.vector
