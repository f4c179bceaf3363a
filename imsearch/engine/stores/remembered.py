"""A cache of results for one state of a catalog, kept until the catalog changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from imsearch.engine.stores.derived import State

T = TypeVar("T")


class Remembered:
    """Keeps one value a key.  Several threads may use one; two may make the same value at once."""

    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state
        self._known: dict[Hashable, tuple[State, object]] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the result of `make` for the present state, cached until the catalog changes.

        key: names what is made, and what it depends on beside the catalog.
        """
        state = self._state()
        known = self._known.get(key)
        if known is None or known[0] != state:
            known = self._known[key] = state, make()
        return cast(T, known[1])
