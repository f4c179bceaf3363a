"""Relax a query without results: choose the parts to drop.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from imsearch.engine.query.tree import (
    And,
    By,
    Condition,
    Everything,
    Fact,
    Less,
    Like,
    Node,
    Not,
    Number,
    Or,
    Required,
    Word,
)
from imsearch.records import Relaxed

if TYPE_CHECKING:
    from imsearch.engine.search.answer import Answer
    from imsearch.engine.words.words import Words

Kind: TypeAlias = Literal["word", "condition", "excluded"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a query that can be dropped, as typed."""

    node: Node
    text: str
    kind: Kind


class Settled(NamedTuple):
    """The result of the whole query, the result given in its place, mostly the same, and the dropped parts."""

    whole: Answer
    answer: Answer
    relaxed: Relaxed | None = None


def settle(whole: Answer, tree: Node, words: Words, find: Callable[[Node], Answer], min_score: float | None) -> Settled:
    """Answer as much of a query as lists something, if the whole lists nothing.

    find: answers any query.  min_score: the end of lists; None for the cut-off of relevance.
    """
    parts, fixed = parts_of(tree, words.join)
    parts = [part for part in parts if not (isinstance(part.node, Word) and words.is_filler(part.node))]
    found: dict[tuple[Part, ...], Answer] = {}

    def answer(some: Sequence[Part]) -> Answer:
        key = tuple(some)
        if key not in found:
            found[key] = find(And((*(part.node for part in some), *fixed)))
        return found[key]

    def finds(some: Sequence[Part]) -> int:
        each = answer(some)
        return each.count(each.cut if min_score is None else min_score)

    known = [part for part in parts if answer([part]).query is not None] if len(parts) > 1 else []
    kept = relax(known, finds) if len(known) > 1 else None
    if kept is None:
        return Settled(whole, whole)
    typed_as = {meaning: typed for typed, meaning in whole.understood}  # "last summer", and not its meaning

    def told(some: Iterable[Part]) -> tuple[str, ...]:
        return tuple(typed_as.get(each.text, each.text) if each.kind == "condition" else each.text for each in some)

    gone = told(part for part in known if part not in kept)
    if not gone:  # without filler words ("a", "in") it lists something, and no word was dropped
        return Settled(whole, answer(kept))
    conditions = told(part for part in known if part.kind == "condition")
    return Settled(whole, answer(kept), Relaxed(told(known), gone, conditions, len(whole)))


def parts_of(tree: Node, join: Callable[[tuple[Node, ...]], Sequence[Node]]) -> tuple[list[Part], list[Node]]:
    """Return the parts of a query that can be dropped, and those that always stay: restrictions to a source.

    join: joins words that are a unit.  A thing and its colour are separate here, so that one of them may stay.
    """
    items = tree.items if isinstance(tree, And) else (tree,)
    fixed: list[Node] = [item for item in items if isinstance(item, By | Everything)]
    joined = join(tuple(item for item in items if not isinstance(item, By | Everything)))
    nodes = [node for item in joined for node in _apart(item)]
    return [Part(node, typed(node), _kind(node)) for node in _counted(nodes)], fixed


def relax(parts: Sequence[Part], finds: Callable[[Sequence[Part]], int]) -> list[Part] | None:
    """Drop the parts that keep a query from finding anything, and return the rest; None if that does not help.

    finds: returns how many pictures some of the parts list together.  Parts that find nothing on their own are dropped
    first, the last of them first; then conditions, if the words alone find something; then words; exclusions last.  Of
    several candidates the one that finds least is dropped.
    """
    kept = list(parts)
    alone = {part: finds([part]) for part in parts if part.kind != "excluded"}
    if not any(alone.values()):
        return None
    while not finds(kept):
        nowhere = [part for part in kept if alone.get(part) == 0]
        pool = nowhere or _to_blame(kept, finds)
        if not pool or len(kept) == 1:
            return None
        kept.remove(min(reversed(pool), key=lambda part: alone.get(part, 0)))
    return kept


def _to_blame(kept: Sequence[Part], finds: Callable[[Sequence[Part]], int]) -> list[Part]:
    """Return the parts of which one is to be dropped next."""
    words, conditions, excluded = ([p for p in kept if p.kind == kind] for kind in ("word", "condition", "excluded"))
    if words and conditions and finds([part for part in kept if part.kind != "condition"]):
        return conditions
    several = words if words else conditions
    return several if len(several) > 1 else excluded or conditions


def typed(node: Node) -> str:
    """Return a part of a query in the form in which it could have been typed."""
    if isinstance(node, Word):
        text = f'"{node.typed}"' if " " in node.text else node.typed
        return f"tag:{text}" if node.exact else text
    if isinstance(node, Not | Required):
        return f"{'-' if isinstance(node, Not) else '+'}{typed(node.item)}"
    if isinstance(node, And) and isinstance(node.items[0], Number):
        number, thing = map(typed, node.items)
        return number if thing in number.split() else f"{number} {thing}"
    if isinstance(node, And | Or):
        return f"({(' OR ' if isinstance(node, Or) else ' ').join(map(typed, node.items))})"
    if isinstance(node, Less):
        return typed(node.item)
    if isinstance(node, Number):
        return node.word.typed
    if isinstance(node, Fact):
        return node.condition.text
    if isinstance(node, Condition):
        return node.text
    return f"like:{node.target}" if isinstance(node, Like) else f"by:{node.source}" if isinstance(node, By) else ""


def _counted(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield a number together with the item it counts."""
    rest = iter(nodes)
    for node in rest:
        thing = next(rest, None) if isinstance(node, Number) else None
        yield node if thing is None else And((node, thing))


def _apart(node: Node) -> tuple[Node, ...]:
    """Return the words of a thing and its colour one by one."""
    less = node.items[-1] if isinstance(node, Or) else None
    return less.item.items if isinstance(less, Less) else (node,)


def _kind(node: Node) -> Kind:
    if isinstance(node, Not):
        return "excluded"
    return "condition" if isinstance(node, Condition | Fact) else "word"
