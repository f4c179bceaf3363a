"""Similar pictures, by the cosine of an annotator's vectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.engine.search.hits import read_hits
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.words.resolved import Like
from imsearch.errors import ImsearchError
from imsearch.records import Results

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.engine.search.options import Look

LIKE = 1000
"""Number of nearest pictures considered for a ``like:``."""
_LONGEST_ID = 18
"""Maximum digits of an id; more do not fit a database integer."""


class Likeness:
    """Finds the nearest pictures.  Safe for several threads."""

    def __init__(self, catalog: CatalogReading, indexes: Indexes) -> None:
        self._catalog = catalog
        self._indexes = indexes

    def like(
        self,
        target: str,
        space: str | None,
        look: Look | None,
        outside: list[str],
    ) -> Like:
        """Resolve ``like:``: the pictures near another, given by its id or by a path.

        space: the annotator whose vectors are compared.  look: returns the vector of a file.
        outside: notes a path whose picture may be different tomorrow though the library stays as it is.
        """
        name, index = self._indexes.vectors.of(space)
        image = self._catalog.image(Path(target))
        if image is not None or not target.isdecimal():
            outside.append(target)
        elif len(target) <= _LONGEST_ID:
            image = self._catalog.image(int(target))
        vector = None if image is None else self._catalog.vector(image.id, name)
        if vector is None and look is not None and Path(target).is_file():
            outside.append(target)
            vector = look(self._catalog, Path(target), name)
        if vector is None:
            raise ImsearchError(f"like:{target} is neither a picture file nor an image of the library with a vector.")
        ids, cosines = index.nearest(vector, LIKE + 1)
        others = ids != (image.id if image else -1)
        return Like(target, ids[others], cosines[others])

    def similar(self, image: int | NDArray[float32], annotator: str | None, limit: int, offset: int) -> Results:
        """Return the images most similar to another, given by its id or by an annotator's vector.

        annotator: the source of the vectors; None for the only annotator that makes any.  The score is the cosine, or 0
        if that is negative.  An image of the library is not similar to itself.
        """
        name, index = self._indexes.vectors.of(annotator)
        own = image if isinstance(image, int) else -1
        vector = self._catalog.vector(image, name) if isinstance(image, int) else image
        if vector is None:
            raise ImsearchError(f"{name} has not looked at image {image} yet. Index it again first.")
        ids, cosines = index.nearest(vector, offset + limit + 1)
        others = ids != own
        total = len(index) - int((~others).sum())
        page = slice(offset, offset + limit)
        scores = [max(0.0, each) for each in cosines[others][page].tolist()]
        return Results("", total, read_hits(self._catalog, ids[others][page].tolist(), scores, {}), relevant=total)
