"""A query whose words have become tags: what `words` makes and `search.ranking` ranks by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.text_index import Postings


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a query and the tags that answer it.

    `names` are the word itself: its forms and synonyms.  `members` are tags that speak for it too, of its kind or near
    in meaning, and by how much their probability counts, in 0 to 1.  `texts` are its spellings that somebody wrote,
    in a file's name or a title say; one of several words counts where all of them are.  `loose` are spellings that
    differ a little from it (no accents, parts of a longer word), and count a little less.  A user who rejected one of
    the names has said that the word is wrong, whatever the members and texts say.
    """

    word: str
    names: tuple[str, ...]
    members: Mapping[str, float] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """Something that is so or not, whatever the words: ``date:2023``.  `ids` are the images of which it is true."""

    text: str
    ids: NDArray[int64]


@dataclass(frozen=True, slots=True, eq=False)
class Scoped:
    """The same, but only what one source said counts: `postings` gives its tags, as the text index gives all."""

    item: Resolved
    source: str
    postings: Callable[[str], Postings]


@dataclass(frozen=True, slots=True, eq=False)
class Like:
    """Looking like a picture: ``like:17``.  `scores` are the cosines of the images `ids` to it."""

    text: str
    ids: NDArray[int64]
    scores: NDArray[float32]


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
class Weaker:
    """Its score times a factor; it may order pictures and find them, but makes nothing sure."""

    item: Resolved
    factor: float


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


Resolved: TypeAlias = Term | Sense | Filter | Scoped | Like | Negated | Weaker | Demanded | All | AnyOf


def tags_in(query: Resolved) -> set[str]:
    """All tags that answer its words."""
    if isinstance(query, Term):
        return {*query.names, *query.members}
    if isinstance(query, Sense):
        return set(query.weights)
    if isinstance(query, Filter | Like):
        return set()
    items = (query.item,) if isinstance(query, Negated | Weaker | Demanded | Scoped) else query.items
    return {tag for item in items for tag in tags_in(item)}


def ranks(query: Resolved) -> bool:
    """Whether anything in it makes one result better than another; conditions alone do not."""
    if isinstance(query, Term | Sense | Scoped | Like):
        return True
    if isinstance(query, Filter):
        return False
    items = (query.item,) if isinstance(query, Negated | Weaker | Demanded) else query.items
    return any(map(ranks, items))
