"""A query whose words have become tags: what `imsearch.engine.words` makes and `imsearch.engine.ranking` ranks by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a query and the tags that answer it.

    `names` are the word itself: its forms and synonyms.  `members` are tags that speak for it too, of its kind or near
    in meaning, and by how much their probability counts, in 0 to 1.  A user who rejected one of the names has said
    that the word is wrong, whatever the members say.
    """

    word: str
    names: tuple[str, ...]
    members: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """Something that is so or not, whatever the words: ``date:2023``.  `ids` are the images of which it is true."""

    text: str
    ids: NDArray[int64]


@dataclass(frozen=True, slots=True)
class Sense:
    """What a text means as a whole: tags near to it in meaning, and how much each of them counts.

    The weights of the three nearest sum to 1, so that a picture that surely shows these fits surely.  `words`: for how
    many words the text counts beside the others of the query.
    """

    text: str
    weights: Mapping[str, float]
    words: int = 1


@dataclass(frozen=True, slots=True)
class Negated:
    """Without it."""

    item: Resolved


@dataclass(frozen=True, slots=True)
class Demanded:
    """Only what shows it."""

    item: Resolved


@dataclass(frozen=True, slots=True)
class All:
    """All of them, softly."""

    items: tuple[Resolved, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The likeliest of them."""

    items: tuple[Resolved, ...]


Resolved: TypeAlias = Term | Sense | Filter | Negated | Demanded | All | AnyOf
