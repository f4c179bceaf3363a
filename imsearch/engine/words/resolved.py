"""A resolved query, with tags in place of words: the output of `words` and the input of `search.ranking`."""

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
    """A query word and the tags that answer it.

    `names` are the word itself: its forms and synonyms.  `members` are tags that are evidence for it too, of its kind
    or related in meaning, and the weight of their probability, in 0 to 1.  `texts` are its spellings that somebody
    wrote, in a file name or a title for example; a phrase counts where all of its words are.  `loose` are spellings
    that differ slightly from it (no accents, parts of a longer word), and count a little less.  A user who rejected one
    of the names has said that the word is wrong, whatever the members and texts say.
    """

    word: str
    names: tuple[str, ...]
    members: Mapping[str, float] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """A condition that is true or false, whatever the words: ``date:2023``.  `ids` are the images that meet it."""

    text: str
    ids: NDArray[int64]


@dataclass(frozen=True, slots=True, eq=False)
class Scoped:
    """A part in which only the tags of one source count: `postings` returns them, as the text index returns all."""

    item: Resolved
    source: str
    postings: Callable[[str], Postings]


@dataclass(frozen=True, slots=True, eq=False)
class Like:
    """Similarity to a picture: ``like:17``.  `scores` are the cosines of the images `ids` to it."""

    text: str
    ids: NDArray[int64]
    scores: NDArray[float32]


@dataclass(frozen=True, slots=True)
class Counted:
    """Evidence from the vectors that the images `ids` show a number of a thing: it orders results and finds none.

    `scores` are in 0 to 1; `usual` is the score of an image without data.
    """

    text: str
    ids: NDArray[int64]
    scores: NDArray[float32]
    usual: float


@dataclass(frozen=True, slots=True)
class Negated:
    """The exclusion of an item."""

    item: Resolved


@dataclass(frozen=True, slots=True)
class Weaker:
    """An item with its score multiplied by a factor; it may find and order pictures, but makes nothing certain."""

    item: Resolved
    factor: float


@dataclass(frozen=True, slots=True)
class Demanded:
    """Restriction to images that show an item."""

    item: Resolved


@dataclass(frozen=True, slots=True)
class All:
    """Soft conjunction of items."""

    items: tuple[Resolved, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Disjunction: the likeliest of the items."""

    items: tuple[Resolved, ...]


Resolved: TypeAlias = Term | Filter | Scoped | Like | Counted | Negated | Weaker | Demanded | All | AnyOf


def tags_in(query: Resolved) -> set[str]:
    """Return all tags that answer its words."""
    if isinstance(query, Term):
        return {*query.names, *query.members}
    if isinstance(query, Filter | Like | Counted):
        return set()
    items = (query.item,) if isinstance(query, Negated | Weaker | Demanded | Scoped) else query.items
    return {tag for item in items for tag in tags_in(item)}


def ranks(query: Resolved) -> bool:
    """Return True if anything in it ranks results; conditions alone do not."""
    if isinstance(query, Term | Scoped | Like | Counted):
        return True
    if isinstance(query, Filter):
        return False
    items = (query.item,) if isinstance(query, Negated | Weaker | Demanded) else query.items
    return any(map(ranks, items))


def words_in(query: Resolved) -> int:
    """Return the number of words that a score averages, without excluded ones; 0 for conditions and likeness alone."""
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
    """Return the query without conditions beside its words; itself if there are none."""
    if not isinstance(query, All) or all(map(ranks, query.items)) or not ranks(query):
        return query
    items = tuple(item for item in query.items if ranks(item))
    return items[0] if len(items) == 1 else All(items)


def without_less(query: Resolved) -> Resolved:
    """Return a disjunction without the words that count less than the others; itself if there are none."""
    if not isinstance(query, AnyOf):
        return query
    items = tuple(item for item in query.items if not (isinstance(item, Weaker) and ranks(item)))
    return query if len(items) in (0, len(query.items)) else items[0] if len(items) == 1 else AnyOf(items)


def reasons(query: Resolved) -> dict[str, frozenset[str]]:
    """Return the words that a result can be found by, and the tags that answer each; without excluded words."""
    if isinstance(query, Term):
        texts = (key(phrase) for phrase in (*query.texts, *query.loose))
        return {query.word: frozenset((*query.names, *query.members, *texts))} if query.word else {}
    if isinstance(query, Negated | Filter | Like | Counted):
        return {}
    items = (query.item,) if isinstance(query, Demanded | Scoped | Weaker) else query.items
    return {word: tags for item in items for word, tags in reasons(item).items()}
