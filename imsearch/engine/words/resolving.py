"""Resolve the tree of a query: words to tags, conditions to images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from imsearch.engine.query.tree import And, By, Condition, Everything, Fact, Less, Node, Not, Number, Or, Required, Word
from imsearch.engine.query.tree import Like as LikeNode
from imsearch.engine.words.resolved import (
    All,
    AnyOf,
    Counted,
    Demanded,
    Filter,
    Like,
    Negated,
    Resolved,
    Scoped,
    Term,
    Weaker,
    ranks,
)
from imsearch.engine.words.text_words import Written, nowhere
from imsearch.engine.words.vocabulary import SEPARATOR
from imsearch.engine.words.words import Words

LESS = 0.3
"""Weight of the single words of a tag beside the tag itself: that of a related tag."""


class Conditions(Protocol):
    """Lookup of conditions; implemented by `imsearch.engine.search.filters.Filters`."""

    def find(self, node: Condition | By | Everything) -> Filter:
        """Return the images that meet a condition."""

    def like(self, node: LikeNode) -> Like:
        """Return the images similar to a picture."""

    def counted(self, value: int, things: Sequence[str]) -> Counted | None:
        """Return how likely pictures show a number of the first countable thing among these; None if there is none."""

    def scoped(self, item: Resolved, by: By) -> Scoped:
        """Return the words of a group restricted to this source."""


def resolve(
    words: Words, query: Node, conditions: Conditions | None = None, written: Written = nowhere
) -> tuple[Resolved | None, tuple[str, ...]]:
    """Return the query in terms of tags and images, and the unknown words.

    A word is unknown when it is neither in the lexicon nor a tag of any image, nor written anywhere.  It cannot rank
    pictures, so it is dropped; None is returned when no word remains.  conditions: looks up conditions, if there are
    any.  written: returns True for a word written of any picture.
    """
    walk = Resolving(words, conditions, query, written)
    return walk.whole(query), tuple(dict.fromkeys(walk.unknown))


class Resolving:
    """One traversal.  `unknown` collects the words that no tag answers."""

    def __init__(self, words: Words, conditions: Conditions | None, query: Node, written: Written) -> None:
        self._words = words
        self._written = written
        self._conditions = conditions
        # Words such as "pictures" and "of" count when there is nothing else.
        self._fillers = not all(isinstance(leaf, Word) and words.is_filler(leaf) for leaf in _leaves(query))
        self.unknown: list[str] = []

    def whole(self, query: Node) -> Resolved | None:
        """Resolve the query; None when all of its words are unknown or ignored."""
        return self.node(And((query,)) if isinstance(query, Word) else query)

    def node(self, node: Node) -> Resolved | None:
        """Resolve a node; None when all of its words are unknown or ignored."""
        if isinstance(node, Word):
            return self._word(node)
        if isinstance(node, Not):
            item = self.node(node.item)
            return None if item is None else Negated(item)
        if isinstance(node, Required):
            # An unknown word that is required matches nothing, unlike an optional one.
            item = self.node(node.item) or Term("", ())
            return Demanded(item) if ranks(item) else item
        if isinstance(node, Less):
            return self._less(node.item)
        if isinstance(node, Number):
            return self._number(node)
        if isinstance(node, Fact):
            return self._fact(node)
        if isinstance(node, And):
            return self._group(node)
        if isinstance(node, Or):
            parts = self._parts(node.items)
            return parts[0] if len(parts) == 1 else AnyOf(tuple(parts)) if parts else None
        if self._conditions is None:
            raise TypeError(f"{node} needs a library to be looked up in")
        return self._conditions.like(node) if isinstance(node, LikeNode) else self._conditions.find(node)

    def _less(self, group: And) -> Weaker | None:
        """Resolve the single words of a tag, which may be unknown, without joining them again."""
        unknown = list(self.unknown)
        item = _all(self._parts(group.items))
        self.unknown = unknown
        return None if item is None else Weaker(item, LESS)

    def _fact(self, fact: Fact) -> Resolved | None:
        """Resolve a fact, together with tags and texts of the same name."""
        if self._conditions is None:
            return None if fact.words is None else self.node(fact.words)
        found = self._conditions.find(fact.condition)
        unknown = list(self.unknown)
        said = None if fact.words is None else self.node(fact.words)
        self.unknown = unknown
        if said is None or not ranks(said) or not self._words.finds(said):
            return found
        either = AnyOf((said, found if fact.weight == 1 else Weaker(found, fact.weight)))
        return Demanded(either) if fact.surely else either

    def _word(self, word: Word) -> Resolved | None:
        if self._fillers and self._words.is_filler(word):
            return None
        term = self._words.term(word, self._written)
        if term is None:
            self.unknown.append(word.typed)
        return term

    def _number(self, number: Number) -> Resolved | None:
        """Resolve a number by the vectors of pictures if a model can count the thing, else by a tag such as "two"."""
        seen = None if self._conditions is None else self._conditions.counted(number.value, number.things)
        term = self._words.term(number.word, self._written)
        if seen is None:
            # Captions, from which such tags are learned, say "one" of anything: "this one", "one of them".
            tagged = number.value > 1 and term is not None and any(map(self._words.of_kind, term.names))
            return term if tagged else None
        return seen if term is None or not term.texts else AnyOf((Term(term.word, (), {}, term.texts), seen))

    def _group(self, group: And) -> Resolved | None:
        """Resolve adjacent words; a source among them restricts the others."""
        sources = [item for item in group.items if isinstance(item, By)]
        words = tuple(item for item in group.items if not isinstance(item, By))
        together = _all(self._parts(self._words.join(words)))
        if self._conditions is None or not sources:
            return together
        if together is None or not ranks(together):
            beside = [] if together is None else [together]
            return _all([*beside, *map(self._conditions.find, sources)])
        return _all([self._conditions.scoped(together, source) for source in sources])

    def _parts(self, items: tuple[Node, ...] | list[Node]) -> list[Resolved]:
        return [part for item in items if (part := self.node(item)) is not None]


def _all(parts: list[Resolved]) -> Resolved | None:
    flat = [each for part in parts for each in (part.items if isinstance(part, All) else (part,))]
    return flat[0] if len(flat) == 1 else All(tuple(flat)) if flat else None


def plain_words(node: Node) -> list[Word]:
    """Return the plain words, which have a meaning together.

    Without those that are excluded, required, alternatives, in a namespace, or restricted to a source.
    """
    if isinstance(node, And):
        scoped = any(isinstance(item, By) for item in node.items)
        return [] if scoped else [word for item in node.items for word in plain_words(item)]
    if isinstance(node, Fact) and node.weight < 1 and node.words is not None:
        # A landscape is more than an aspect ratio.
        node = node.words.items[0] if isinstance(node.words, Or) else node.words
    plain = isinstance(node, Word) and not (node.exact or node.match or SEPARATOR in node.text)
    return [node] if isinstance(node, Word) and plain else []


def _leaves(node: Node) -> list[Node]:
    if isinstance(node, Not | Required):
        return _leaves(node.item)
    if isinstance(node, And | Or):
        return [leaf for item in node.items for leaf in _leaves(item)]
    return [node]
