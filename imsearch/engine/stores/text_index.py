"""The interface of an index of tags; `imsearch.engine.stores.local.text_arrays` implements it.

`imsearch.engine.stores.follow` keeps it up to date.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Protocol

from imsearch.engine.stores.derived import State

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from imsearch.engine.words.postings import Postings


class TextIndex(Protocol):
    """Finds the images that have a tag.

    All methods but `state` raise `IndexDamagedError` when the files cannot be read; `clear` and `apply` put them right.
    """

    @property
    def derived(self) -> bool:
        """True if it is built from the catalog and has to catch up.

        False where the catalog's database is the index: `clear` and `apply` do nothing then, and
        `state` is the catalog's.
        """

    @property
    def state(self) -> State | None:
        """The catalog state that the index reflects; None when there is no index yet or it cannot be used."""

    def clear(self) -> None:
        """Start from nothing, whatever is there."""

    def apply(self, documents: Mapping[int, Mapping[str, float] | None], state: State | None) -> None:
        """Replace the documents of these images (tag to weight), or remove them (None); commit; note the state.

        `state` is None for all but the last piece of a long catching up: done again, it does no harm.
        """

    def check(self) -> None:
        """Read all files anew, and raise `IndexDamagedError` when one is not as it was written."""

    def postings(self, tag: str) -> Postings:
        """The images that have this very tag."""

    def images(self) -> NDArray[int64]:
        """All images in the index, shape (n,), in no order."""

    def commit(self) -> Hashable:
        """Tells what is read from now on from what was read before another commit."""

    def refresh(self) -> None:
        """See what other processes have committed since."""

    def close(self) -> None:
        """Close the files."""
