"""Keys that are no conditions: what stands behind them becomes a node of its own, or the order of the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from imsearch.engine.query.tree import By, Like, Sort
from imsearch.keys import And, Key, Order, Predicate


class Orders(Protocol):
    """The orders that results can have."""

    @property
    def orders(self) -> Mapping[str, Order]:
        """Every order by its name."""

    def order(self, name: str) -> Order | None:
        """Return an order by its name; None where there is none."""


def _all(value: object) -> Predicate:
    """Say that every picture will do."""
    return And(())


@dataclass(frozen=True, kw_only=True)
class Special(Key):
    """A key that is no condition.

    node: makes a node of the text behind the colon, where that text starts in the query, and the orders there are;
    raises `BadValue`.
    """

    read: Callable[[str], Any] = field(default=str, compare=False)
    predicate: Callable[[Any], Predicate] = field(default=_all, compare=False)
    node: Callable[[str, int, Orders], By | Like | Sort] = field(compare=False)
