"""Tags of one source: an annotator, whatever the others say, or the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.words.postings import Postings
from imsearch.records import USER


class Sources:
    """Asks the catalog, which keeps apart what the text index has put together.

    merged: the text index's postings of a tag.  The images in them are all that any source can have said it of, which
    spares a search through all that was ever said.
    """

    def __init__(self, catalog: CatalogReading, merged: Callable[[str], Postings]) -> None:
        self._catalog = catalog
        self._merged = merged

    def names(self) -> tuple[str, ...]:
        """All there are, the user first."""
        return USER, *self._catalog.sources()

    def postings(self, source: str, tags: Iterable[str]) -> Callable[[str], Postings]:
        """Looks up the images of which it said one of these tags, and those where the user rejected it.

        Here is all the work; what is returned only hands it out.
        """
        tags = list(tags)
        found = [self._merged(tag).images for tag in tags]
        images = np.unique(np.concatenate([np.empty(0, np.int64), *found]))
        said = self._catalog.said_by(source, tags, images)
        return lambda tag: self._arrays(tag, said.get(tag, {}))

    def _arrays(self, tag: str, said: Mapping[int, tuple[float, bool]]) -> Postings:
        merged = self._merged(tag)
        rejected = merged.images[merged.rejected].tolist()
        known = {**said, **dict.fromkeys(rejected, (0.0, False))}
        images = np.fromiter(known, np.int64, len(known))
        return Postings(
            images,
            np.fromiter((probability for probability, _ in known.values()), np.float32, len(known)),
            np.fromiter((shown for _, shown in known.values()), np.bool_, len(known)),
            np.isin(images, rejected),
        )
