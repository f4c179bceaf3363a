"""What the engine needs of an index of vectors.  Derived from the catalog; `imsearch.engine.faiss_index` implements it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from imsearch.engine.derived import State

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray


class VectorIndex(Protocol):
    """Finds the images whose vectors of one annotator version point the same way; lives in memory, saved at times."""

    @property
    def state(self) -> State | None:
        """The catalog state that the index reflects; None when there was nothing usable on disk."""

    def apply(self, vectors: Mapping[int, NDArray[float32]], changed: Collection[int], state: State) -> None:
        """Replace the vectors of the changed images, or remove those that are not in `vectors`; in memory."""

    def nearest(self, vector: NDArray[float32], count: int) -> tuple[NDArray[int64], NDArray[float32]]:
        """At most `count` images and their cosines in -1 to 1, the nearest first."""

    def __len__(self) -> int:
        """How many images have a vector."""

    def images(self) -> NDArray[int64]:
        """The images that have a vector."""

    def save(self) -> None:
        """Write it down, if anything changed since."""
