"""Keys that are not conditions: the text after them becomes a node of its own, or the order of the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from imsearch.engine.query.tree import By, Like, Sort
from imsearch.keys import And, Key, Order, Predicate


class Orders(Protocol):
    """Orders of results."""

    @property
    def orders(self) -> Mapping[str, Order]:
        """Orders by name."""

    def order(self, name: str) -> Order | None:
        """Return an order by its name; None if there is none."""


def _all(value: object) -> Predicate:
    """Return the predicate that every picture meets."""
    return And(())


@dataclass(frozen=True, kw_only=True)
class Special(Key):
    """A key that is not a condition.

    node: makes a node from the text after the colon, its position in the query, and the available orders; raises
    `BadValue`.
    """

    read: Callable[[str], Any] = field(default=str, compare=False)
    predicate: Callable[[Any], Predicate] = field(default=_all, compare=False)
    node: Callable[[str, int, Orders], By | Like | Sort] = field(compare=False)
