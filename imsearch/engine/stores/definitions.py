"""Tags that the user defined by a phrase, as a catalog keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

SHOWN = 0.5
"""From this probability on a defined tag is shown."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A tag that the user defined.

    text: the phrase it stands for.  space: the annotator and version whose vectors it was compared with.  shown: how
    many pictures show it.  perhaps: of how many more it is not unlikely.
    """

    name: str
    text: str
    space: str
    shown: int
    perhaps: int


class Phrase(NamedTuple):
    """The phrase that defines a tag, given by its id.

    space: in what it was compared, as in `Definition`.  base: what its cosines were compared with when it was made;
    None where it needs nothing.  generation: of the catalog, up to which pictures were judged.
    """

    tag: int
    text: str
    space: str
    base: float | None
    generation: int = 0


class Defining(Protocol):
    """One transaction in which definitions change: all of it is written, or nothing."""

    def tag(self, name: str) -> int:
        """The id of a tag, written down if it is new."""

    def defined(self, name: str) -> int | None:
        """The tag that was defined under this name, or goes by it now; None when there is none."""

    def put(self, phrase: Phrase) -> None:
        """Keep a phrase in place of the one that its tag stood for; its generation becomes that of the catalog."""

    def judged(self, tag: int) -> None:
        """Note that all pictures there are now were judged by the phrase of this tag."""

    def remove(self, tag: int) -> None:
        """Forget the phrase of a tag."""

    def shown(self, tag: int) -> int:
        """Return the number of images, with files or without, that show a defined tag because of its phrase."""

    def write(self, tag: int, likely: Sequence[tuple[int, float]], among: Iterable[int] | None = None) -> set[int]:
        """Write images and probabilities in place of what is there; returns the images that changed.

        among: the images whose tags are replaced; by default all.
        """

    def mark_changed(self, images: Iterable[int], *, always: bool = False) -> None:
        """Let the indexes follow.  always: count it as a change of the library even where no image changed."""
