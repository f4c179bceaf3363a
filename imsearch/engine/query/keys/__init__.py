"""The keys of the query language: each module of this folder is one, and is found by being here.

`KEYS` are those that come with imsearch; `Keys.beside` adds those of plugins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules

from imsearch.keys import Facet, Key, Order

_FIRST = ("tag", "by", "like", "sort")
"""Those that are no mere conditions are told first, the others by alphabet."""
_FACETS = ("tag", "emotion", "year", "country", "city", "camera", "type", "annotator", "folder")
_SORTS = (
    "-date",
    "date",
    "-rating",
    "name",
    "-size",
    "size",
    "score",
    "rating",
    "-name",
    "-score",
    "-valence",
    "valence",
)
"""What most want comes first; what is not named here follows in the order of the keys."""


class Keys:
    """The keys that a library understands, by name; unchangeable, and compared by identity."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key.name: key for key in keys}

    def beside(self, others: Iterable[Key]) -> Keys:
        """Return these and others, whose names are others."""
        added = tuple(others)
        return Keys((*self._keys.values(), *added)) if added else self

    def __getitem__(self, name: str) -> Key:
        return self._keys[name]

    def __contains__(self, name: object) -> bool:
        return name in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    @cached_property
    def facets(self) -> Mapping[str, tuple[Key, Facet]]:
        """Every facet by its name, with the key that makes a condition of a value; in the order in which they stand."""
        found = {facet.name: (key, facet) for key in self._keys.values() for facet in key.facets}
        return {name: found[name] for name in _in_order(found, _FACETS)}

    @cached_property
    def told_facets(self) -> tuple[Facet, ...]:
        """The facets that are counted in results."""
        return tuple(facet for _, facet in self.facets.values() if facet.title)

    @cached_property
    def orders(self) -> Mapping[str, Order]:
        """Every order by its name."""
        found = {order.name: order for key in self._keys.values() for order in key.orders}
        return {name: found[name] for name in _in_order(found, (each.removeprefix("-") for each in _SORTS))}

    def values(self, name: str) -> tuple[tuple[str, str], ...]:
        """The fixed values of a key, each with a hint, the likeliest first; empty for a key with any others."""
        return self._sorts if name == "sort" else self._keys[name].values

    @cached_property
    def _sorts(self) -> tuple[tuple[str, str], ...]:
        hints: dict[str, str] = {}
        for order in self.orders.values():
            hints |= {f"-{order.name}": order.down, order.name: order.up}
        return tuple((name, hints[name]) for name in _in_order(hints, _SORTS))

    @property
    def taken(self) -> frozenset[str]:
        """All names that keys, facets and orders of plugins must not have."""
        return frozenset((*self._keys, *self.facets, *self.orders))


def _in_order(names: Iterable[str], first: Iterable[str]) -> list[str]:
    """Return the names, those that are named first in that order."""
    wanted = dict.fromkeys(first)
    known = dict.fromkeys(names)
    return [*(name for name in wanted if name in known), *(name for name in known if name not in wanted)]


def _shipped() -> Keys:
    names = sorted(module.name for module in iter_modules(__path__))
    keys: list[Key] = [import_module(f"{__name__}.{name}").KEY for name in names]
    return Keys(sorted(keys, key=lambda key: _FIRST.index(key.name) if key.name in _FIRST else len(_FIRST)))


KEYS = _shipped()
"""The keys that come with imsearch."""
