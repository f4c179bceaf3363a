"""A query whose words have become tags: what `words` makes and `search.ranking` ranks by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from imsearch.engine.words.texts import key

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.words.postings import Postings


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
class Counted:
    """How well each of the images `ids` shows so many of a thing, by its looks: it orders results and finds none.

    `scores` lie in 0 to 1; `usual` is that of an image of which nothing is known.
    """

    text: str
    ids: NDArray[int64]
    scores: NDArray[float32]
    usual: float


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


Resolved: TypeAlias = Term | Filter | Scoped | Like | Counted | Negated | Weaker | Demanded | All | AnyOf


def tags_in(query: Resolved) -> set[str]:
    """All tags that answer its words."""
    if isinstance(query, Term):
        return {*query.names, *query.members}
    if isinstance(query, Filter | Like | Counted):
        return set()
    items = (query.item,) if isinstance(query, Negated | Weaker | Demanded | Scoped) else query.items
    return {tag for item in items for tag in tags_in(item)}


def ranks(query: Resolved) -> bool:
    """Whether anything in it makes one result better than another; conditions alone do not."""
    if isinstance(query, Term | Scoped | Like | Counted):
        return True
    if isinstance(query, Filter):
        return False
    items = (query.item,) if isinstance(query, Negated | Weaker | Demanded) else query.items
    return any(map(ranks, items))


def words_in(query: Resolved) -> int:
    """Of how many words a score is the mean, as far as they speak for a picture; 0 for conditions and looks alone."""
    if isinstance(query, Term | Counted):
        return 1
    if isinstance(query, Filter | Like | Negated):
        return 0
    if isinstance(query, AnyOf):
        return min((words for item in query.items if (words := words_in(item))), default=0)
    if isinstance(query, All):
        words = sum(map(words_in, query.items))
        return words + sum(isinstance(item, Like) for item in query.items) if words else 0
    return words_in(query.item)


def without_conditions(query: Resolved) -> Resolved:
    """The query without what stands beside its words and does not rank; itself where there is no such thing."""
    if not isinstance(query, All) or all(map(ranks, query.items)) or not ranks(query):
        return query
    items = tuple(item for item in query.items if ranks(item))
    return items[0] if len(items) == 1 else All(items)


def without_less(query: Resolved) -> Resolved:
    """One of several without the words that count less than the others; itself where there are none."""
    if not isinstance(query, AnyOf):
        return query
    items = tuple(item for item in query.items if not (isinstance(item, Weaker) and ranks(item)))
    return query if len(items) in (0, len(query.items)) else items[0] if len(items) == 1 else AnyOf(items)


def reasons(query: Resolved) -> dict[str, frozenset[str]]:
    """The words that a result can be found by, and the tags that answer each; words to avoid are not among them."""
    if isinstance(query, Term):
        texts = (key(phrase) for phrase in (*query.texts, *query.loose))
        return {query.word: frozenset((*query.names, *query.members, *texts))} if query.word else {}
    if isinstance(query, Negated | Filter | Like | Counted):
        return {}
    items = (query.item,) if isinstance(query, Demanded | Scoped | Weaker) else query.items
    return {word: tags for item in items for word, tags in reasons(item).items()}
