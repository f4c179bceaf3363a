"""The user's changes as plain values: what is asked for, what was done, what is doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from imsearch.records import Image, Tag


class Verdict(StrEnum):
    """The user's verdict on a tag of a picture."""

    ADD = "add"
    """It is there, whoever says so."""
    ACCEPT = "accept"
    """It is there, as an annotator says; where none says so, nothing is done."""
    REJECT = "reject"
    """It is not there, whatever annotators say, now or later."""
    REMOVE = "remove"
    """Take back that it is there; where the user has not said so, nothing is done."""
    CLEAR = "clear"
    """Take back whatever the user said."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The result of `correct`; a pair is an image's id and the name of a tag.

    changed: pairs that are different now.  unchanged: pairs that were so already.  refused: pairs that nobody
    suggested (to accept) or the user had not added (to remove).  said: which annotator says the pairs that were to be
    removed.  names: the words as they were typed and the tags they were taken for.  number: of the change in the
    history, which `undo` takes; None when nothing changed.
    """

    verdict: Verdict
    changed: tuple[tuple[int, str], ...] = ()
    unchanged: tuple[tuple[int, str], ...] = ()
    refused: tuple[tuple[int, str], ...] = ()
    said: Mapping[tuple[int, str], str] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    number: int | None = None

    @property
    def images(self) -> int:
        """The number of images that changed."""
        return len({image for image, _ in self.changed})


@dataclass(frozen=True, slots=True)
class Renaming:
    """The result of `rename` or `merge`: these tags have that name now, on that many images.

    number: of the change in the history; None when they went by that name already.
    """

    tags: tuple[str, ...]
    name: str
    images: int
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the history: one command.

    action: a `Verdict`, "rename" or "merge".  tags: whose meaning or name was changed.  name: what they were renamed
    to; None for corrections.  images: how many images it concerns.  made_at: with time zone.
    """

    number: int
    made_at: datetime
    action: str
    tags: tuple[str, ...]
    name: str | None
    images: int
    undone: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """A tag on a picture that an annotator is in doubt about, and where it would begin to show it."""

    image: Image
    tag: Tag
    threshold: float
