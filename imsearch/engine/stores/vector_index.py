"""The interface of an index of vectors; `imsearch.engine.stores.local.vectors_faiss` implements it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from imsearch.engine.stores.derived import State

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray


class VectorIndex(Protocol):
    """Finds the images whose vectors of one annotator version point the same way.

    It lives in memory and is saved at times: every process brings its own up to date from the catalog.
    """

    @property
    def derived(self) -> bool:
        """True if it is built from the catalog and has to catch up.

        False where the catalog's database is the index: `clear`, `apply` and `save` do nothing then, and
        `state` is the catalog's.
        """

    @property
    def damage(self) -> str:
        """The damage of the stored index, until it is rewritten; empty if there was none."""

    @property
    def state(self) -> State | None:
        """The catalog state that the index reflects; None when it holds nothing that can be used."""

    def clear(self) -> None:
        """Start from nothing."""

    def apply(self, vectors: Mapping[int, NDArray[float32]], changed: Collection[int], state: State | None) -> None:
        """Replace the vectors of the changed images, or remove those that are not in `vectors`.

        `state` is None for all but the last piece of a long catching up.
        """

    def nearest(self, vector: NDArray[float32], count: int) -> tuple[NDArray[int64], NDArray[float32]]:
        """At most `count` images and their cosines in -1 to 1, the nearest first."""

    def images(self) -> NDArray[int64]:
        """The images that have a vector, in no order."""

    def __len__(self) -> int:
        """Return the number of images with a vector."""

    def save(self) -> None:
        """Write it down, if anything changed since it was loaded or saved."""
