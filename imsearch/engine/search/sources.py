"""Tags of one source: an annotator, whatever the others say, or the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.words.postings import Postings, joined
from imsearch.records import USER


class Sources:
    """Asks the catalog, which keeps apart what the text index has put together.

    merged: the text index's postings of a tag.  The images in them are all that any source can have said it of, which
    spares a search through all that was ever said.  Where an annotator is the only one of a library, the catalog is
    asked about images with verdicts of the user alone.
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
        if source == USER:
            said = self._catalog.said_by(source, tags, np.empty(0, np.int64))
            return lambda tag: self._arrays(tag, said.get(tag, {}))
        found = [self._merged(tag).images for tag in tags]
        images = np.unique(np.concatenate([np.empty(0, np.int64), *found]))
        # Where nobody else says anything, what the text index has put together is what this one says.
        judged = np.array(self._catalog.with_verdicts(), np.int64) if self.names()[1:] == (source,) else None
        asked = images if judged is None else np.intersect1d(images, judged, assume_unique=True)
        heard = self._catalog.said_by(source, tags, asked)
        return lambda tag: self._arrays(tag, heard.get(tag, {}), judged)

    def _arrays(
        self, tag: str, said: Mapping[int, tuple[float, bool]], judged: NDArray[np.int64] | None = None
    ) -> Postings:
        """Return what was looked up of a tag, and where the user rejected it.

        judged: the images that were looked up, if the text index is right about all others.
        """
        merged = self._merged(tag)
        rejected = merged.images[merged.rejected].tolist()
        known = {**said, **dict.fromkeys(rejected, (0.0, False))}
        images = np.fromiter(known, np.int64, len(known))
        told = Postings(
            images,
            np.fromiter((probability for probability, _ in known.values()), np.float32, len(known)),
            np.fromiter((shown for _, shown in known.values()), np.bool_, len(known)),
            np.isin(images, rejected),
        )
        return told if judged is None else joined(told, merged.only(~np.isin(merged.images, judged)))
