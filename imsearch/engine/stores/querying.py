"""The part of a catalog's interface that queries, their facets and their order ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from imsearch.keys.key import Facet
from imsearch.keys.predicate import Number, Predicate, Text

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

Pairs: TypeAlias = "tuple[NDArray[int64], Sequence[str]]"
"""Images, shape (n,), and a value of each; an image may come several times, also with the same value."""


class CatalogQuerying(Protocol):
    """Finds images by what the catalog holds of them."""

    def select(self, predicate: Predicate) -> NDArray[int64]:
        """The images that a predicate is true of, with files or without, in order of id.

        Tags, kinds and near duplicates are left to indexes: `HasTag`, `HasKind` and `HasDuplicate` raise TypeError, as
        does a circle around a place that is only named.  `SaidBy` of a source that is unknown is true of none.
        Raises `BadValue` for a fact that the catalog does not hold.
        """

    def distinct(self, field: Text) -> list[str]:
        """The values of a fact, each once, in order."""

    def numbers(self, field: Number, ids: NDArray[int64]) -> Mapping[int, Any]:
        """Return a fact of each of these images that has it, in a form to be compared; maybe of other images, too."""

    def file_names(self, ids: NDArray[int64]) -> Mapping[int, str]:
        """Return the file name of each image, of the copy that is shown, casefolded; maybe of other images, too."""

    def facet_values(self, facets: Sequence[Facet], ids: Sequence[int] | None = None) -> dict[str, Pairs]:
        """The values of all images that have files, or of those of these that have, by the names of facets.

        A tag counts where it is shown, a source where a tag of it is ("user", too), a folder where a copy lies in it.
        """

    def said_by(
        self, source: str, tags: Iterable[str], images: NDArray[int64]
    ) -> Mapping[str, Mapping[int, tuple[float, bool]]]:
        """Return what an annotator, or the user, says of tags: by the names they go by and by image, the probability
        and whether it is shown.

        images: all that it can have said one of these tags of; others may be told, too.  What the user rejected is
        left out.
        """
