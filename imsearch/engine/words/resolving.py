"""A query on its way from words and conditions to tags and images: walks the tree."""

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
"""How much the words of a tag count one by one beside the tag itself: as a related tag does."""


class Conditions(Protocol):
    """What looks up the parts of a query that are so or not; `imsearch.engine.stores.sql.conditions.Filters` does."""

    def find(self, node: Condition | By | Everything) -> Filter:
        """The images of which this is true."""

    def like(self, node: LikeNode) -> Like:
        """What looks like a picture."""

    def counted(self, value: int, things: Sequence[str]) -> Counted | None:
        """How likely pictures show so many of the first of these that can be counted; None where none can."""

    def scoped(self, item: Resolved, by: By) -> Scoped:
        """The words of a group as far as this source said them."""


def resolve(
    words: Words, query: Node, conditions: Conditions | None = None, written: Written = nowhere
) -> tuple[Resolved | None, tuple[str, ...]]:
    """Return the query in terms of tags and images, and the words nobody knows.

    A word is unknown when neither the lexicon nor any image has heard of it, nor anybody wrote it.  No picture can be
    judged by it, so it is left out; None is left when no word remains.  conditions: looks up what is no word, where
    there is any.  written: whether somebody wrote a word of any picture.
    """
    walk = Resolving(words, conditions, query, written)
    return walk.whole(query), tuple(dict.fromkeys(walk.unknown))


class Resolving:
    """One walk.  `unknown` gathers the words that no tag answers."""

    def __init__(self, words: Words, conditions: Conditions | None, query: Node, written: Written) -> None:
        self._words = words
        self._written = written
        self._conditions = conditions
        # Words such as "pictures" and "of" count when they are all there is.
        self._fillers = not all(isinstance(leaf, Word) and words.is_filler(leaf) for leaf in _leaves(query))
        self.unknown: list[str] = []

    def whole(self, query: Node) -> Resolved | None:
        """What the query comes to; None when all of its words are unknown or do not count."""
        return self.node(And((query,)) if isinstance(query, Word) else query)

    def node(self, node: Node) -> Resolved | None:
        """What this part comes to; None when all of its words are unknown or do not count."""
        if isinstance(node, Word):
            return self._word(node)
        if isinstance(node, Not):
            item = self.node(node.item)
            return None if item is None else Negated(item)
        if isinstance(node, Required):
            # What is required and unknown is nowhere, unlike a word that is merely wished for.
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
        """The words of a tag one by one, which nobody needs to know; not joined again."""
        unknown = list(self.unknown)
        item = _all(self._parts(group.items))
        self.unknown = unknown
        return None if item is None else Weaker(item, LESS)

    def _fact(self, fact: Fact) -> Resolved | None:
        """What is so, and beside it what is called so by a tag or in what people wrote."""
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
        """By the looks of pictures where a model can count the thing, else by a tag such as "two"; never unknown."""
        seen = None if self._conditions is None else self._conditions.counted(number.value, number.things)
        term = self._words.term(number.word, self._written)
        if seen is None:
            # Captions, of which such tags are learned, say "one" of anything: "this one", "one of them".
            tagged = number.value > 1 and term is not None and any(map(self._words.of_kind, term.names))
            return term if tagged else None
        return seen if term is None or not term.texts else AnyOf((Term(term.word, (), {}, term.texts), seen))

    def _group(self, group: And) -> Resolved | None:
        """Words side by side; a source among them says whose words count."""
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
    """The words side by side, which have a sense together.

    None that is excluded, required, one of several, or of a namespace, nor those of one source.
    """
    if isinstance(node, And):
        scoped = any(isinstance(item, By) for item in node.items)
        return [] if scoped else [word for item in node.items for word in plain_words(item)]
    if isinstance(node, Fact) and node.weight < 1 and node.words is not None:
        # A landscape is more than a shape.
        node = node.words.items[0] if isinstance(node.words, Or) else node.words
    plain = isinstance(node, Word) and not (node.exact or node.match or SEPARATOR in node.text)
    return [node] if isinstance(node, Word) and plain else []


def _leaves(node: Node) -> list[Node]:
    if isinstance(node, Not | Required):
        return _leaves(node.item)
    if isinstance(node, And | Or):
        return [leaf for item in node.items for leaf in _leaves(item)]
    return [node]
